#include "prox/net/socket.h"

#include <netinet/tcp.h>
#include <sys/un.h>

#include <cstring>
#include <string>

#include "support.h"

using prox::base::Errc;
using prox::base::Side;
using prox::net::SocketAddress;

namespace {

int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  REQUIRE(::getsockopt(fd, level, name, &value, &length) == 0);
  return value;
}

}  // namespace

TEST_CASE("address literals are read and written again") {
  struct Case {
    const char* literal;
    int family;
    const char* ip;
    const char* text;
  };
  for (const auto& [literal, family, ip, text] : {
           Case{"127.0.0.1", AF_INET, "127.0.0.1", "127.0.0.1:80"},
           Case{"0.0.0.0", AF_INET, "0.0.0.0", "0.0.0.0:80"},
           Case{"::1", AF_INET6, "::1", "[::1]:80"},
           Case{"2001:DB8:0:0:0:0:0:1", AF_INET6, "2001:db8::1", "[2001:db8::1]:80"},
       }) {
    CAPTURE(literal);
    const auto address = SocketAddress::from_literal(literal, 80);
    REQUIRE(address);
    CHECK(address->family() == family);
    CHECK(address->ip_text() == ip);
    CHECK(address->text() == text);
  }
}

TEST_CASE("an IPv4-mapped IPv6 address appears as IPv4") {
  const auto address = SocketAddress::from_literal("::ffff:192.0.2.7", 443);
  REQUIRE(address);
  CHECK(address->family() == AF_INET6);
  CHECK(address->ip_text() == "192.0.2.7");
}

TEST_CASE("names and what is nearly an address are no literals") {
  for (const char* text : {"", "localhost", "127.1", "127.0.0.1:80", "[::1]", "256.0.0.1", "::1%lo",
                           "1.2.3.4 ", "::g"}) {
    CAPTURE(text);
    CHECK_FALSE(SocketAddress::from_literal(text, 80));
  }
}

TEST_CASE("a Unix address is just unix") {
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  const SocketAddress address(reinterpret_cast<const sockaddr*>(&un), sizeof un.sun_family);
  CHECK(address.ip_text() == "unix");
  CHECK(address.text() == "unix");
  auto [ours, theirs] = prox::test::unix_pair();
  const auto peer = SocketAddress::peer_of(ours.get());
  REQUIRE(peer);
  CHECK(peer->ip_text() == "unix");
}

TEST_CASE("the other end of a connected socket has an address") {
  const auto listening = prox::test::listen_on("127.0.0.1");
  const auto client = prox::test::connect_to(listening.address);
  const auto peer = SocketAddress::peer_of(client.get());
  REQUIRE(peer);
  CHECK(peer->text() == listening.address.text());
  CHECK(peer->length() == sizeof(sockaddr_in));

  const auto none = SocketAddress::peer_of(listening.socket.get());
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Errc::SystemCall);
  CHECK(none.error().sys_errno == ENOTCONN);
}

TEST_CASE("a begun connection does not block, sends at once and probes a silent peer") {
  const auto listening = prox::test::listen_on("127.0.0.1");
  const auto socket = prox::net::start_connect(listening.address, 33);
  REQUIRE(socket);
  CHECK((::fcntl(socket->get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK((::fcntl(socket->get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(option_of(socket->get(), IPPROTO_TCP, TCP_NODELAY) != 0);
  CHECK(option_of(socket->get(), SOL_SOCKET, SO_KEEPALIVE) != 0);
  CHECK(option_of(socket->get(), IPPROTO_TCP, TCP_KEEPIDLE) == 33);

  const auto without = prox::net::start_connect(listening.address, 0);
  REQUIRE(without);
  CHECK(option_of(without->get(), SOL_SOCKET, SO_KEEPALIVE) == 0);
}

TEST_CASE("a refused connection is the target's fault and may be tried elsewhere") {
  auto listening = prox::test::listen_on("127.0.0.1");
  listening.socket.reset();
  prox::base::Error error{};
  if (auto socket = prox::net::start_connect(listening.address, 0); !socket) {
    error = socket.error();
  } else {
    prox::net::Loop loop;
    prox::net::Event event;
    bool writable = false;
    REQUIRE(event.add(
        loop, socket->get(), EV_WRITE, [](int, short, void* w) { *static_cast<bool*>(w) = true; },
        &writable));
    REQUIRE(prox::test::run_until(loop, [&] { return writable; }));
    const auto outcome = prox::net::connect_outcome(socket->get());
    REQUIRE_FALSE(outcome);
    error = outcome.error();
  }
  CHECK(error.code == Errc::ConnectFailed);
  CHECK(error.side == Side::Upstream);
  CHECK(error.sys_errno == ECONNREFUSED);
  CHECK(error.retryable);
}
