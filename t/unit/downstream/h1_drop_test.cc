// Requests that are never answered (actions.md §6).
#include <memory>
#include <string>
#include <vector>

#include "downstream/served.h"

using prox::exchange::DropMode;
using prox::exchange::Exchange;
using prox::exchange::ServiceLimits;
using prox::test::answer_with_target;
using prox::test::contains;
using prox::test::count;
using prox::test::kGet;
using prox::test::Served;

namespace {

const std::string kTwo =
    "GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /drop HTTP/1.1\r\nHost: a\r\n\r\n" + kGet;

void drop_all(Served& s, DropMode mode) {
  s.script.wants_body = false;
  s.script.on_start = [mode](Exchange& x) { x.sink->drop_exchange(mode); };
}

ServiceLimits hang_for(prox::base::Millis limit) {
  ServiceLimits limits;
  limits.write_timeout = limit;
  return limits;
}

}  // namespace

TEST_CASE("a request dropped with close gets nothing but the end") {
  Served s;
  drop_all(s, DropMode::Close);
  CHECK(s.send(kGet).empty());
  CHECK(s.wait_closed());
  CHECK(s.script.freed == 1);
  CHECK(s.row().active_requests == 0);
}

TEST_CASE("a request left hanging gets nothing, holds nothing, and ends with write_timeout") {
  Served s(hang_for(60));
  drop_all(s, DropMode::Hang);
  CHECK(s.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf a body").empty());
  CHECK(s.is_open());
  CHECK(s.connection().state() == prox::downstream::Connection::State::Hanging);
  CHECK(s.script.freed == 1);
  CHECK(s.row().active_requests == 0);
  CHECK(s.row().connections == 1);
  CHECK(s.world.blocks.in_use() == 0);
  CHECK(s.send(std::string(1000, 'x')).empty());  // is not read
  CHECK(s.world.blocks.in_use() == 0);
  REQUIRE(s.wait_closed());
  CHECK(s.client.received().empty());
  CHECK(s.row().connections == 0);
}

TEST_CASE("answers to earlier requests leave before a connection is dropped") {
  const DropMode mode = GENERATE(DropMode::Hang, DropMode::Close);
  Served s(hang_for(60));
  s.script.on_start = [mode](Exchange& x) {
    if (x.request.target == "/drop") return x.sink->drop_exchange(mode);
    answer_with_target(x);
  };
  const std::string got = s.send(kTwo);
  CHECK(count(got, "HTTP/1.1 200 OK") == 1);
  CHECK(contains(got, "/one"));
  CHECK(s.script.started == std::vector<std::string>{"/one", "/drop"});
  REQUIRE(s.wait_closed());
  CHECK(s.client.received().empty());
}

TEST_CASE("a client that gives up hanging is let go") {
  Served s;
  drop_all(s, DropMode::Hang);
  s.send(kGet);
  REQUIRE(s.row().connections == 1);
  s.client.close();
  CHECK(s.run_until([&] { return s.row().connections == 0; }));
}

TEST_CASE("above the limit the connection that has hung longest is closed") {
  Served s;  // its host lets two hang
  drop_all(s, DropMode::Hang);
  std::vector<std::unique_ptr<prox::test::Peer>> clients;
  for (int i = 0; i < 3; ++i) {
    auto pair = prox::test::tcp_pair();
    clients.push_back(std::make_unique<prox::test::Peer>(std::move(pair.first)));
    prox::downstream::Connection::open(s.host, {*s.service, 3}, std::move(pair.second),
                                       *prox::net::SocketAddress::from_literal("192.0.2.9", 999),
                                       false);
    clients.back()->send(kGet);
    prox::test::settle(s.world.loop);
  }
  CHECK((clients[0]->ended() || clients[0]->was_reset()));
  CHECK_FALSE(clients[1]->ended());
  CHECK_FALSE(clients[2]->ended());
  CHECK(s.host.hung().size() == 2);
  CHECK(s.host.hung().shed(1) == 1);
  prox::test::settle(s.world.loop);
  CHECK((clients[1]->ended() || clients[1]->was_reset()));
}

TEST_CASE("what hangs ends when the worker drains, and nothing begins to hang then") {
  Served s;
  drop_all(s, DropMode::Hang);
  SECTION("before") {
    s.send(kGet);
    s.connection().drain();
  }
  SECTION("after") {
    s.host.draining = true;
    s.send(kGet);
  }
  CHECK(s.wait_closed());
  CHECK(s.host.hung().size() == 0);
}
