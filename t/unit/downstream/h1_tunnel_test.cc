// A client's side of a tunnel: raw bytes and the end of each direction, without time limits.
#include <string>

#include "downstream/served.h"

using namespace prox::test;

namespace {

constexpr std::string_view kAsk =
    "GET /chat HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
constexpr std::string_view kSwitched =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX: y\r\n\r\n";

void begin_tunnel(Exchange& x) {
  x.response.clear();
  x.response.status = x.request.method == prox::http::Method::Connect ? 200 : 101;
  x.response.reason = prox::http::reason_phrase(x.response.status);
  if (x.response.status == 101) x.response.fields.add("X", "y", prox::http::FieldId::Other);
  x.head_sent = true;
  x.sink->begin_tunnel(x.response);
  x.sink->flush();
}

// Agrees to every request once it is complete.
struct Tunnelled : Served {
  explicit Tunnelled(const prox::exchange::ServiceLimits& limits = {}) : Served(limits) {
    script.on_end = [this](Exchange& x) {
      if (script.ended == 1) begin_tunnel(x);
    };
  }
  Exchange& x() { return *script.current; }
};

}  // namespace

TEST_CASE("a tunnel is told of in a 101, and raw bytes go both ways") {
  Tunnelled s;
  CHECK(s.send(kAsk) == kSwitched);
  CHECK(s.x().request.upgrade == "websocket");
  s.send("GET / HTTP/1.1\r\n\r\n\0\xff");
  CHECK(s.script.body == "GET / HTTP/1.1\r\n\r\n");
  send_part(s.x(), "raw\r\n");
  CHECK(s.got() == "raw\r\n");
  CHECK(s.row().bytes_in.load() > 0);
}

TEST_CASE("bytes right behind the request are the tunnel's") {
  Tunnelled s;
  s.send(std::string(kAsk) + "early");
  CHECK(s.script.body == "early");
}

TEST_CASE("bytes behind a request whose upgrade is not agreed to are the next request") {
  Served s;
  s.script.on_start = answer_with_target;
  const std::string got = s.send(std::string(kAsk) + kGet);
  CHECK(count(got, "HTTP/1.1 200 OK") == 2);
}

TEST_CASE("the client's end is told of, and leaves the other direction open") {
  Tunnelled s;
  s.send(kAsk);
  s.client.shut_down_writes();
  REQUIRE(s.run_until([&] { return s.script.ended == 2; }));
  CHECK(s.is_open());
  send_part(s.x(), "still here");
  CHECK(s.got() == "still here");
  end_answer(s.x());
  s.turn();
  s.x().sink->end_tunnel();
  CHECK(s.wait_closed());
  CHECK_FALSE(s.client.was_reset());
  CHECK(s.script.freed == 1);
}

TEST_CASE("our end is passed on, and leaves the client's direction open until it is delivered") {
  Tunnelled s;
  s.send(kAsk);
  send_part(s.x(), "bye");
  end_answer(s.x());
  CHECK(s.run_until([&] { return s.client.ended(); }));
  s.client.send("one more");
  CHECK(s.run_until([&] { return s.script.body == "one more"; }));
  s.client.shut_down_writes();
  REQUIRE(s.run_until([&] { return s.script.ended == 2; }));
  s.turn();
  CHECK(s.script.freed == 0);
  s.x().sink->end_tunnel();
  CHECK(s.run_until([&] { return s.script.freed == 1; }));
  CHECK(s.host.closed == 1);
}

TEST_CASE("the last bytes of a client that waits for nothing have idle_timeout to be delivered") {
  prox::exchange::ServiceLimits limits;
  limits.idle_timeout = 50;
  Tunnelled s(limits);
  s.send(kAsk);
  end_answer(s.x());
  REQUIRE(s.run_until([&] { return s.client.ended(); }));
  // While the client may send there is no limit.
  CHECK_FALSE(prox::test::run_until(
      s.world.loop, [&] { return s.script.freed == 1; }, 80));
  s.client.shut_down_writes();
  REQUIRE(s.run_until([&] { return s.script.ended == 2; }));
  CHECK(s.script.freed == 0);
  CHECK(s.run_until([&] { return s.script.freed == 1; }));
  CHECK(s.host.closed == 1);
}

TEST_CASE("a tunnel that is cut ends in a reset") {
  Tunnelled s;
  s.send(kAsk);
  s.x().sink->cut_response();
  REQUIRE(s.run_until([&] { return s.client.was_reset(); }));
  CHECK(s.script.freed == 1);
}

TEST_CASE("a client that resets ends the tunnel, whichever of its directions has ended") {
  for (const int ends : {0, 1, 2}) {
    CAPTURE(ends);
    Tunnelled s;
    s.send(kAsk);
    if (ends == 1) s.client.shut_down_writes();
    if (ends == 2) end_answer(s.x());
    s.turn();
    s.client.reset();
    CHECK(s.run_until([&] { return s.script.freed == 1; }));
  }
}

TEST_CASE("a client that resets while nothing is read from it ends the tunnel") {
  Tunnelled s;
  s.send(kAsk);
  s.script.wants_body = false;
  s.send("waits");
  s.client.reset();
  CHECK(s.run_until([&] { return s.script.freed == 1; }));
}

TEST_CASE("a handler that is backed up stops the reading of a tunnel") {
  Tunnelled s;
  s.send(kAsk);
  s.script.wants_body = false;
  s.send("waits");
  CHECK(s.script.body.empty());
  s.script.wants_body = true;
  s.x().sink->resume_request();
  s.turn();
  CHECK(s.script.body == "waits");
}

TEST_CASE("no time limit holds for a tunnel") {
  prox::exchange::ServiceLimits limits;
  limits.read_timeout = limits.write_timeout = limits.idle_timeout = limits.header_timeout = 40;
  Tunnelled s(limits);
  s.send(kAsk);
  CHECK_FALSE(run_until(
      s.world.loop, [&] { return s.script.freed > 0; }, 120));
  send_part(s.x(), "late");
  CHECK(s.got() == "late");
  CHECK_FALSE(run_until(
      s.world.loop, [&] { return s.script.freed > 0; }, 120));
}

TEST_CASE("a tunnel by CONNECT begins with an empty 200") {
  Tunnelled s;
  CHECK(s.send("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\nearly") ==
        "HTTP/1.1 200 OK\r\n\r\n");
  CHECK(s.script.body == "early");
}

TEST_CASE("a tunnel is not handed over or closed by a drain") {
  Tunnelled s;
  s.send(kAsk);
  s.host.draining = true;
  s.host.keeps = false;
  s.connection().drain();
  CHECK(s.is_open());
  s.connection().abort();
  CHECK(s.wait_closed());
  CHECK(s.client.was_reset());
}
