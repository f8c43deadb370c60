#include "prox/base/fd.h"

#include <unistd.h>

namespace prox::base {

void Fd::reset(int fd) {
  // close(2) on Linux always frees the number, EINTR included: never retried.
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

}  // namespace prox::base
