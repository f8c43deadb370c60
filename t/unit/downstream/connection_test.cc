// A client connection's life around its requests: idle, draining, handed over, closed.
#include "prox/downstream/connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <string>
#include <vector>

#include "downstream/served.h"

using prox::downstream::Connection;
using prox::exchange::Exchange;
using prox::test::answer;
using prox::test::Served;

namespace {

const std::string kGet = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";

void answer_ok(Exchange& x) { answer(x, "ok"); }

}  // namespace

TEST_CASE("a connection is idle between requests, and kept once it has served one") {
  Served s;
  s.turn();
  CHECK(s.connection().is_idle());
  CHECK_FALSE(s.connection().is_kept_idle());
  s.send("GET / HT");
  CHECK_FALSE(s.connection().is_idle());
  s.send("TP/1.1\r\nHost: a\r\n\r\n");
  CHECK_FALSE(s.connection().is_idle());
  answer_ok(*s.script.current);
  s.turn();
  CHECK(s.connection().is_idle());
  CHECK(s.connection().is_kept_idle());
}

TEST_CASE("a connection that was handed over has served before") {
  Served s({}, true);
  s.turn();
  CHECK(s.connection().is_kept_idle());
}

TEST_CASE("all open connections are in the list, oldest first, and leave it when they close") {
  Served s;
  std::vector<prox::test::Peer> clients;
  for (int i = 0; i < 3; ++i) {
    auto [client, server] = prox::test::tcp_pair();
    clients.emplace_back(std::move(client));
    Connection::open(s.host, {*s.service, static_cast<std::uint32_t>(10 + i)}, std::move(server),
                     {}, false);
  }
  const auto listed = [&] {
    std::vector<std::uint32_t> listeners;
    s.host.connections().for_each(
        [&](Connection& connection) { listeners.push_back(connection.listener()); });
    CHECK(listeners.size() == s.host.connections().size());
    return listeners;
  };
  using Listeners = std::vector<std::uint32_t>;
  CHECK(listed() == Listeners{3, 10, 11, 12});
  clients[1].close();
  CHECK(s.run_until([&] { return s.host.closed == 1; }));
  CHECK(listed() == Listeners{3, 10, 12});
  // Who is visited may be closed.
  s.host.connections().for_each([](Connection& connection) { connection.close(); });
  CHECK(s.host.connections().empty());
  CHECK(s.host.closed == 4);
}

TEST_CASE("a connection that drains while it is idle is the host's to hand over") {
  Served s;
  s.script.on_start = answer_ok;
  s.send(kGet);
  s.host.draining = true;
  s.connection().drain();
  CHECK(s.host.idle == 1);
  CHECK(s.host.closed == 1);
}

TEST_CASE("a connection that drains with a request in flight answers it first") {
  Served s;
  s.send(kGet);
  s.host.draining = true;
  s.connection().drain();
  CHECK(s.host.idle == 0);
  answer_ok(*s.script.current);
  CHECK(s.got().ends_with("ok"));
  CHECK(s.host.idle == 1);
}

TEST_CASE(
    "a request that is on its way while its connection drains is answered, with Connection: close "
    "if it cannot be kept") {
  Served s;
  s.host.keeps = false;
  s.send("GET / HTTP/1.1\r\n");
  s.host.draining = true;
  s.connection().drain();
  CHECK(s.host.idle == 0);
  s.script.on_start = answer_ok;
  const std::string response = s.send("Host: a\r\n\r\n");
  CHECK(response.find("Connection: close\r\n") != std::string::npos);
  CHECK(response.ends_with("ok"));
  CHECK(s.wait_closed());
  CHECK(s.client.ended());
}

TEST_CASE("a detached connection's descriptor stays open, and the connection is no more") {
  Served s;
  s.script.on_start = answer_ok;
  s.send(kGet);
  const prox::base::Fd socket = s.connection().detach();
  REQUIRE(socket);
  s.turn();
  CHECK(s.host.connections().empty());
  CHECK(s.host.closed == 1);
  CHECK(s.row().connections == 0);
  CHECK_FALSE(s.client.ended());
  CHECK_FALSE(s.client.was_reset());
  REQUIRE(::send(socket.get(), "x", 1, MSG_NOSIGNAL) == 1);
  CHECK(s.run_until([&] {
    s.client.read();
    return s.client.received() == "x";
  }));
}

TEST_CASE(
    "a connection that is closed lets go of its exchange at once, and is freed after the turn") {
  Served s;
  s.send(kGet);
  CHECK(s.script.freed == 0);
  s.connection().close();
  CHECK(s.script.freed == 1);
  CHECK(s.row().active_requests == 0);
  s.turn();
  CHECK(s.world.blocks.in_use() == 0);
  CHECK(s.wait_closed());
}

TEST_CASE("aborting resets a client that has a part of its response, and no other") {
  {
    Served s;
    s.send(kGet);
    prox::test::begin_answer(*s.script.current, 200, {prox::http::BodyFraming::Kind::Length, 10});
    prox::test::send_part(*s.script.current, "half");
    s.turn();
    s.connection().abort();
    REQUIRE(s.wait_closed());
    CHECK(s.client.was_reset());
  }
  Served s;
  s.script.on_start = answer_ok;
  s.send(kGet);
  s.connection().abort();
  REQUIRE(s.wait_closed());
  CHECK(s.client.ended());
}

TEST_CASE(
    "a connection lingers for what its client still sends, so that the answer is not lost to a "
    "reset") {
  Served s;
  s.script.on_start = answer_ok;
  s.client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n");
  s.turn();
  CHECK(s.connection().state() == Connection::State::Lingering);
  // The client goes on for a while, before it looks at what it got.
  const std::string part(10'000, 'b');
  for (int i = 0; i < 20; ++i) {
    s.client.send_some(part);
    s.turn();
  }
  REQUIRE(s.run_until([&] { return s.client.ended() || s.client.was_reset(); }));
  CHECK(s.client.ended());
  CHECK(s.client.received().ends_with("ok"));
  s.client.close();
  CHECK(s.run_until([&] { return s.host.closed == 1; }));
}

TEST_CASE("a client that floods a lingering connection does not hold up the others") {
  Served s(prox::test::unix_pair(), {}, false);
  s.script.on_start = answer_ok;
  s.client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1000000000\r\n\r\n");
  s.turn();
  REQUIRE(s.connection().state() == Connection::State::Lingering);
  const std::string flood(1 << 20, 'f');
  REQUIRE_FALSE(s.client.send_some(flood).empty());
  prox::test::turn(s.world.loop);
  int unread = 0;
  REQUIRE(::ioctl(s.client.fd(), SIOCOUTQ, &unread) == 0);
  CHECK(unread > 0);
  s.turn();
  REQUIRE(::ioctl(s.client.fd(), SIOCOUTQ, &unread) == 0);
  CHECK(unread == 0);
}
