#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include "prox/base/fd.h"
#include "prox/base/result.h"

namespace prox::net {

using base::Result;

// A socket address (socket(7)) of any family, by value.
class SocketAddress {
 public:
  SocketAddress() = default;
  SocketAddress(const sockaddr* address, socklen_t length);

  // An IPv4 or IPv6 literal without brackets; none for a name.
  static std::optional<SocketAddress> from_literal(std::string_view ip, std::uint16_t port);
  // The other end of a connected socket.
  static Result<SocketAddress> peer_of(int fd);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t length() const { return length_; }
  int family() const { return storage_.ss_family; }
  // The address alone: "127.0.0.1", "::1", "unix". IPv4-mapped IPv6 addresses appear as IPv4.
  std::string ip_text() const;
  // Its 16 bytes as IPv6, IPv4-mapped for IPv4 (RFC 4291 §2.5.5.2); all zero for a Unix socket.
  std::array<std::uint8_t, 16> ip_bytes() const;
  // With its port: "127.0.0.1:80", "[::1]:80".
  std::string text() const;

 private:
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
};

// Keep-alive probes (tcp(7)) after `seconds` of silence and as often again; 0: none.
void set_keep_alive(int fd, int seconds);

// A non-blocking TCP socket whose connect(2) has been begun: with TCP_NODELAY, and keep-alive probes as set_keep_alive().
// Errors: ConnectFailed, SystemCall; side Upstream.
Result<base::Fd> start_connect(const SocketAddress& to, int keep_alive_seconds);
// What has gone wrong with a socket since it was last asked, as an errno; 0: nothing. Sees a reset behind bytes that are unread.
int take_error(int fd);
// How a begun connect ended; for a socket that has become writable.
Result<void> connect_outcome(int fd);

}  // namespace prox::net
