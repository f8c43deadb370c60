#pragma once

#include <sys/inotify.h>

#include <climits>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "prox/base/fd.h"

namespace prox::master {

// inotify(7). Errors are errnos.
class Inotify {
 public:
  struct Event {
    int watch = -1;          // -1: events were lost (IN_Q_OVERFLOW)
    std::uint32_t what = 0;  // IN_ bits
    std::string name;        // in a watched directory; empty: the file or directory itself
  };

  // No more than `max_watches` are ever made, so that a test can reach a limit; the system has its own.
  static tl::expected<Inotify, int> open(int max_watches = INT_MAX);

  int fd() const { return fd_.get(); }

  // What comes into a directory, leaves it or changes its mode, but not what is written there: a busy log costs nothing.
  tl::expected<int, int> watch_directory(const std::string& path);
  // What is written to a file. One inode has one number, whatever its path.
  tl::expected<int, int> watch_file(const std::string& path);
  // Of no effect if the kernel has ended the watch already.
  void forget(int watch);

  // What has happened since the last call, at most one buffer of it.
  std::vector<Event> read();

 private:
  Inotify(base::Fd fd, int max_watches) : fd_(std::move(fd)), max_watches_(max_watches) {}
  tl::expected<int, int> add(const std::string& path, std::uint32_t what);

  base::Fd fd_;
  int max_watches_;
};

}  // namespace prox::master
