#include "prox/net/pipe_pool.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace prox::net {

namespace {

// Four times what the kernel gives: fewer system calls for the same bytes.
constexpr int kPipeBytes = 256 * 1024;

}  // namespace

Pipe PipePool::take() {
  if (!free_.empty()) {
    Pipe pipe = std::move(free_.back());
    free_.pop_back();
    return pipe;
  }
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) == -1) return {};
  // Refused to a user who has many pipes already; a small one does as well.
  static_cast<void>(::fcntl(ends[0], F_SETPIPE_SZ, kPipeBytes));
  return {base::Fd(ends[0]), base::Fd(ends[1])};
}

void PipePool::give_back(Pipe pipe) {
  if (pipe && free_.size() < kKept) free_.push_back(std::move(pipe));
}

}  // namespace prox::net
