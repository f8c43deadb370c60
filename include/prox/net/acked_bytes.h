#pragma once

#include <cstdint>
#include <optional>

namespace prox::net {

// How many bytes the other end of a TCP connection has acknowledged so far: what has really left, while a send buffer may hold megabytes
// of what was written. None for other sockets.
std::optional<std::uint64_t> acked_bytes(int fd);

}  // namespace prox::net
