#include "prox/net/pipe_pool.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace prox::net {

Pipe PipePool::take() {
  if (!free_.empty()) {
    Pipe pipe = std::move(free_.back());
    free_.pop_back();
    return pipe;
  }
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) == -1) return {};
  return {base::Fd(ends[0]), base::Fd(ends[1])};
}

void PipePool::give_back(Pipe pipe) {
  if (pipe && free_.size() < kKept) free_.push_back(std::move(pipe));
}

}  // namespace prox::net
