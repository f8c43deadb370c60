#include "prox/files/beneath.h"

#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace prox::files {

namespace {

using base::Fd;
using base::Result;

constexpr int kToRead = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
constexpr int kAsPlace = O_PATH | O_DIRECTORY | O_CLOEXEC;
constexpr int kMaxLinks = 40;  // as the kernel's own (path_resolution(7))

int open_by_kernel(int root, const char* path, int flags) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how));
}

base::Unexpected refuse(int error) {
  errno = error;
  return base::Unexpected{base::from_errno("opening a file")};
}

// Resolves a path one segment at a time. The directories on the way stay open, so that ".." goes back to where one came from,
// whatever has been moved meanwhile.
class Walk {
 public:
  Walk(int root, int flags) : root_(root), flags_(flags) {}

  Result<Fd> open(const std::string& path) {
    push_segments(path);
    while (!rest_.empty()) {
      const std::string segment = std::move(rest_.back());
      rest_.pop_back();
      if (segment.empty() || segment == ".") continue;
      if (segment == "..") {
        if (directories_.empty()) return refuse(EXDEV);
        directories_.pop_back();
        continue;
      }
      Result<Fd> opened = step(segment);
      if (!opened || *opened) return opened;  // an error, or the end of the way
    }
    return finish(".");
  }

 private:
  int here() const { return directories_.empty() ? root_ : directories_.back().get(); }

  // Behind the segments that are there, which come later.
  void push_segments(const std::string& path) {
    for (std::size_t end = path.size();;) {
      const std::size_t slash = end == 0 ? std::string::npos : path.rfind('/', end - 1);
      const std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
      rest_.push_back(path.substr(begin, end - begin));
      if (slash == std::string::npos) return;
      end = slash;
    }
  }

  bool is_last() const {
    for (const std::string& segment : rest_) {
      if (!segment.empty()) return false;
    }
    return rest_.empty();  // a trailing slash wants a directory
  }

  // A descriptor if this was the last segment, none if the walk goes on.
  Result<Fd> step(const std::string& segment) {
    Fd entry(::openat(here(), segment.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!entry) return refuse(errno);
    struct stat status {};
    if (::fstat(entry.get(), &status) == -1) return refuse(errno);
    if (S_ISLNK(status.st_mode)) return follow(entry);
    if (is_last()) return finish(segment.c_str());
    if (!S_ISDIR(status.st_mode)) return refuse(ENOTDIR);
    directories_.push_back(std::move(entry));
    return Fd();
  }

  Result<Fd> follow(const Fd& link) {
    if (++links_ > kMaxLinks) return refuse(ELOOP);
    std::array<char, PATH_MAX> target{};
    const ssize_t size = ::readlinkat(link.get(), "", target.data(), target.size());
    if (size == -1) return refuse(errno);
    if (size == 0 || static_cast<std::size_t>(size) == target.size()) return refuse(ENAMETOOLONG);
    if (target[0] == '/') return refuse(EXDEV);
    push_segments(std::string(target.data(), static_cast<std::size_t>(size)));
    return Fd();
  }

  // Not a link a moment ago; if it has become one, it is not followed.
  Result<Fd> finish(const char* name) {
    Fd opened(::openat(here(), name, flags_ | O_NOFOLLOW));
    if (!opened) return refuse(errno);
    return opened;
  }

  int root_;
  int flags_;
  int links_ = 0;
  std::vector<Fd> directories_;
  std::vector<std::string> rest_;  // the next segment last
};

Result<Fd> open_with(int flags, int root, const std::string& path, Confinement how) {
  if (how == Confinement::ByHand) return Walk(root, flags).open(path);
  for (int tries = 0;; ++tries) {
    Fd opened(open_by_kernel(root, path.empty() ? "." : path.c_str(), flags));
    if (opened) return opened;
    // Something was renamed while ".." was on the way; the kernel asks to try again (openat2(2)).
    const bool is_passing = errno == EAGAIN || errno == EINTR;
    if (!is_passing || tries == 16) return refuse(errno);
  }
}

}  // namespace

Confinement confinement() {
  static const Confinement how = [] {
    const Fd here(open_by_kernel(AT_FDCWD, ".", kToRead));
    // A sandbox may refuse a system call that it does not know with EPERM.
    const bool is_lacking = !here && (errno == ENOSYS || errno == EPERM);
    return is_lacking ? Confinement::ByHand : Confinement::Kernel;
  }();
  return how;
}

Result<Fd> open_beneath(int root, const std::string& path, Confinement how) {
  if (path.find('\0') != std::string::npos) return refuse(ENOENT);
  if (path.starts_with('/')) return refuse(EXDEV);
  Result<Fd> opened = open_with(kToRead, root, path, how);
  if (opened || opened.error().sys_errno != EACCES) return opened;
  Result<Fd> place = open_with(kAsPlace, root, path, how);
  return place ? std::move(place) : std::move(opened);
}

}  // namespace prox::files
