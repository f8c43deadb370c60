#include "prox/config/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace prox::config {

const Action* Config::find_action(std::string_view name) const {
  const auto found = std::find_if(actions.begin(), actions.end(),
                                  [&](const Action& action) { return action.name.value == name; });
  return found == actions.end() ? nullptr : &*found;
}

const Resource* Config::find_resource(std::string_view name) const {
  const auto found = std::find_if(resources.begin(), resources.end(),
                                  [&](const Resource& r) { return r.name.value == name; });
  return found == resources.end() ? nullptr : &*found;
}

std::string default_pid_file(const std::string& prefix, bool is_root, const char* runtime_dir) {
  if (!prefix.empty()) return fmt::format("{}{}prox.pid", prefix, prefix.ends_with('/') ? "" : "/");
  if (is_root) return "/run/prox.pid";
  if (runtime_dir != nullptr && runtime_dir[0] == '/')
    return fmt::format("{}/prox.pid", runtime_dir);
  return {};
}

std::string pid_file_path(const Process& process, const std::string& prefix) {
  if (process.pid_file) return process.pid_file->value;
  return default_pid_file(prefix, geteuid() == 0, std::getenv("XDG_RUNTIME_DIR"));
}

}  // namespace prox::config
