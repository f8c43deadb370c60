#include "master/daemon.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "master/log_files.h"
#include "prox/base/log.h"

namespace prox::master {

namespace {

tl::unexpected<std::string> failed(std::string_view doing) {
  return tl::unexpected<std::string>{fmt::format("{}: {}", doing, std::strerror(errno))};
}

// The log's directory is made if only that one is missing, as on a machine where prox was not installed from a package.
base::Fd open_stderr(const std::string& path) {
  if (path.empty()) return base::Fd(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  const std::size_t slash = path.rfind('/');
  if (slash != std::string::npos && slash != 0) ::mkdir(path.substr(0, slash).c_str(), 0755);
  return open_log(path);
}

[[noreturn]] void wait_for_start(base::Fd started, pid_t child) {
  char byte = 0;
  ssize_t size;
  do {
    size = ::read(started.get(), &byte, 1);
  } while (size == -1 && errno == EINTR);
  if (size == 1) ::_exit(0);
  int status = 0;
  if (::waitpid(child, &status, 0) == child && WIFEXITED(status)) ::_exit(WEXITSTATUS(status));
  ::_exit(1);
}

}  // namespace

tl::expected<Daemon, std::string> Daemon::detach() {
  Daemon daemon;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) == -1) return failed("cannot make a pipe");
  base::Fd started(ends[0]);
  daemon.parent_ = base::Fd(ends[1]);
  const pid_t child = ::fork();
  if (child == -1) return failed("cannot fork");
  if (child != 0) {
    daemon.parent_.reset();
    wait_for_start(std::move(started), child);
  }
  ::setsid();
  return daemon;
}

tl::expected<void, std::string> Daemon::log_to(const std::string& path) {
  if (log_ && path == log_path_) return {};
  base::Fd log = open_stderr(path);
  if (!log) return failed(fmt::format("cannot open log \"{}\"", path));
  log_path_ = path;
  set_log(std::move(log));
  return {};
}

void Daemon::set_log(base::Fd log) {
  log_ = std::move(log);
  if (is_started_) ::dup2(log_.get(), STDERR_FILENO);
}

void Daemon::report_started() {
  if (std::exchange(is_started_, true)) return;
  const base::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ::dup2(null.get(), STDIN_FILENO);
  ::dup2(null.get(), STDOUT_FILENO);
  ::dup2(log_.get(), STDERR_FILENO);
  // A parent that was killed meanwhile leaves nobody to tell.
  if (::write(parent_.get(), "", 1) == -1) base::log::debug("nobody waited for the start");
  parent_.reset();
}

bool Daemon::reopen_log() {
  base::Fd fresh = open_stderr(log_path_);
  if (!fresh) {
    base::log::error("cannot reopen the log",
                     {{"path", log_path_}, {"reason", std::strerror(errno)}});
    return false;
  }
  set_log(std::move(fresh));
  return true;
}

}  // namespace prox::master
