#include "prox/net/acked_bytes.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>

namespace prox::net {

// The C library's tcp_info ends before this field, so the kernel's is used, and in a file of its own: the two cannot be included together.
std::optional<std::uint64_t> acked_bytes(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == -1) return std::nullopt;
  constexpr std::size_t kEnd = offsetof(tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked;
  if (length < kEnd) return std::nullopt;
  return info.tcpi_bytes_acked;
}

}  // namespace prox::net
