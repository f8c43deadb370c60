#include "prox/downstream/leaving_exchanges.h"

#include <string>
#include <vector>

#include "downstream/served.h"

using namespace prox;
using base::Json;
using exchange::Exchange;
using test::answer;
using test::Fd;
using test::kGet;
using test::Served;

namespace {

constexpr std::size_t kLarge = 16 << 20;  // more than sockets hold

// A connection whose requests have lines.
struct Logged : Served {
  explicit Logged(const exchange::ServiceLimits& limits = {},
                  std::pair<Fd, Fd> pair = test::tcp_pair())
      : Served(std::move(pair), limits, false) {
    service->access = service->routes[0].access = test::kLogged;
  }
  // The client takes everything that comes, until there are so many lines.
  std::vector<Json> lines_after_reading(std::size_t count) {
    std::vector<Json> all;
    REQUIRE(run_until([&] {
      client.take();
      for (Json& line : written.lines()) all.push_back(std::move(line));
      return all.size() >= count;
    }));
    return all;
  }
  test::AccessLines written{world};
};

void answer_much(Exchange& x) { answer(x, std::string(kLarge, 'x')); }

}  // namespace

TEST_CASE("a line is there when its response has left") {
  Logged s;
  s.script.on_start = [](Exchange& x) { answer(x, "hello"); };
  s.send(kGet);
  const Json line = s.written.line();
  CHECK(line["bytes_out"] == 5);
  CHECK(line["client_ip"] == "192.0.2.9");
  CHECK_FALSE(line.contains("error"));
}

TEST_CASE("a response that is made but not read has no line before it is") {
  Logged s;
  s.script.on_start = answer_much;
  s.client.send(kGet);
  s.turn();
  CHECK(s.script.freed == 1);
  CHECK(s.written.lines().empty());
  const Json line = s.lines_after_reading(1)[0];
  CHECK(line["bytes_out"] == kLarge);
  CHECK_FALSE(line.contains("error"));
}

TEST_CASE("pipelined requests have their lines in order, each when its own response has left") {
  Logged s;
  s.script.on_start = [](Exchange& x) {
    if (x.request.target == "/large") return answer_much(x);
    answer(x, x.request.target);
  };
  const std::string head = " HTTP/1.1\r\nHost: a.test\r\n\r\n";
  s.client.send("GET /first" + head + "GET /large" + head + "GET /last" + head);
  s.turn();
  const std::vector<Json> before = s.written.lines();
  REQUIRE(before.size() == 1);
  CHECK(before[0]["path"] == "/first");
  const std::vector<Json> after = s.lines_after_reading(2);
  CHECK(after[0]["path"] == "/large");
  CHECK(after[1]["path"] == "/last");
}

TEST_CASE("few exchanges wait for a client that sends requests and reads no answer") {
  exchange::ServiceLimits limits;
  limits.max_requests_per_conn = 0;
  Logged s(limits, test::unix_pair());
  s.script.on_start = [](Exchange& x) {
    test::begin_answer(x, 204, {});
    test::end_answer(x);
  };
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += kGet;
  std::size_t sent = 0, lines = 0;
  // Until a turn answers nothing any more.
  for (std::size_t before = 1; before != s.script.started.size(); sent += 100) {
    before = s.script.started.size();
    s.client.send(requests);
    s.turn();
    lines += s.written.lines().size();
  }
  CHECK(s.script.started.size() - lines <= 32);
  s.lines_after_reading(sent - lines);
  CHECK(s.script.started.size() == sent);
}

TEST_CASE("what never leaves is told by its reason, and does not count as sent") {
  Logged s;
  s.script.on_start = answer_much;
  s.client.send(kGet);
  s.turn();
  s.client.reset();
  s.turn();
  const Json line = s.written.line();
  CHECK(line["error"] == "client_reset");
  CHECK(line["status"] == 200);
  CHECK(line["bytes_out"] > 0);
  CHECK(line["bytes_out"] < kLarge);
}

TEST_CASE("a client that does not read in time is told so") {
  exchange::ServiceLimits limits;
  limits.write_timeout = 50;
  Logged s(limits);
  s.script.on_start = answer_much;
  s.client.send(kGet);
  std::vector<Json> lines;
  REQUIRE(s.run_until([&] { return !(lines = s.written.lines()).empty(); }));
  CHECK(lines[0]["error"] == "write_timeout");
}

TEST_CASE("a worker that stops tells what it cut off") {
  Logged s;
  s.script.on_start = answer_much;
  s.client.send(kGet);
  s.turn();
  s.connection().abort();
  CHECK(s.written.line()["error"] == "shutdown");
}

TEST_CASE("where nobody wants lines no exchange waits for its response to leave") {
  Logged s;
  s.service->routes[0].access = test::kQuiet;
  s.script.on_start = answer_much;
  s.client.send(kGet);
  s.turn();
  CHECK(s.world.blocks.in_use() > 0);
  s.client.reset();
  s.turn();
  CHECK(s.written.lines().empty());
}
