// What becomes of a connection before TLS (actions.md §7): decided by its ClientHello.
#include <memory>
#include <string>
#include <vector>

#include "downstream/served.h"
#include "tls/hello.h"

using namespace prox;
using downstream::Connection;
using routing::L4Verdict;
using test::hello_for;
using test::kGet;
using test::Peer;

namespace {

// a.test is passed to the world's origin, bad.test is dropped, web.test is for requests; as many connections as a test wants.
struct Edge {
  Edge() {
    std::vector<routing::L4Table::Route> table;
    const char* names[] = {"a.test", "bad.test", "web.test"};
    const L4Verdict verdicts[] = {L4Verdict::Pass, L4Verdict::Drop, L4Verdict::Serve};
    for (std::uint32_t i = 0; i < 3; ++i)
      table.push_back({i, verdicts[i], routing::DomainPattern(names[i]), {}, {}});
    service->l4.emplace(std::move(table));
    service->routes.resize(3);
    service->routes.front().action = std::make_unique<test::ScriptedAction>(script);
    service->routes.front().pass_to = &world.target();
  }
  ~Edge() {
    host.connections().for_each([](Connection& connection) { connection.close(); });
    test::settle(world.loop);
  }
  Peer& connect(bool is_handed_over = false) {
    auto pair = test::tcp_pair();
    clients.push_back(std::make_unique<Peer>(std::move(pair.first)));
    Connection::open(host, {*service, 0}, std::move(pair.second),
                     *net::SocketAddress::from_literal("192.0.2.9", 999), is_handed_over);
    return *clients.back();
  }
  Connection& connection() {
    Connection* only = nullptr;
    host.connections().for_each([&](Connection& c) { only = &c; });
    REQUIRE(only != nullptr);
    return *only;
  }
  bool is_closed(Peer& client) {
    return test::run_until(world.loop, [&] { return client.ended() || client.was_reset(); });
  }

  test::World world;
  test::Script script;
  std::unique_ptr<exchange::Service> service =
      test::service_with(std::make_unique<test::ScriptedAction>(script));
  test::FakeHost host{world};
  std::vector<std::unique_ptr<Peer>> clients;
};

}  // namespace

TEST_CASE("a passed connection is relayed, and counts until its end") {
  Edge e;
  Peer& client = e.connect();
  client.send(hello_for("a.test"));
  Peer& target = e.world.origin().accept(e.world.loop);
  CHECK(test::read_until(e.world.loop, target, hello_for("a.test")) == hello_for("a.test"));
  CHECK(e.connection().state() == Connection::State::Passing);
  CHECK(e.host.peeking().size() == 0);
  CHECK(e.world.row.connections == 1);
  target.reset();
  CHECK(test::run_until(e.world.loop, [&] { return client.was_reset(); }));
  CHECK(e.world.row.connections == 0);
  CHECK(e.host.closed == 1);
}

TEST_CASE("a passed connection whose target is away is closed") {
  Edge e;
  e.world.origin().stop();
  Peer& client = e.connect();
  client.send(hello_for("a.test"));
  CHECK(e.is_closed(client));
  CHECK(e.world.row.connections == 0);
}

TEST_CASE("a dropped name is closed and counted") {
  Edge e;
  Peer& client = e.connect();
  client.send(hello_for("bad.test"));
  CHECK(e.is_closed(client));
  CHECK(client.received().empty());
  CHECK(e.world.row.dropped_total == 1);
}

TEST_CASE("what is not TLS goes on to HTTP with its first byte") {
  Edge e;
  e.service->routes.front().pass_to = nullptr;
  e.script.on_start = test::answer_with_target;
  Peer& client = e.connect();
  client.send(kGet);
  CHECK(test::read_until(e.world.loop, client, "/").starts_with("HTTP/1.1 200"));
  CHECK(e.connection().state() == Connection::State::Open);
}

TEST_CASE("a name for HTTP, or without a route, goes on untouched") {
  Edge e;
  const std::string name = GENERATE("web.test", "other.org", "");
  Peer& client = e.connect();
  client.send(hello_for(name));
  // The service has no TLS: its HTTP server sees the hello's first byte.
  CHECK(test::read_until(e.world.loop, client, "Bad Request\n").starts_with("HTTP/1.1 400"));
}

TEST_CASE("a request for a passed name is misdirected") {
  Edge e;
  Peer& client = e.connect();
  client.send(kGet);  // the router of this service takes everything to its first route
  CHECK(
      test::read_until(e.world.loop, client, "Misdirected Request\n").starts_with("HTTP/1.1 421"));
  CHECK(e.script.started.empty());
  CHECK(e.connection().state() == Connection::State::Open);
}

TEST_CASE("the wait for a hello has its time") {
  Edge e;
  e.service->limits.peek_timeout = 40;
  Peer& silent = e.connect();
  CHECK(e.is_closed(silent));
  e.service->limits.peek_timeout = 0;
  Peer& patient = e.connect();
  CHECK_FALSE(test::run_until(
      e.world.loop, [&] { return patient.ended(); }, 60));
}

TEST_CASE("above the limit the one that waits longest is closed") {
  Edge e;  // its host lets two wait
  Peer& first = e.connect();
  Peer& second = e.connect();
  e.connect();
  CHECK(e.is_closed(first));
  CHECK_FALSE(second.ended());
  CHECK(e.host.peeking().size() == 2);
}

TEST_CASE("a connection that is still untouched can be handed over when the worker drains") {
  Edge e;
  Peer& client = e.connect();
  client.send("\x16\x03");
  test::settle(e.world.loop);
  REQUIRE(e.connection().is_untouched());
  SECTION("as a descriptor") {
    Peer socket(e.connection().detach());
    CHECK(socket.take() == "\x16\x03");
    CHECK(e.world.row.connections == 0);
  }
  SECTION("if its host wants it") {
    e.connection().drain();
    CHECK(e.host.idle == 1);
  }
}

TEST_CASE("a kept connection from the last generation has no hello to wait for") {
  Edge e;
  e.connect(true);
  CHECK(e.connection().state() == Connection::State::Open);
}
