#include <algorithm>

#include "config/read_parts.h"

// The blocks of the root file that concern prox itself, and the plugin registry.
namespace prox::config {

void read_plugin(const Fields& plugin, Plugin& to) {
  plugin.read("path", to.path);
  plugin.read("autostart", to.autostart);
  plugin.read("on_failure", to.on_failure);
  plugin.read("startup_timeout", to.startup_timeout);
}

void read_process(const Fields& process, Process& to) {
  process.read("workers", to.workers);
  process.read("user", to.user);
  process.read("group", to.group);
  process.read("pid_file", to.pid_file);
  process.read("shutdown_timeout", to.shutdown_timeout);
  process.read("drain_timeout", to.drain_timeout);
  process.read("rlimit_nofile", to.rlimit_nofile);
  process.read("max_hung", to.max_hung);
  process.read("max_peeking", to.max_peeking);
  process.read("max_compressing", to.max_compressing);
  if (!to.pid_file || !to.pid_file->written.value.empty()) return;
  process.context().diagnostics.error("pid-file", to.pid_file->written.place,
                                      "pid_file is empty; leave the key out for its default");
  to.pid_file.reset();
}

void read_logging(const Fields& logging, Logging& to) {
  read_access_log(logging, to.access_log);
  logging.read("error_log", to.error_log);
  logging.read("format", to.format);
  logging.read("query", to.query);
  Text level;
  if (!logging.read("level", level)) return;
  std::string& lower = to.level.emplace(level.value);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (lower == "warning") lower = "warn";
}

void read_admin(const Fields& admin, Admin& to) {
  admin.read("listen", to.listen);
  admin.read("token", to.token);
}

}  // namespace prox::config
