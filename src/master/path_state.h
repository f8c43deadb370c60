#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "prox/base/digest.h"
#include "prox/config/loader.h"

namespace prox::master {

// Whether a name in a directory of this role is one of a file that is read.
bool is_listed(config::WatchedPath::Role role, std::string_view name);

// Those names in a directory, in order. The error is an errno: it may be no directory.
tl::expected<std::vector<std::string>, int> list_names(const config::WatchedPath& directory);

// What a path holds, as a digest: of a file's bytes or a directory's names. A file is read again only if stat(2) says that it may have
// changed.
class PathState {
 public:
  explicit PathState(config::WatchedPath path) : path_(std::move(path)) {}

  const config::WatchedPath& path() const { return path_; }

  // Two are equal if nothing was changed in between but times, owners, modes and links. What is missing or unreadable has one as well.
  std::uint64_t digest();
  // Whether digest() would have to read. One system call.
  bool may_have_changed() const;
  // Whether the file or directory may have been changed, or put there, at `time` (CLOCK_REALTIME) or later.
  bool may_be_newer_than(const timespec& time) const;

 private:
  // All of stat(2) that changes with the content, and what is enough to tell one file from another.
  struct Stamp {
    int error = 0;  // errno of stat(2)
    dev_t device = 0;
    ino_t inode = 0;
    mode_t mode = 0;
    off_t size = 0;
    timespec modified{};
    timespec changed{};
    bool is_recent(const timespec& now) const;
    bool operator==(const Stamp& other) const;
  };
  Stamp look() const;
  std::uint64_t read(const Stamp& stamp) const;
  void read_file(base::Digest& digest) const;
  void read_names(base::Digest& digest) const;

  config::WatchedPath path_;
  std::optional<Stamp> known_;  // of what digest_ was made of; none: it has to be made anew
  std::uint64_t digest_ = 0;
};

}  // namespace prox::master
