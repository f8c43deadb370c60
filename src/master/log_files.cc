#include "master/log_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "master/plan_logs.h"

namespace prox::master {

base::Fd open_log(const std::string& path) {
  constexpr int kFlags = O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  base::Fd file(::open(path.c_str(), O_WRONLY | kFlags, 0644));
  // Nobody reads the pipe. Held open for reading as well, it takes lines until it is full, and somebody may come.
  if (!file && errno == ENXIO) file.reset(::open(path.c_str(), O_RDWR | kFlags, 0644));
  return file;
}

void own_console() {
  struct stat status {};
  if (::fstat(STDERR_FILENO, &status) == -1 || !S_ISFIFO(status.st_mode)) return;
  const base::Fd own(::open("/proc/self/fd/2", O_WRONLY | O_CLOEXEC | O_NONBLOCK));
  if (own) ::dup2(own.get(), STDERR_FILENO);
}

bool LogFiles::open(const config::Config& config, config::Diagnostics& diagnostics) {
  bool all = true;
  for (const config::Path* path : log_paths(config)) {
    if (files_.contains(path->resolved)) continue;
    if (base::Fd file = open_log(path->resolved)) {
      files_.emplace(path->resolved, std::move(file));
      continue;
    }
    all = false;
    diagnostics.error(
        "log-open", path->written.place,
        fmt::format("cannot open log \"{}\": {}", path->written.value, std::strerror(errno)));
  }
  return all;
}

int LogFiles::fd(const std::string& path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? -1 : found->second.get();
}

std::vector<int> LogFiles::fds(const std::vector<std::string>& paths) const {
  std::vector<int> all;
  all.reserve(paths.size());
  for (const std::string& path : paths) all.push_back(fd(path));
  return all;
}

std::vector<LogFiles::Failure> LogFiles::reopen() {
  std::vector<Failure> failures;
  for (auto& [path, file] : files_) {
    if (base::Fd fresh = open_log(path)) {
      file = std::move(fresh);
    } else {
      failures.push_back({path, errno});
    }
  }
  return failures;
}

void LogFiles::keep_only(const std::vector<std::string>& paths) {
  std::erase_if(files_, [&](const auto& entry) {
    return std::find(paths.begin(), paths.end(), entry.first) == paths.end();
  });
}

}  // namespace prox::master
