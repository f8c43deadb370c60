#include "prox/worker/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "catch.h"

using prox::worker::Credentials;
using prox::worker::drop_privileges;

namespace {

// Runs the check in a process of its own, since what is dropped is gone; true if it holds there.
bool holds_in_child(const std::function<bool()>& check) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(check() ? 0 : 1);
  int status = 1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("a process that stays who it is still loses what it could gain") {
  CHECK(holds_in_child([] {
    return drop_privileges({}) && ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
           ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
  }));
}

TEST_CASE("the descriptor limit is the one asked for, else the hard one") {
  CHECK(holds_in_child([] {
    Credentials credentials;
    credentials.rlimit_nofile = 100;
    rlimit limit{};
    return drop_privileges(credentials) && ::getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
           limit.rlim_cur == 100 && limit.rlim_max == 100;
  }));
  CHECK(holds_in_child([] {
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    before.rlim_cur = 50;
    rlimit after{};
    return ::setrlimit(RLIMIT_NOFILE, &before) == 0 && drop_privileges({}) &&
           ::getrlimit(RLIMIT_NOFILE, &after) == 0 && after.rlim_cur == before.rlim_max;
  }));
}

TEST_CASE("root becomes the user for good, with that user's groups only") {
  if (::geteuid() != 0) return;  // only root can change
  const passwd* nobody = ::getpwnam("nobody");
  REQUIRE(nobody != nullptr);
  Credentials credentials;
  credentials.user = nobody->pw_uid;
  credentials.group = nobody->pw_gid;
  credentials.user_name = "nobody";
  CHECK(holds_in_child([&] {
    const gid_t root_group = 0;
    if (::setgroups(1, &root_group) == -1 || !drop_privileges(credentials)) return false;
    gid_t groups[64];
    const int count = ::getgroups(64, groups);
    for (int i = 0; i < count; ++i) {
      if (groups[i] == root_group) return false;
    }
    return ::getuid() == nobody->pw_uid && ::geteuid() == nobody->pw_uid &&
           ::getgid() == nobody->pw_gid && ::setuid(0) == -1 && ::access("/etc/shadow", R_OK) == -1;
  }));
}

TEST_CASE("who is not root cannot become somebody else, and is told") {
  CHECK(holds_in_child([] {
    if (::geteuid() == 0 && (::setgid(65534) == -1 || ::setuid(65534) == -1)) return false;
    Credentials credentials;
    credentials.user = 1;
    const auto dropped = drop_privileges(credentials);
    return !dropped && dropped.error().context == "setting the user" &&
           dropped.error().sys_errno != 0;
  }));
}
