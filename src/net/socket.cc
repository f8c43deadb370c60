#include "prox/net/socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <fmt/format.h>

namespace prox::net {

namespace {

using base::Errc;
using base::Side;

base::Unexpected connect_failure(int error) {
  // What says something about the target is ConnectFailed; running out of descriptors or ports is our own trouble.
  const bool ours = error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
                    error == EADDRNOTAVAIL;
  return base::Unexpected{base::Error{ours ? Errc::SystemCall : Errc::ConnectFailed, Side::Upstream,
                                      true, error, "connecting to the target"}};
}

const sockaddr_in6* as_v6(const sockaddr* address) {
  return reinterpret_cast<const sockaddr_in6*>(address);
}
const sockaddr_in* as_v4(const sockaddr* address) {
  return reinterpret_cast<const sockaddr_in*>(address);
}

}  // namespace

SocketAddress::SocketAddress(const sockaddr* address, socklen_t length)
    : length_(std::min<socklen_t>(length, sizeof storage_)) {
  std::memcpy(&storage_, address, length_);
}

std::optional<SocketAddress> SocketAddress::from_literal(std::string_view ip, std::uint16_t port) {
  const std::string text(ip);
  sockaddr_in v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return SocketAddress(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  }
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    return SocketAddress(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  }
  return std::nullopt;
}

Result<SocketAddress> SocketAddress::peer_of(int fd) {
  SocketAddress address;
  address.length_ = sizeof address.storage_;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address.storage_), &address.length_) == -1) {
    return base::Unexpected{base::from_errno("asking for a peer's address")};
  }
  return address;
}

std::string SocketAddress::ip_text() const {
  char text[INET6_ADDRSTRLEN];
  if (family() == AF_INET) return ::inet_ntop(AF_INET, &as_v4(get())->sin_addr, text, sizeof text);
  if (family() != AF_INET6) return "unix";
  const in6_addr& ip = as_v6(get())->sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&ip)) return ::inet_ntop(AF_INET, &ip.s6_addr[12], text, sizeof text);
  return ::inet_ntop(AF_INET6, &ip, text, sizeof text);
}

std::array<std::uint8_t, 16> SocketAddress::ip_bytes() const {
  std::array<std::uint8_t, 16> bytes{};
  if (family() == AF_INET6) {
    std::memcpy(bytes.data(), &as_v6(get())->sin6_addr, bytes.size());
  } else if (family() == AF_INET) {
    bytes[10] = bytes[11] = 0xff;
    std::memcpy(bytes.data() + 12, &as_v4(get())->sin_addr, 4);
  }
  return bytes;
}

std::string SocketAddress::text() const {
  if (family() == AF_INET) return fmt::format("{}:{}", ip_text(), ntohs(as_v4(get())->sin_port));
  if (family() == AF_INET6)
    return fmt::format("[{}]:{}", ip_text(), ntohs(as_v6(get())->sin6_port));
  return "unix";
}

void set_keep_alive(int fd, int seconds) {
  if (seconds <= 0) return;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
}

Result<base::Fd> start_connect(const SocketAddress& to, int keep_alive_seconds) {
  base::Fd socket(::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return connect_failure(errno);
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  set_keep_alive(socket.get(), keep_alive_seconds);
  if (::connect(socket.get(), to.get(), to.length()) == -1 && errno != EINPROGRESS)
    return connect_failure(errno);
  return socket;
}

int take_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1) error = errno;
  return error;
}

Result<void> connect_outcome(int fd) {
  if (const int error = take_error(fd); error != 0) return connect_failure(error);
  return {};
}

}  // namespace prox::net
