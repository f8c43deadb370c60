// The deadlines of an HTTP/1 connection (actions.md §2.11).
#include <string>

#include "downstream/served.h"

using prox::exchange::Exchange;
using prox::exchange::ServiceLimits;
using prox::test::answer;
using prox::test::answer_with_target;
using prox::test::begin_answer;
using prox::test::body_of;
using prox::test::contains;
using prox::test::kGet;
using prox::test::send_part;
using prox::test::Served;
using Kind = prox::http::BodyFraming::Kind;

TEST_CASE("a connection on which nothing comes is closed in silence") {
  ServiceLimits limits;
  limits.read_timeout = 30;
  limits.header_timeout = 20;
  Served s(limits);
  REQUIRE(s.wait_closed());
  CHECK(s.client.received().empty());
}

TEST_CASE("a head that takes too long is 408") {
  ServiceLimits limits;
  limits.header_timeout = 30;
  Served s(limits);
  s.client.send("GET / HTTP/1.1\r\nHo");
  REQUIRE(s.wait_closed());
  CHECK(s.client.received().starts_with("HTTP/1.1 408 "));
  CHECK(contains(s.client.received(), "Connection: close\r\n"));
  CHECK(s.script.started.empty());
}

TEST_CASE("a body that takes too long is 408, and the handler is let go") {
  ServiceLimits limits;
  limits.read_timeout = 40;
  Served s(limits);
  s.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  CHECK(s.script.started.size() == 1);
  REQUIRE(s.wait_closed());
  CHECK(s.client.received().starts_with("HTTP/1.1 408 "));
  CHECK(s.script.freed == 1);
}

TEST_CASE("the time for a request ends with it: the response may take longer") {
  ServiceLimits limits;
  limits.read_timeout = 20;
  limits.header_timeout = 20;
  limits.idle_timeout = 20;
  Served s(limits);
  s.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
  CHECK_FALSE(prox::test::run_until(
      s.world.loop, [&] { return !s.is_open(); }, 60));
  REQUIRE(s.script.current != nullptr);
  answer(*s.script.current, "late");
  CHECK(body_of(s.got()) == "late");
}

TEST_CASE("a kept connection is closed in silence when its idle time is over") {
  ServiceLimits limits;
  limits.idle_timeout = 40;
  Served s(limits);
  s.script.on_start = answer_with_target;
  s.send(kGet);
  REQUIRE(s.wait_closed());
  CHECK(s.client.received().empty());
  CHECK(s.client.ended());
}

TEST_CASE("a connection that was handed over has its idle time for the next request") {
  ServiceLimits limits;
  limits.read_timeout = 10;
  limits.header_timeout = 10;
  limits.idle_timeout = 60;
  const auto begun = prox::test::real_millis();
  Served s(limits, true);
  REQUIRE(s.wait_closed());
  CHECK(prox::test::real_millis() - begun >= 50);
}

TEST_CASE("without limits nothing is closed") {
  ServiceLimits limits;
  limits.read_timeout = limits.header_timeout = limits.write_timeout = limits.idle_timeout = 0;
  Served s(limits);
  s.script.on_start = answer_with_target;
  CHECK_FALSE(prox::test::run_until(
      s.world.loop, [&] { return !s.is_open(); }, 30));
  CHECK(body_of(s.send(kGet)) == "/");
  CHECK_FALSE(prox::test::run_until(
      s.world.loop, [&] { return !s.is_open(); }, 30));
}

TEST_CASE("a client that does not read its response in time is reset") {
  ServiceLimits limits;
  limits.write_timeout = 40;
  Served s(limits);
  s.script.on_start = [](Exchange& x) { answer(x, std::string(8 << 20, 'x')); };
  s.client.send(kGet);
  REQUIRE(s.run_until([&] { return s.host.closed == 1; }));
  s.client.read();
  CHECK(s.client.was_reset());
}

TEST_CASE("a handler that begins and does not go on is cut when the write time is over") {
  ServiceLimits limits;
  limits.write_timeout = 40;
  Served s(limits);
  s.send(kGet);
  begin_answer(*s.script.current, 200, {Kind::Length, 10});
  send_part(*s.script.current, "half");
  REQUIRE(s.wait_closed());
  CHECK(s.script.freed == 1);
}
