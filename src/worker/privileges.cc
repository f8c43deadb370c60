#include "prox/worker/privileges.h"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

#include "prox/base/log.h"

namespace prox::worker {

namespace {

using base::Result;
using base::Unexpected;

Unexpected failed(std::string_view context) { return Unexpected{base::from_errno(context)}; }

Unexpected ineffective(std::string_view context) {
  return Unexpected{base::Error{base::Errc::SystemCall, base::Side::Internal, false, 0, context}};
}

Result<void> raise_descriptor_limit(const Credentials& credentials) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == -1) return failed("reading the descriptor limit");
  const rlim_t most = limit.rlim_max;
  const rlim_t wanted = credentials.rlimit_nofile.value_or(most);
  limit = {wanted, wanted};
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return {};
  // Not everyone may go above the hard limit (a container without CAP_SYS_RESOURCE): serving with what there is beats not serving.
  if (errno != EPERM || wanted <= most)
    return failed("setting the descriptor limit (process.rlimit_nofile)");
  base::log::warn("the descriptor limit cannot be raised so far: process.rlimit_nofile",
                  {{"wanted", wanted}, {"limit", most}});
  limit = {most, most};
  if (::setrlimit(RLIMIT_NOFILE, &limit) == -1) return failed("setting the descriptor limit");
  return {};
}

// Supplementary groups first: only root may change them, and root is what setuid gives up.
Result<void> change_group(const Credentials& credentials) {
  if (!credentials.group) return {};
  const gid_t group = *credentials.group;
  if (credentials.user && !credentials.user_name.empty()) {
    if (::initgroups(credentials.user_name.c_str(), group) == -1)
      return failed("setting the supplementary groups");
  } else if (::setgroups(1, &group) == -1) {
    return failed("setting the supplementary groups");
  }
  if (::setresgid(group, group, group) == -1) return failed("setting the group");
  gid_t real = 0, effective = 0, saved = 0;
  if (::getresgid(&real, &effective, &saved) == -1) return failed("reading the group");
  if (real != group || effective != group || saved != group)
    return ineffective("setting the group");
  return {};
}

Result<void> change_user(const Credentials& credentials) {
  if (!credentials.user) return {};
  const uid_t user = *credentials.user;
  if (::setresuid(user, user, user) == -1) return failed("setting the user");
  uid_t real = 0, effective = 0, saved = 0;
  if (::getresuid(&real, &effective, &saved) == -1) return failed("reading the user");
  if (real != user || effective != user || saved != user) return ineffective("setting the user");
  if (user != 0 && ::setuid(0) == 0) return ineffective("giving up root");
  return {};
}

Result<void> restrict_process() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) return failed("setting no-new-privileges");
  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
    return ineffective("setting no-new-privileges");
  // Keys and clients' data are in this memory: no ptrace by another process of the same user, no core file.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1) return failed("making the process not dumpable");
  return {};
}

}  // namespace

Result<void> drop_privileges(const Credentials& credentials) {
  return raise_descriptor_limit(credentials)
      .and_then([&] { return change_group(credentials); })
      .and_then([&] { return change_user(credentials); })
      .and_then([] { return restrict_process(); });
}

}  // namespace prox::worker
