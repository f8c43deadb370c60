#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include "config/rules.h"

// Files and directories that must be there when prox runs.
namespace prox::config {
namespace {

void check_serve(const Rules& rules, const ServeAction& serve) {
  const Path& path = serve.root ? *serve.root : *serve.file;
  struct stat status {};
  std::string fault;
  if (stat(path.resolved.c_str(), &status) == -1) {
    fault = errno == ENOENT || errno == ENOTDIR ? "does not exist"
                                                : std::generic_category().message(errno);
  } else if (serve.root && !S_ISDIR(status.st_mode)) {
    fault = "is not a directory";
  } else if (serve.file && !S_ISREG(status.st_mode)) {
    fault = "is not a regular file";
  }
  if (fault.empty()) return;
  rules.context.environment("serve-missing", path.written.place,
                            fmt::format("\"{}\" {}", path.written.value, fault));
}

std::string holder_of(const std::string& path) {
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  return directory.empty() ? "." : directory.string();
}

// Without making the file: a check leaves no trace.
void check_log(const Rules& rules, const Path& path) {
  if (path.written.value.empty()) {
    rules.diagnostics().error("log-empty", path.written.place,
                              "the path is empty; leave the key out for no file");
    return;
  }
  struct stat status {};
  const bool exists = stat(path.resolved.c_str(), &status) == 0;
  std::string fault;
  if (exists && S_ISDIR(status.st_mode)) {
    fault = std::generic_category().message(EISDIR);
  } else if (exists ? access(path.resolved.c_str(), W_OK) == -1
                    : access(holder_of(path.resolved).c_str(), W_OK | X_OK) == -1) {
    fault = std::generic_category().message(errno);
  }
  if (fault.empty()) return;
  rules.context.environment("log-open", path.written.place,
                            fmt::format("cannot open log \"{}\": {}", path.written.value, fault));
}

void check_log(const Rules& rules, const std::optional<AccessLog>& log) {
  if (log && !log->off) check_log(rules, log->path);
}

}  // namespace

void check_file_places(const Rules& rules) {
  for (const ActionDraft& draft : rules.draft.actions) {
    const auto* serve = draft.action.as<ServeAction>();
    if (serve != nullptr && serve->root.has_value() != serve->file.has_value()) {
      check_serve(rules, *serve);
    }
  }
}

void check_logs(const Rules& rules) {
  const Logging& logging = rules.draft.logging;
  check_log(rules, logging.access_log);
  if (logging.error_log) check_log(rules, *logging.error_log);
  for (const ActionDraft& draft : rules.draft.actions) check_log(rules, draft.action.access_log);
  for (const ServiceDraft& service : rules.draft.services) {
    for (const RouteDraft& route : service.routes) check_log(rules, route.route.access_log);
  }
}

}  // namespace prox::config
