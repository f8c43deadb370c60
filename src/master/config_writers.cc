#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "prox/master/environment.h"

namespace prox::master {

namespace {

using Role = config::WatchedPath::Role;

// Whom workers run as, as far as rights to files go.
struct Identity {
  uid_t user;
  std::vector<gid_t> groups;
};

std::vector<gid_t> groups_of(const worker::Credentials& credentials) {
  const gid_t first = credentials.group.value_or(::getegid());
  if (credentials.user_name.empty()) return {first};
  int count = 16;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  // Tells how many there are, if they are more than there is room for.
  while (::getgrouplist(credentials.user_name.c_str(), first, groups.data(), &count) == -1)
    groups.resize(static_cast<std::size_t>(count));
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

bool can_write(const struct stat& status, const Identity& identity) {
  if (status.st_uid == identity.user) return (status.st_mode & S_IWUSR) != 0;
  // With the sticky bit only owners replace what is in a directory.
  if (S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0) return false;
  const auto& groups = identity.groups;
  const bool is_member = std::find(groups.begin(), groups.end(), status.st_gid) != groups.end();
  return (status.st_mode & (is_member ? S_IWGRP : S_IWOTH)) != 0;
}

}  // namespace

void warn_of_writers(const std::vector<config::WatchedPath>& paths,
                     const worker::Credentials& credentials, config::Diagnostics& diagnostics) {
  if (!credentials.user) return;
  const Identity identity{*credentials.user, groups_of(credentials)};
  std::set<std::string> seen;
  const auto check = [&](const std::string& path, std::string_view what, mode_t type) {
    struct stat status {};
    if (!seen.insert(path).second || ::stat(path.c_str(), &status) == -1) return;
    if ((status.st_mode & S_IFMT) != type || !can_write(status, identity)) return;
    config::Diagnostic& warning =
        diagnostics.warning("config-permissions", {},
                            fmt::format("{} \"{}\" can be written by \"{}\", whom workers run as",
                                        what, path, credentials.user_name),
                            "take that away with chown or chmod");
    warning.has_place = false;
  };
  for (const config::WatchedPath& path : paths) {
    if (path.role == Role::ConfigDirectory) check(path.path, "config directory", S_IFDIR);
    if (path.role != Role::ConfigFile) continue;
    check(path.path, "config", S_IFREG);
    const std::string directory = std::filesystem::path(path.path).parent_path().string();
    check(directory.empty() ? "." : directory, "config directory", S_IFDIR);
  }
}

}  // namespace prox::master
