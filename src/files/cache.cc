#include "prox/files/cache.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "prox/files/beneath.h"
#include "prox/http/date.h"

namespace prox::files {

namespace {

using base::Fd;
using base::Millis;
using base::Result;

// Files up to this size are kept in memory: at most 512 of them, 16 MiB. Above it sendfile(2) costs less than what is copied.
constexpr std::size_t kMaxContent = base::BlockPool::kLarge;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Kind kind_of(int error) {
  switch (error) {
    case EACCES:
    case EPERM: return Kind::Forbidden;
    case ENOENT:
    case ENOTDIR:
    case EXDEV:  // leads out of the root
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL:  // names that the file system cannot hold
    case EILSEQ:
    case ENXIO:  // a socket
    case ENODEV: return Kind::Missing;
    default: return Kind::Failed;
  }
}

Result<Fd> open_directory(const std::string& path) {
  Fd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return base::Unexpected{base::from_errno("opening a root")};
  return fd;
}

}  // namespace

Version Version::of(const struct stat& status) {
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
          nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

Found Found::failed(int error) {
  Found found;
  found.kind = kind_of(error);
  found.error = error;
  return found;
}

const Found& Cache::find(std::string_view root, std::string_view path, Millis now) {
  key_.assign(root).push_back('\0');
  key_.append(path);
  if (const auto known = index_.find(key_); known != index_.end()) {
    Entry& entry = *known->second;
    entries_.splice(entries_.begin(), entries_, known->second);
    if (now - entry.checked_at >= kTrust) look(entry, root, path, now);
    return entry.found;
  }
  if (entries_.size() == kMaxEntries) {
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
  Entry& entry = entries_.emplace_front();
  entry.key = key_;
  index_.emplace(entry.key, entries_.begin());
  look(entry, root, path, now);
  return entry.found;
}

const Found& Cache::find_to_send(std::string_view root, std::string_view path, Millis now) {
  const Found& known = find(root, path, now);
  if (known.kind != Kind::File || known.content) return known;
  struct stat status {};
  const bool is_same =
      ::fstat(known.fd.get(), &status) == 0 && Version::of(status) == known.version;
  if (!is_same) look(entries_.front(), root, path, now);
  return known;
}

Result<Directory> Cache::read_directory(std::string_view root, std::string_view path, Millis now) {
  const Result<int> directory = root_fd(root, now);
  if (!directory) return base::Unexpected{directory.error()};
  return files::read_directory(*directory, std::string(path));
}

// Whoever is asked for is looked at once a second, so the look tells when that was.
void Cache::sweep(Millis now) {
  while (!entries_.empty() && now - entries_.back().checked_at >= kKept) {
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
  std::erase_if(roots_, [now](const auto& root) { return now - root.second.opened_at >= kKept; });
}

void Cache::clear() {
  index_.clear();
  entries_.clear();
  roots_.clear();
}

void Cache::look(Entry& entry, std::string_view root, std::string_view path, Millis now) {
  entry.checked_at = now;
  Result<Fd> fd = open(root, path, now);
  if (fd) return describe(entry.found, std::move(*fd));
  entry.found = Found::failed(fd.error().sys_errno);
}

// Out of descriptors: those that are only kept for later are given up.
Result<Fd> Cache::open(std::string_view root, std::string_view path, Millis now) {
  Result<Fd> fd = open_once(root, path, now);
  if (fd || (fd.error().sys_errno != EMFILE && fd.error().sys_errno != ENFILE)) return fd;
  for (Entry& other : entries_) other.found = {};
  for (Entry& other : entries_) other.checked_at = -kTrust;
  entries_.front().checked_at = now;
  return open_once(root, path, now);
}

Result<Fd> Cache::open_once(std::string_view root, std::string_view path, Millis now) {
  if (!root.empty()) {
    const Result<int> directory = root_fd(root, now);
    if (!directory) return base::Unexpected{directory.error()};
    return open_beneath(*directory, std::string(path));
  }
  Fd fd(::open(std::string(path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return base::Unexpected{base::from_errno("opening a file")};
  return fd;
}

// Opened anew each second, so that a link to the current release is seen when it is switched.
Result<int> Cache::root_fd(std::string_view root, Millis now) {
  Root& known = roots_[std::string(root)];
  if (!known.fd || now - known.opened_at >= kTrust) {
    Result<Fd> fd = open_directory(std::string(root));
    if (!fd) {
      known.fd.reset();
      return base::Unexpected{fd.error()};
    }
    known.fd = std::move(*fd);
    known.opened_at = now;
  }
  return known.fd.get();
}

void Cache::describe(Found& found, Fd fd) {
  struct stat status {};
  if (::fstat(fd.get(), &status) == -1) {
    found = Found::failed(errno);
    return;
  }
  const Version version = Version::of(status);
  if (found.kind == Kind::File && S_ISREG(status.st_mode) && found.version == version) return;
  found = {};
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return;
  found.kind = S_ISREG(status.st_mode) ? Kind::File : Kind::Directory;
  found.fd = base::SharedFd(std::move(fd));
  found.version = version;
  if (found.kind == Kind::Directory) return;
  found.etag = fmt::format("\"{:x}-{:x}\"", version.modified, version.size);
  found.last_modified = http::format_date(found.modified_seconds());
  load(found);
}

void Cache::load(Found& found) const {
  if (found.version.size == 0 || found.version.size > kMaxContent) return;
  const auto size = static_cast<std::size_t>(found.version.size);
  base::BlockRef block = blocks_.take(size);
  struct stat after {};
  const bool is_whole =
      ::pread(found.fd.get(), block.data(), size, 0) == static_cast<ssize_t>(size) &&
      ::fstat(found.fd.get(), &after) == 0 && Version::of(after) == found.version;
  if (is_whole) found.content = std::move(block);
}

}  // namespace prox::files
