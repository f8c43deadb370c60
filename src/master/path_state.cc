#include "master/path_state.h"

#include <dirent.h>
#include <fcntl.h>
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <type_traits>
#include <vector>

#include "prox/base/fd.h"

namespace prox::master {

namespace {

// File systems count time in steps of up to 2 s (FAT): what was changed again within one has the same times.
constexpr time_t kRecentSeconds = 2;
// A larger file counts as changed when its times have; its bytes are not looked at.
constexpr off_t kMaxReadBytes = off_t{64} << 20;
constexpr std::size_t kBlockBytes = 65536;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

template <typename T>
void add_value(base::Digest& digest, const T& value) {
  static_assert(std::is_integral_v<T>);
  digest.add({reinterpret_cast<const char*>(&value), sizeof value});
}

bool is_equal(const timespec& one, const timespec& other) {
  return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
}

timespec real_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now;
}

// Never a pipe or a device, which might block or never end.
base::Fd open_regular(const std::string& path) {
  return base::Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

// In any case of letters. An OCSP response belongs to the certificate that it is named after.
bool is_certificate_name(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return false;
  const std::string ending(name.substr(dot));
  const auto is_it = [&](const char* known) { return ::strcasecmp(ending.c_str(), known) == 0; };
  return is_it(".crt") || is_it(".pem") || is_it(".key") || is_it(".ocsp");
}

}  // namespace

bool is_listed(config::WatchedPath::Role role, std::string_view name) {
  using Role = config::WatchedPath::Role;
  if (name.starts_with('.')) return false;
  switch (role) {
    case Role::ConfigFile:
    case Role::ConfigDirectory: return name.ends_with(".json5");
    case Role::Certificate: return is_certificate_name(name);
    case Role::Resource: return false;
  }
  return false;
}

tl::expected<std::vector<std::string>, int> list_names(const config::WatchedPath& directory) {
  const Directory opened(::opendir(directory.path.c_str()));
  if (!opened) return tl::unexpected<int>{errno};
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(opened.get())) {
    if (is_listed(directory.role, entry->d_name)) names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool PathState::Stamp::operator==(const Stamp& other) const {
  return error == other.error && device == other.device && inode == other.inode &&
         mode == other.mode && size == other.size && is_equal(modified, other.modified) &&
         is_equal(changed, other.changed);
}

// A clock that was set back says nothing.
bool PathState::Stamp::is_recent(const timespec& now) const {
  const time_t newest = std::max(modified.tv_sec, changed.tv_sec);
  return error == 0 && newest >= now.tv_sec - kRecentSeconds &&
         newest <= now.tv_sec + kRecentSeconds;
}

PathState::Stamp PathState::look() const {
  Stamp stamp;
  struct stat status {};
  if (::stat(path_.path.c_str(), &status) == -1) {
    stamp.error = errno;
    return stamp;
  }
  stamp.device = status.st_dev;
  stamp.inode = status.st_ino;
  stamp.mode = status.st_mode;
  stamp.size = status.st_size;
  stamp.modified = status.st_mtim;
  stamp.changed = status.st_ctim;
  return stamp;
}

bool PathState::may_have_changed() const { return !known_ || !(look() == *known_); }

// The times of files are taken from a clock that stands still for up to 10 ms. One in the future was set by somebody else's clock.
bool PathState::may_be_newer_than(const timespec& time) const {
  const Stamp stamp = look();
  const auto millis = [](const timespec& t) {
    return std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
  };
  const std::int64_t newest = std::max(millis(stamp.modified), millis(stamp.changed));
  return (S_ISREG(stamp.mode) || S_ISDIR(stamp.mode)) && newest >= millis(time) - 10 &&
         newest <= millis(real_now());
}

std::uint64_t PathState::digest() {
  const timespec began = real_now();
  const Stamp stamp = look();
  if (known_ && stamp == *known_) return digest_;
  digest_ = read(stamp);
  known_.reset();
  if (!stamp.is_recent(began)) known_ = stamp;
  return digest_;
}

std::uint64_t PathState::read(const Stamp& stamp) const {
  base::Digest digest;
  if (stamp.error != 0) {
    add_value(digest, stamp.error);
  } else if (S_ISDIR(stamp.mode)) {
    read_names(digest);
  } else if (S_ISREG(stamp.mode) && stamp.size <= kMaxReadBytes) {
    read_file(digest);
  } else if (S_ISREG(stamp.mode)) {
    for (const std::int64_t value : {std::int64_t{stamp.size}, std::int64_t{stamp.modified.tv_sec},
                                     std::int64_t{stamp.modified.tv_nsec}})
      add_value(digest, value);
  } else {
    add_value(digest, stamp.mode & S_IFMT);
  }
  return digest.value();
}

void PathState::read_file(base::Digest& digest) const {
  const base::Fd file = open_regular(path_.path);
  std::array<char, kBlockBytes> block;
  off_t total = 0;
  ssize_t size = file ? 1 : -1;
  while (size > 0 && total <= kMaxReadBytes) {
    size = ::read(file.get(), block.data(), block.size());
    if (size > 0) digest.add({block.data(), static_cast<std::size_t>(size)});
    total += size;
  }
  if (size == -1) add_value(digest, errno);
}

void PathState::read_names(base::Digest& digest) const {
  const auto names = list_names(path_);
  if (!names) return add_value(digest, names.error());
  for (const std::string& name : *names) {
    digest.add(name);
    digest.add({"\0", 1});
  }
}

}  // namespace prox::master
