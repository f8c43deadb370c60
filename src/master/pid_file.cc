#include "prox/master/pid_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

namespace prox::master {

namespace {

using Failure = PidFile::Failure;

tl::unexpected<Failure> failed(std::string_view doing, const std::string& path) {
  return tl::unexpected<Failure>{
      Failure{false, fmt::format("{} {}: {}", doing, path, std::strerror(errno))}};
}

bool is_same_file(int fd, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(fd, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

// An open file description's lock (fcntl(2)): unlike flock(2), who only asks need not take it, so a `prox -s` never looks like a master.
bool take_lock(int fd) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return ::fcntl(fd, F_OFD_SETLK, &whole) == 0;
}

bool is_locked(int fd) {
  struct flock whole {};
  whole.l_type = F_RDLCK;
  whole.l_whence = SEEK_SET;
  return ::fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

// The file that has the name, locked. Another master may put its own in place between open and lock: then once more.
tl::expected<base::Fd, Failure> lock_named(const std::string& path) {
  while (true) {
    base::Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!file) return failed("cannot write", path);
    if (!take_lock(file.get())) {
      if (errno != EAGAIN && errno != EACCES) return failed("cannot lock", path);
      return tl::unexpected<Failure>{
          Failure{true, fmt::format("{} is held by another prox", path)}};
    }
    if (is_same_file(file.get(), path)) return file;
  }
}

}  // namespace

std::optional<std::string> default_pid_path(std::string_view prefix) {
  if (!prefix.empty()) return fmt::format("{}/prox.pid", prefix);
  if (::geteuid() == 0) return "/run/prox.pid";
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime == nullptr || *runtime == '\0') return std::nullopt;
  return fmt::format("{}/prox.pid", runtime);
}

std::string control_path(std::string_view pid_path) {
  constexpr std::string_view kEnding = ".pid";
  if (pid_path.ends_with(kEnding)) pid_path.remove_suffix(kEnding.size());
  return fmt::format("{}.sock", pid_path);
}

std::optional<pid_t> read_running_pid(const std::string& pid_path) {
  const base::Fd file(::open(pid_path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || !is_locked(file.get())) return std::nullopt;
  std::array<char, 32> text{};
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  pid_t pid = 0;
  if (size <= 0 || std::from_chars(text.data(), text.data() + size, pid).ec != std::errc() ||
      pid <= 0)
    return std::nullopt;
  return pid;
}

tl::expected<PidFile, Failure> PidFile::create(const std::string& path) {
  const auto named = lock_named(path);
  if (!named) return tl::unexpected<Failure>{named.error()};
  const std::string fresh_path = path + ".new";
  base::Fd fresh(
      ::open(fresh_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!fresh) return failed("cannot write", fresh_path);
  const std::string text = fmt::format("{}\n", ::getpid());
  const bool is_written =
      take_lock(fresh.get()) &&
      ::write(fresh.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::rename(fresh_path.c_str(), path.c_str()) == 0;
  if (is_written) return PidFile(path, std::move(fresh));
  const auto failure = failed("cannot write", path);
  ::unlink(fresh_path.c_str());
  return failure;
}

PidFile::~PidFile() {
  if (locked_ && is_same_file(locked_.get(), path_)) ::unlink(path_.c_str());
}

}  // namespace prox::master
