#include "prox/net/connector.h"

#include <optional>
#include <string>
#include <vector>

#include "net/fake_dns.h"

using prox::base::Errc;
using prox::base::Fd;
using prox::base::Side;
using prox::net::Connector;
using prox::net::Loop;
using prox::net::Resolver;
using prox::net::Result;
using prox::net::SocketAddress;
using prox::test::FakeDns;
using prox::test::listen_on;
using prox::test::Listening;
using prox::test::run_until;
using prox::test::settle;

namespace {

struct Attempt {
  explicit Attempt(Loop& loop) : connector(loop, &Attempt::call, this) {}
  static void call(void* self, Result<Fd> outcome) {
    auto* attempt = static_cast<Attempt*>(self);
    ++attempt->calls;
    if (outcome) {
      attempt->socket = std::move(*outcome);
    } else {
      attempt->error = outcome.error();
    }
  }
  bool is_over() const { return calls > 0; }
  std::string peer() const {
    const auto address = SocketAddress::peer_of(socket.get());
    return address ? address->text() : "none";
  }

  Connector connector;
  Fd socket;
  std::optional<prox::base::Error> error;
  int calls = 0;
};

struct Net {
  Loop loop;
  FakeDns dns{loop};
  Resolver resolver{loop, dns.servers()};
};

// A port of 127.0.0.1 that was free a moment ago, at which every connection is refused.
SocketAddress refusing() { return listen_on("127.0.0.1").address; }

// Listens and accepts nobody: once its queue is full, a connection to it neither succeeds nor fails.
struct BlackHole {
  explicit BlackHole(std::string_view ip, std::uint16_t port = 0)
      : listening(listen_on(ip, port, 0)) {
    for (int i = 0; i < 8; ++i) {
      Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(socket.get(), listening.address.get(), listening.address.length());
      queued.push_back(std::move(socket));
    }
  }
  Listening listening;
  std::vector<Fd> queued;
};

}  // namespace

TEST_CASE("a connection to an address that listens succeeds, later and once") {
  Net net;
  const Listening listening = listen_on("127.0.0.1");
  Attempt attempt(net.loop);
  attempt.connector.connect(listening.address, 5'000, 30);
  REQUIRE(run_until(net.loop, [&] { return attempt.is_over(); }));
  REQUIRE(attempt.socket);
  CHECK(attempt.peer() == listening.address.text());
  settle(net.loop);
  CHECK(attempt.calls == 1);
}

// Edge-triggered, and registered once: what the kernel has told the connector, its owner need not ask for.
TEST_CASE("an owner who goes on watching is told of everything behind the connection") {
  struct Watcher {
    explicit Watcher(Net& n)
        : net(n), connector(n.loop, &Watcher::on_outcome, this, &Watcher::on_connected) {}
    static void on_connected(void* self, int socket) {
      auto* w = static_cast<Watcher*>(self);
      CHECK_FALSE(w->socket);
      REQUIRE(w->event.add(w->net.loop, socket, Connector::kWatched, &Watcher::on_event, self));
    }
    static void on_outcome(void* self, Result<Fd> outcome) {
      REQUIRE(outcome);
      static_cast<Watcher*>(self)->socket = std::move(*outcome);
    }
    static void on_event(int, short what, void* self) { static_cast<Watcher*>(self)->told |= what; }

    Net& net;
    Connector connector;
    Fd socket;
    prox::net::Event event;
    int told = 0;
  };
  Net net;
  const Listening listening = listen_on("127.0.0.1");
  Watcher watcher(net);
  watcher.connector.connect(listening.address, 5'000, 0);
  REQUIRE(run_until(net.loop, [&] { return static_cast<bool>(watcher.socket); }));
  settle(net.loop);
  CHECK(watcher.event.is_added());
  CHECK((watcher.told & EV_READ) == 0);
  Fd peer(::accept4(listening.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  REQUIRE(peer);
  REQUIRE(::send(peer.get(), "x", 1, MSG_NOSIGNAL) == 1);
  CHECK(run_until(net.loop, [&] { return (watcher.told & EV_READ) != 0; }));
  peer.reset();
  CHECK(run_until(net.loop, [&] { return (watcher.told & EV_CLOSED) != 0; }));
}

TEST_CASE("a refused connection fails as the target's, and may be tried elsewhere") {
  Net net;
  Attempt attempt(net.loop);
  attempt.connector.connect(refusing(), 5'000, 0);
  REQUIRE(run_until(net.loop, [&] { return attempt.is_over(); }));
  REQUIRE(attempt.error);
  CHECK(attempt.error->code == Errc::ConnectFailed);
  CHECK(attempt.error->side == Side::Upstream);
  CHECK(attempt.error->sys_errno == ECONNREFUSED);
  CHECK(attempt.error->retryable);
}

TEST_CASE("a target that does not answer fails when the time is over") {
  Net net;
  const BlackHole hole("127.0.0.1");
  Attempt attempt(net.loop);
  const auto begun = prox::test::real_millis();
  attempt.connector.connect(hole.listening.address, 60, 0);
  REQUIRE(run_until(net.loop, [&] { return attempt.is_over(); }));
  REQUIRE(attempt.error);
  CHECK(attempt.error->code == Errc::ConnectTimedOut);
  CHECK(attempt.error->side == Side::Upstream);
  CHECK(prox::test::real_millis() - begun >= 50);
  settle(net.loop);
  CHECK(attempt.calls == 1);
}

TEST_CASE("the time limit covers the name") {
  Net net;
  net.dns.names["silent.test"].is_silent = true;
  Attempt attempt(net.loop);
  attempt.connector.connect(net.resolver, "silent.test", 80, 60, 0);
  REQUIRE(run_until(net.loop, [&] { return attempt.is_over(); }));
  REQUIRE(attempt.error);
  CHECK(attempt.error->code == Errc::ConnectTimedOut);
}

TEST_CASE("a name is resolved and connected to") {
  Net net;
  const Listening listening = listen_on("127.0.0.1");
  net.dns.names["one.test"] = {{"127.0.0.1"}};
  Attempt attempt(net.loop);
  attempt.connector.connect(net.resolver, "one.test", listening.port, 5'000, 0);
  REQUIRE(run_until(net.loop, [&] { return attempt.is_over(); }));
  CHECK(attempt.peer() == listening.address.text());
}

TEST_CASE("a name that does not resolve fails as such") {
  Net net;
  Attempt attempt(net.loop);
  attempt.connector.connect(net.resolver, "gone.test", 80, 5'000, 0);
  REQUIRE(run_until(net.loop, [&] { return attempt.is_over(); }));
  REQUIRE(attempt.error);
  CHECK(attempt.error->code == Errc::ResolveFailed);

  Attempt again(net.loop);  // known by now: fails before connect() returns, or soon
  again.connector.connect(net.resolver, "gone.test", 80, 5'000, 0);
  REQUIRE(run_until(net.loop, [&] { return again.is_over(); }));
  CHECK(again.error->code == Errc::ResolveFailed);
  CHECK(again.calls == 1);
}

TEST_CASE("when the first address refuses, the next one is tried at once") {
  Net net;
  const Listening listening = listen_on("127.0.0.1");
  net.dns.names["many.test"] = {{"127.0.0.2", "127.0.0.3", "127.0.0.1"}};
  Attempt attempt(net.loop);
  const auto begun = prox::test::real_millis();
  attempt.connector.connect(net.resolver, "many.test", listening.port, 5'000, 0);
  REQUIRE(run_until(net.loop, [&] { return attempt.is_over(); }));
  CHECK(attempt.peer() == listening.address.text());
  CHECK(prox::test::real_millis() - begun < 240);
}

TEST_CASE(
    "when the first address is silent, the next one joins the race, and the first to answer wins") {
  Net net;
  const Listening listening = listen_on("127.0.0.1");
  const BlackHole hole("127.0.0.2", listening.port);
  net.dns.names["many.test"] = {{"127.0.0.2", "127.0.0.1"}};
  Attempt attempt(net.loop);
  const auto begun = prox::test::real_millis();
  attempt.connector.connect(net.resolver, "many.test", listening.port, 5'000, 0);
  REQUIRE(run_until(net.loop, [&] { return attempt.is_over(); }));
  CHECK(attempt.peer() == listening.address.text());
  CHECK(prox::test::real_millis() - begun >= 240);
}

TEST_CASE("a refusal does not end the race while another address is still open") {
  Net net;
  const BlackHole hole("127.0.0.2");
  net.dns.names["many.test"] = {{"127.0.0.2", "127.0.0.1"}};
  Attempt attempt(net.loop);
  attempt.connector.connect(net.resolver, "many.test", hole.listening.port, 400, 0);
  REQUIRE(run_until(net.loop, [&] { return attempt.is_over(); }));
  REQUIRE(attempt.error);
  CHECK(attempt.error->code == Errc::ConnectTimedOut);
}

TEST_CASE("when all addresses refuse, that is the failure") {
  Net net;
  const std::uint16_t port = listen_on("127.0.0.1").port;
  net.dns.names["many.test"] = {{"127.0.0.2", "127.0.0.3", "127.0.0.1"}};
  Attempt attempt(net.loop);
  attempt.connector.connect(net.resolver, "many.test", port, 5'000, 0);
  REQUIRE(run_until(net.loop, [&] { return attempt.is_over(); }));
  REQUIRE(attempt.error);
  CHECK(attempt.error->code == Errc::ConnectFailed);
  CHECK(attempt.calls == 1);
}

TEST_CASE("an attempt that is cancelled calls nobody") {
  Net net;
  const Listening listening = listen_on("127.0.0.1");
  net.dns.names["one.test"] = {{"127.0.0.1"}};
  Attempt by_address(net.loop);
  by_address.connector.connect(listening.address, 10, 0);
  by_address.connector.cancel();
  Attempt by_name(net.loop);
  by_name.connector.connect(net.resolver, "one.test", listening.port, 10, 0);
  by_name.connector.cancel();
  Attempt other(net.loop);
  other.connector.connect(net.resolver, "one.test", listening.port, 5'000, 0);
  REQUIRE(run_until(net.loop, [&] { return other.is_over(); }));
  settle(net.loop);
  CHECK(by_address.calls == 0);
  CHECK(by_name.calls == 0);
}

TEST_CASE("a connector that goes away ends its attempt") {
  Net net;
  const BlackHole hole("127.0.0.1");
  int calls = 0;
  {
    Connector connector(
        net.loop, [](void* n, Result<Fd>) { ++*static_cast<int*>(n); }, &calls);
    connector.connect(hole.listening.address, 5, 0);
  }
  Attempt later(net.loop);
  later.connector.connect(hole.listening.address, 40, 0);
  REQUIRE(run_until(net.loop, [&] { return later.is_over(); }));
  CHECK(calls == 0);
}

TEST_CASE("a connector can be used again after its outcome") {
  Net net;
  const Listening listening = listen_on("127.0.0.1");
  Attempt attempt(net.loop);
  attempt.connector.connect(refusing(), 5'000, 0);
  REQUIRE(run_until(net.loop, [&] { return attempt.calls == 1; }));
  attempt.connector.connect(listening.address, 5'000, 0);
  REQUIRE(run_until(net.loop, [&] { return attempt.calls == 2; }));
  CHECK(attempt.socket);
}
