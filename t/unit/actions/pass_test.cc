#include "prox/actions/pass.h"

#include <memory>

#include "exchange/world.h"

using namespace prox;
using test::run_until;

namespace {

struct Passed {
  Passed() : Passed(test::tcp_pair()) {}
  explicit Passed(std::pair<test::Fd, test::Fd> pair)
      : client(std::move(pair.second)), socket(std::move(pair.first)) {}
  void start() { pass.start(world.target(), std::move(socket)); }
  bool wait_over() {
    return run_until(world.loop, [&] { return over > 0; });
  }

  test::World world;
  test::AccessLines written{world};
  test::Peer client;
  test::Fd socket;
  int over = 0;
  actions::Pass pass{world.context,
                     {"web", "web:0", "a.test", "192.0.2.1", "there", test::kLogged},
                     [](void* self) { ++static_cast<Passed*>(self)->over; },
                     this};
};

}  // namespace

TEST_CASE("what the client has sent already reaches the target first, and the bytes are counted") {
  Passed p;
  p.client.send("hello");
  p.start();
  test::Peer& target = p.world.origin().accept(p.world.loop);
  CHECK(test::read_until(p.world.loop, target, "hello") == "hello");
  target.send("good day");
  CHECK(test::read_until(p.world.loop, p.client, "day") == "good day");
  p.client.close();
  REQUIRE(run_until(p.world.loop, [&] { return target.ended(); }));
  target.close();
  REQUIRE(p.wait_over());
  CHECK(p.over == 1);
  CHECK(p.world.row.passed_total == 1);
  CHECK(p.world.row.bytes_in == 5);
  CHECK(p.world.row.bytes_out == 8);
  const base::Json line = p.written.line();
  CHECK(line["proto"] == "tls-pass");
  CHECK(line["sni"] == "a.test");
  CHECK(line["bytes_in"] == 5);
  CHECK(line["bytes_out"] == 8);
  CHECK(line["upstream_connect_ms"] >= 0);
  CHECK_FALSE(line.contains("error"));
}

TEST_CASE("a target that refuses ends it") {
  Passed p;
  p.world.origin().stop();
  p.start();
  REQUIRE(p.wait_over());
  CHECK((p.client.ended() || p.client.was_reset()));
  CHECK(p.world.row.bytes_in == 0);
  const base::Json line = p.written.line();
  CHECK(line["error"] == "connect_refused");
  CHECK_FALSE(line.contains("upstream_connect_ms"));
}

TEST_CASE("a target whose name has no address ends it") {
  Passed p;
  p.world.target().literal.reset();
  p.world.target().address.host = "no.such.host.invalid";
  p.world.target().connect_timeout = 50;  // the DNS server of the tests answers nobody
  p.start();
  REQUIRE(p.wait_over());
  CHECK((p.client.ended() || p.client.was_reset()));
}

TEST_CASE("ended from our side, it resets both and calls nobody") {
  Passed p;
  p.client.send("hello");
  p.start();
  SECTION("while it connects") { p.pass.close(); }
  SECTION("while it relays") {
    test::Peer& target = p.world.origin().accept(p.world.loop);
    test::read_until(p.world.loop, target, "hello");
    p.pass.close();
    CHECK(run_until(p.world.loop, [&] { return target.was_reset(); }));
    CHECK(p.world.row.bytes_in == 5);
  }
  CHECK(run_until(p.world.loop, [&] { return p.client.ended() || p.client.was_reset(); }));
  CHECK(p.over == 0);
  CHECK(p.written.line()["error"] == "shutdown");
}
