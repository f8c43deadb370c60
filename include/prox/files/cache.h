#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include <sys/stat.h>

#include "prox/base/block.h"
#include "prox/base/clock.h"
#include "prox/base/result.h"
#include "prox/base/shared_fd.h"
#include "prox/files/directory.h"

namespace prox::files {

enum class Kind : std::uint8_t {
  File,       // a regular one
  Directory,  // open, so that it can be listed
  Missing,    // not there, neither file nor directory, or not below the root
  Forbidden,  // there, but not for us (EACCES)
  Failed,     // the system could not tell, as `error` says
};

// Which bytes a file holds, as far as the system tells: the same version has the same bytes. (Who writes into a file twice within one
// tick of the kernel's clock, and to the same size, is not noticed.)
struct Version {
  dev_t device = 0;
  ino_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified = 0;  // nanoseconds since 1970
  std::int64_t changed = 0;   // the inode's own time, which nobody can set

  static Version of(const struct stat& status);
  bool operator==(const Version&) const = default;
};

// What a path was when it was last looked at.
struct Found {
  Kind kind = Kind::Missing;
  base::SharedFd fd;  // of a File or Directory
  Version version;
  std::string
      etag;  // strong: made of size and time, the same on each host with a copy that keeps times
  std::string last_modified;  // for the field of that name
  base::BlockRef content;     // all of a small file; none for others
  int error = 0;              // the errno of what Failed

  std::int64_t modified_seconds() const { return version.modified / 1'000'000'000; }

  // What could not be opened, for that errno.
  static Found failed(int error);
};

// The files that a worker serves, kept open and described, so that a hot one costs neither open(2) nor fstat(2). What is known is looked at
// again after a second, the way to it included. Bounded: who was not asked for the longest time leaves, and who was not asked for kKept is
// let go of at the next sweep, so that deleted files give back their space.
class Cache {
 public:
  static constexpr base::Millis kTrust = 1'000;
  static constexpr base::Millis kKept = 10'000;
  static constexpr std::size_t kMaxEntries = 512;

  explicit Cache(base::BlockPool& blocks) : blocks_(blocks) {}
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  // What `path` below the directory `root` is; with an empty root, what the path itself is, links and all. Valid until the next call.
  const Found& find(std::string_view root, std::string_view path, base::Millis now);
  // The same, to be sent: a file that has no content here is as it is now, so that what the head tells of it holds when its bytes are read.
  const Found& find_to_send(std::string_view root, std::string_view path, base::Millis now);
  // The names in the directory `path` below the directory `root`, as they are now: see files::read_directory.
  base::Result<Directory> read_directory(std::string_view root, std::string_view path,
                                         base::Millis now);
  // Lets go of what nobody has asked for since kKept before `now`.
  void sweep(base::Millis now);
  // Lets go of everything, when descriptors run short.
  void clear();
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;  // root, NUL, path
    Found found;
    base::Millis checked_at = 0;
  };
  struct Root {
    base::Fd fd;
    base::Millis opened_at = 0;
  };
  using Place = std::list<Entry>::iterator;

  void look(Entry& entry, std::string_view root, std::string_view path, base::Millis now);
  base::Result<base::Fd> open(std::string_view root, std::string_view path, base::Millis now);
  base::Result<base::Fd> open_once(std::string_view root, std::string_view path, base::Millis now);
  base::Result<int> root_fd(std::string_view root, base::Millis now);
  void describe(Found& found, base::Fd fd);
  void load(Found& found) const;

  base::BlockPool& blocks_;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<std::string_view, Place> index_;
  std::unordered_map<std::string, Root> roots_;
  std::string key_;  // scratch
};

}  // namespace prox::files
