#pragma once

#include <cstddef>
#include <vector>

#include "prox/base/fd.h"

namespace prox::net {

// A pipe(2) that bytes cross on their way from one socket to another with splice(2); both ends are non-blocking.
struct Pipe {
  base::Fd out;  // to be read from
  base::Fd in;   // to be written to

  explicit operator bool() const { return static_cast<bool>(out); }
};

// A worker's empty pipes. The kernel counts the pages of all pipes of a user and gives tiny ones above a limit (pipe(7)): so a pipe is
// taken when there are bytes for it and given back when they have left, and few are kept.
class PipePool {
 public:
  // None if the process may open no more.
  Pipe take();
  // Only an empty one; one with bytes in it is closed by whoever has it.
  void give_back(Pipe pipe);
  // For when descriptors run short.
  void clear() { free_.clear(); }
  std::size_t free_pipes() const { return free_.size(); }

 private:
  static constexpr std::size_t kKept = 16;
  std::vector<Pipe> free_;
};

}  // namespace prox::net
