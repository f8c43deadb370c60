#include "prox/exchange/access_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "exchange/world.h"
#include "prox/base/log.h"
#include "prox/base/timestamp.h"

using namespace prox;
using base::Json;
using exchange::AccessRule;

namespace {

struct Begun {
  Begun() {
    service->access = service->routes[0].access = test::kLogged;
    service->routes[0].action_name = "there";
    x.context = &world.context;
    x.service = service.get();
    x.client_ip = "192.0.2.1";
    x.access.started = world.loop.turn_time();
    x.access.status = 200;
  }
  void request(std::string_view head) {
    text = head;
    test::read_request(x, text);
  }
  Json line() {
    exchange::log_access(x);
    return written.line();
  }

  test::World world;
  test::AccessLines written{world};
  std::unique_ptr<exchange::Service> service = test::service_with(nullptr);
  std::string text;
  exchange::Exchange x;
};

const std::string kGet = "GET /p?q=1 HTTP/1.1\r\nHost: a.test:8080\r\n\r\n";

// What goes to stderr meanwhile.
class CapturedStderr {
 public:
  CapturedStderr() : saved_(::dup(STDERR_FILENO)) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) == 0);
    reader_ = base::Fd(ends[0]);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
  }
  ~CapturedStderr() { ::dup2(saved_.get(), STDERR_FILENO); }
  std::string text() const {
    std::string text(4096, '\0');
    const ssize_t n = ::read(reader_.get(), text.data(), text.size());
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
  }

 private:
  base::Fd saved_;
  base::Fd reader_;
};

struct AtLevel {
  explicit AtLevel(base::log::Level level) : before(base::log::level()) {
    base::log::set_level(level);
  }
  ~AtLevel() { base::log::set_level(before); }
  base::log::Level before;
};

}  // namespace

TEST_CASE("a line tells what the request's head says, and what became of it") {
  Begun b;
  b.request("GET /p?q=1 HTTP/1.0\r\nHost: a.test:8080\r\nUSER-AGENT: curl \"8\"\r\n\r\n");
  b.x.route = &b.service->routes[0];
  static const exchange::ClientTls tls{"a.test", "", "", "TLSv1.3"};
  b.x.client_tls = &tls;
  b.x.access.bytes_in = 3;
  b.x.access.bytes_out = 7;
  b.x.access.upstream = "10.0.0.1:80";
  b.x.access.upstream_status = 203;
  b.x.access.upstream_started = b.x.access.started + 10;
  b.x.access.connected = b.x.access.started + 1'010;
  b.x.access.answered = b.x.access.started + 5'010;
  b.x.access.retries = 1;
  b.x.access.error = "upstream_reset";
  Json line = b.line();
  CHECK(line["duration_ms"].is_number_float());
  CHECK(line["ts"].get<std::string>().size() == 27);
  line.erase("duration_ms");
  line.erase("ts");
  CHECK(line == Json{{"service", "web"},
                     {"method", "GET"},
                     {"path", "/p"},
                     {"status", 200},
                     {"bytes_out", 7},
                     {"client_ip", "192.0.2.1"},
                     {"user_agent", "curl \"8\""},
                     {"route", "web:0"},
                     {"action", "there"},
                     {"host", "a.test:8080"},
                     {"query", "q=1"},
                     {"proto", "HTTP/1.0"},
                     {"tls", "TLSv1.3"},
                     {"bytes_in", 3},
                     {"upstream", "10.0.0.1:80"},
                     {"upstream_status", 203},
                     {"upstream_ms", 5.0},
                     {"upstream_connect_ms", 1.0},
                     {"retries", 1},
                     {"error", "upstream_reset"}});
}

TEST_CASE("the time of a line is when its request began") {
  Begun b;
  b.request(kGet);
  b.x.access.started -= 2'500'000;
  const std::int64_t now = base::wall_nanos();
  const Json line = b.line();
  CHECK(line["duration_ms"] >= 2500.0);
  CHECK(line["duration_ms"] < 7500.0);
  std::array<char, base::kMaxTimestamp> text{};
  // The second it began in, or the one after where the test was interrupted.
  const std::string stamp = line["ts"];
  bool found = false;
  for (const std::int64_t second : {2, 3})
    found = found || stamp.substr(0, 19) ==
                         std::string(text.data(), base::write_timestamp(
                                                      now - second * 1'000'000'000, 6, text.data()))
                             .substr(0, 19);
  CHECK(found);
}

TEST_CASE("a client that left before the answer's head is 499, whatever it left by") {
  for (const std::string_view why : {exchange::kClientClosed, exchange::kClientReset}) {
    Begun b;
    b.request(kGet);
    b.x.access.status = 0;
    b.x.access.note(why);
    const Json line = b.line();
    CHECK(line["status"] == 499);
    CHECK(line["error"] == std::string(why));
  }
  Begun b;
  b.request(kGet);
  b.x.access.status = 0;
  b.x.access.note(exchange::kShutdown);
  CHECK(b.line()["status"] == 0);
}

TEST_CASE("the first thing that went wrong is told") {
  Begun b;
  b.request(kGet);
  b.x.access.note("header_timeout");
  b.x.access.note(exchange::kClientReset);
  CHECK(b.line()["error"] == "header_timeout");
}

TEST_CASE("an exchange that never had a request, or whose rule is off, has no line") {
  Begun b;
  exchange::log_access(exchange::Exchange{});
  b.request(kGet);
  b.service->access = test::kQuiet;
  CHECK_FALSE(exchange::wants_access_line(b.x));
  exchange::log_access(b.x);
  CHECK(b.written.lines().empty());
}

TEST_CASE("lines of routes and of no route go where each says") {
  Begun b;
  b.request(kGet);
  b.service->access = test::kQuiet;
  b.x.route = &b.service->routes[0];
  CHECK(b.line()["route"] == "web:0");
}

TEST_CASE("lines leave together within a tenth of a second") {
  Begun b;
  b.request(kGet);
  exchange::log_access(b.x);
  exchange::log_access(b.x);
  CHECK(b.written.take().empty());
  std::string batch;
  REQUIRE(test::run_until(b.world.loop, [&] { return !(batch = b.written.take()).empty(); }));
  CHECK(std::count(batch.begin(), batch.end(), '\n') == 2);
}

TEST_CASE("the console shows what its level lets through, and nothing is made for it else") {
  const AccessRule console{AccessRule::kNoFile, true};
  test::World world;
  const AtLevel at(base::log::Level::Warn);
  CHECK_FALSE(world.access_log.wants(console, 200));
  CHECK_FALSE(world.access_log.wants(console, 399));
  CHECK(world.access_log.wants(console, 404));
  CHECK(world.access_log.wants(console, 500));
  CHECK(world.access_log.wants(test::kLogged, 200));
  CHECK_FALSE(world.access_log.wants(test::kQuiet, 500));
}

TEST_CASE("durations on the console are short, and round down") {
  struct Case {
    base::Micros duration;
    std::string shown;
  };
  const AtLevel at(base::log::Level::Info);
  for (const auto& [duration, shown] : std::vector<Case>{{0, "0µs"},
                                                         {350, "350µs"},
                                                         {999, "999µs"},
                                                         {1'000, "1.0ms"},
                                                         {12'399, "12.3ms"},
                                                         {999'999, "999.9ms"},
                                                         {1'250'000, "1.25s"},
                                                         {61'000'000, "61.00s"}}) {
    CAPTURE(duration);
    exchange::AccessLine line;
    line.method = "GET";
    line.path = "/p q\x1b";
    line.status = 200;
    line.duration = duration;
    line.service = "web";
    line.client = "192.0.2.1";
    line.bytes_out = 5;
    const CapturedStderr captured;
    exchange::gather_on_console(line);
    base::log::flush();
    CHECK(captured.text().substr(9) ==
          "INF GET /p q\\x1b 200 " + shown + " service=web client=192.0.2.1 bytes=5\n");
  }
}
