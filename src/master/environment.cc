#include "prox/master/environment.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <fmt/format.h>

#include "master/addresses.h"
#include "master/cpus.h"
#include "prox/version.h"

namespace prox::master {

namespace {

void add_missing(config::Diagnostics& diagnostics, config::Purpose purpose, std::string_view id,
                 const std::optional<config::Text>& where, std::string message) {
  if (!where) {
    if (purpose == config::Purpose::Serve)
      diagnostics.error(id, std::move(message), "set process.user");
  } else if (purpose == config::Purpose::Serve) {
    diagnostics.error(id, where->place, std::move(message));
  } else {
    diagnostics.warning(id, where->place, std::move(message));
  }
}

std::optional<gid_t> find_group(const config::Text& group, config::Purpose purpose,
                                config::Diagnostics& diagnostics) {
  const struct group* found = ::getgrnam(group.value.c_str());
  if (found != nullptr) return found->gr_gid;
  add_missing(diagnostics, purpose, "group-unknown", group,
              fmt::format("no group is named \"{}\"", group.value));
  return std::nullopt;
}

worker::Credentials find_credentials(const config::Process& process, config::Purpose purpose,
                                     config::Diagnostics& diagnostics) {
  worker::Credentials credentials;
  if (process.rlimit_nofile)
    credentials.rlimit_nofile = static_cast<std::uint64_t>(*process.rlimit_nofile);
  const bool is_root = ::geteuid() == 0;
  if (!is_root && !process.user && !process.group) return credentials;

  const std::string name = process.user ? process.user->value : std::string(kDefaultUser);
  const passwd* user = ::getpwnam(name.c_str());
  if (user == nullptr)
    add_missing(diagnostics, purpose, "user-unknown", process.user,
                fmt::format("no user is named \"{}\"", name));
  std::optional<gid_t> group =
      process.group ? find_group(*process.group, purpose, diagnostics) : std::nullopt;
  if (!is_root) {
    // Who runs as that user already has what was asked for.
    const bool is_already =
        user != nullptr && user->pw_uid == ::geteuid() && (!group || *group == ::getegid());
    const config::Text& first = process.user ? *process.user : *process.group;
    if (!is_already)
      diagnostics.warning("user-unused", first.place,
                          "user and group have no effect: prox was not started as root");
    return credentials;
  }
  if (user != nullptr) {
    credentials.user = user->pw_uid;
    credentials.user_name = name;
    credentials.group = group ? group : user->pw_gid;
  }
  return credentials;
}

}  // namespace

Environment examine(const config::Config& config, config::Purpose purpose,
                    std::optional<std::size_t> workers, config::Diagnostics& diagnostics) {
  Environment environment;
  if (workers) {
    environment.workers = *workers;
  } else if (config.process.workers) {
    environment.workers = static_cast<std::size_t>(*config.process.workers);
  } else {
    environment.workers = usable_cpus();
  }
  environment.credentials = find_credentials(config.process, purpose, diagnostics);
  environment.addresses = resolve_addresses(config, purpose, diagnostics);
  diagnostics.sort();
  return environment;
}

}  // namespace prox::master
