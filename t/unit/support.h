#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>

#include "catch.h"
#include "prox/base/fd.h"
#include "prox/net/loop.h"
#include "prox/net/socket.h"

// What tests of sockets share: turns of a loop, pairs of connected sockets, and the raw end of one.
namespace prox::test {

using base::Fd;

// One turn: what is ready and what was posted, without waiting.
inline void turn(net::Loop& loop) {
  net::Task stop([](void* l) { static_cast<net::Loop*>(l)->stop(); }, &loop);
  stop.post(loop);
  loop.run();
}

// Enough turns for all that loopback and posted tasks have in store: for what must *not* happen.
inline void settle(net::Loop& loop) {
  for (int i = 0; i < 12; ++i) turn(loop);
}

inline std::int64_t real_millis() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

// Runs the loop until `done()`; false if that takes too long.
template <typename Done>
bool run_until(net::Loop& loop, Done done, std::int64_t limit_millis = 5'000) {
  const std::int64_t deadline = real_millis() + limit_millis;
  event* tick = event_new(
      loop.base(), -1, EV_PERSIST,
      [](evutil_socket_t, short, void* l) { static_cast<net::Loop*>(l)->stop(); }, &loop);
  const timeval interval{0, 2'000};
  bool is_done = done();
  while (!is_done && real_millis() < deadline) {
    turn(loop);
    is_done = done();
    if (is_done) break;
    event_add(tick, &interval);
    loop.run();
    is_done = done();
  }
  event_free(tick);
  return is_done;
}

inline void set_non_blocking(int fd) { REQUIRE(::fcntl(fd, F_SETFL, O_NONBLOCK) == 0); }

// Two connected Unix sockets, neither blocks.
inline std::pair<Fd, Fd> unix_pair() {
  std::array<int, 2> fds{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
  return {Fd(fds[0]), Fd(fds[1])};
}

// A listening TCP socket on a port of the kernel's choice.
struct Listening {
  Fd socket;
  net::SocketAddress address;
  std::uint16_t port = 0;
};

inline Listening listen_on(std::string_view ip, std::uint16_t port = 0, int backlog = 16) {
  auto wanted = net::SocketAddress::from_literal(ip, port);
  REQUIRE(wanted);
  Listening made;
  made.socket = Fd(::socket(wanted->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(made.socket.get(), wanted->get(), wanted->length()) == 0);
  REQUIRE(::listen(made.socket.get(), backlog) == 0);
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  REQUIRE(::getsockname(made.socket.get(), reinterpret_cast<sockaddr*>(&bound), &length) == 0);
  made.address = net::SocketAddress(reinterpret_cast<const sockaddr*>(&bound), length);
  made.port = ntohs(reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
  return made;
}

// A client's socket, connected to what listens there.
inline Fd connect_to(const net::SocketAddress& address) {
  Fd socket(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(socket.get(), address.get(), address.length()) == 0);
  set_non_blocking(socket.get());
  return socket;
}

// Two connected TCP sockets, neither blocks: where RST and FIN matter.
inline std::pair<Fd, Fd> tcp_pair() {
  const Listening listening = listen_on("127.0.0.1");
  Fd client = connect_to(listening.address);
  Fd server(::accept4(listening.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  REQUIRE(server);
  return {std::move(client), std::move(server)};
}

// The raw end of a connection, as its peer sees it. Never blocks.
class Peer {
 public:
  explicit Peer(Fd socket) : socket_(std::move(socket)) {}

  // Sends what the kernel takes; returns what it did not.
  std::string_view send_some(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n == -1) break;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return bytes;
  }
  void send(std::string_view bytes) { REQUIRE(send_some(bytes).empty()); }

  // Reads what is there, at most `limit`; all that ever came is in received().
  void read(std::size_t limit = SIZE_MAX) {
    char buffer[16384];
    while (limit > 0 && !ended_ && !reset_) {
      const ssize_t n = ::recv(socket_.get(), buffer, std::min(limit, sizeof buffer), 0);
      if (n > 0) {
        received_.append(buffer, static_cast<std::size_t>(n));
        limit -= static_cast<std::size_t>(n);
      } else if (n == 0) {
        ended_ = true;
      } else if (errno == ECONNRESET) {
        reset_ = true;
      } else {
        return;
      }
    }
  }
  const std::string& received() const { return received_; }
  // What has come since the last call.
  std::string take() {
    read();
    return std::exchange(received_, {});
  }
  bool ended() {
    read();
    return ended_;
  }
  bool was_reset() {
    read();
    return reset_;
  }

  void shut_down_writes() { ::shutdown(socket_.get(), SHUT_WR); }
  void close() { socket_.reset(); }
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    socket_.reset();
  }
  int fd() const { return socket_.get(); }

 private:
  Fd socket_;
  std::string received_;
  bool ended_ = false;
  bool reset_ = false;
};

}  // namespace prox::test
