#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "prox/base/fd.h"

namespace prox::master {

// A Unix socket bound to a path. Removes the path when it goes, if it is still the one it made.
class UnixSocket {
 public:
  // `mask` as umask(2): 0177 leaves 0600. A socket file that nobody answers on is a leftover of a prox that was killed, and is replaced.
  // The error is an errno.
  static tl::expected<UnixSocket, int> bind(const std::string& path, mode_t mask);

  UnixSocket() = default;
  UnixSocket(UnixSocket&& other) noexcept
      : path_(std::exchange(other.path_, {})),
        device_(other.device_),
        inode_(other.inode_),
        fd_(std::move(other.fd_)) {}
  UnixSocket& operator=(UnixSocket&& other) noexcept;
  ~UnixSocket() { remove_path(); }

  // New clients find nothing there any more; the socket stays.
  void remove_path();
  int fd() const { return fd_.get(); }
  base::Fd take_fd() { return std::move(fd_); }

 private:
  std::string path_;  // empty: removed
  dev_t device_ = 0;
  ino_t inode_ = 0;
  base::Fd fd_;
};

}  // namespace prox::master
