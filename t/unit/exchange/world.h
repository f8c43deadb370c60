#pragma once

#include <sys/socket.h>

#include <array>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "prox/base/json.h"
#include "prox/exchange/exchange.h"
#include "prox/exchange/handler.h"
#include "prox/exchange/response_sink.h"
#include "prox/exchange/service.h"
#include "prox/http/h1_parser.h"
#include "prox/http/h1_writer.h"
#include "prox/http/upgrade.h"
#include "prox/zone/zone.h"
#include "upstream/origin.h"

namespace prox::test {

// What exchanges stand on: a loop, targets, counters.
struct World : Upstreams {
  using Upstreams::Upstreams;
  zone::Row row{};
  files::Cache files{blocks};
  net::PipePool pipes;
  exchange::EncodingShare encoding{loop, 2};
  exchange::LogPlan log_plan{{"access.log"}, std::nullopt, true};
  exchange::AccessLog access_log{loop, log_plan, row};
  exchange::Context context{loop,     blocks, *pools,   files,     row,
                            resolver, pipes,  encoding, access_log};
};

// Nothing on the console.
inline constexpr exchange::AccessRule kQuiet{exchange::AccessRule::kNoFile, false};

// The access lines of exchanges whose rule is kLogged, over a datagram socket: each write(2) is one datagram.
inline constexpr exchange::AccessRule kLogged{0, false};
class AccessLines {
 public:
  explicit AccessLines(World& world) : log_(world.access_log) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
    reader_ = base::Fd(ends[0]);
    writer_ = base::Fd(ends[1]);
    log_.set_file(0, writer_.get());
  }
  ~AccessLines() { log_.set_file(0, -1); }
  // What was written since the last call, without waiting.
  std::string take() const {
    std::string batch(1 << 17, '\0');
    const ssize_t n = ::recv(reader_.get(), batch.data(), batch.size(), 0);
    batch.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return batch;
  }
  // What was gathered by now; a line each.
  std::vector<base::Json> lines() const {
    log_.flush();
    std::vector<base::Json> lines;
    const std::string batch = take();
    for (std::size_t at = 0; at < batch.size();) {
      const std::size_t end = batch.find('\n', at);
      REQUIRE(end != std::string::npos);
      lines.push_back(base::Json::parse(batch.substr(at, end - at)));
      at = end + 1;
    }
    return lines;
  }
  base::Json line() const {
    const std::vector<base::Json> all = lines();
    REQUIRE(all.size() == 1);
    return all[0];
  }

 private:
  exchange::AccessLog& log_;
  base::Fd reader_;
  base::Fd writer_;
};

// A service whose routes are given by their paths, all with the same kind of action.
inline std::unique_ptr<exchange::Service> service_with(
    std::unique_ptr<const exchange::Action> action) {
  auto service = std::make_unique<exchange::Service>();
  service->name = "web";
  std::vector<routing::RouteMatch> matches(1);
  service->router = routing::Router(std::move(matches));
  service->routes.push_back({"web:0", std::move(action)});
  service->access = service->routes[0].access = kQuiet;
  return service;
}

// The text of a request's head, parsed into an exchange whose slices point into it.
inline void read_request(exchange::Exchange& x, std::string_view text) {
  http::H1Parser parser(base::Side::Downstream);
  const auto progress = parser.parse_request(text, x.request);
  REQUIRE(progress);
  REQUIRE(*progress == http::H1Parser::Progress::Done);
  const auto framing = http::request_framing(x.request);
  REQUIRE(framing);
  x.request_body = *framing;
  x.request.upgrade = http::asked_upgrade(x.request);
}

// The client's side of one exchange, which only keeps what it is given.
class RecordingSink final : public exchange::ResponseSink {
 public:
  void send_interim(const http::ResponseHead& interim) override {
    interims.push_back(text_of(interim));
  }
  void send_head(http::ResponseHead& final_head, http::BodyFraming with) override {
    REQUIRE(status == 0);
    status = final_head.status;
    framing = with;
    head = text_of(final_head);
  }
  void begin_tunnel(const http::ResponseHead& final_head) override {
    REQUIRE(status == 0);
    status = final_head.status;
    head = text_of(final_head);
    is_tunnel = true;
  }
  void end_tunnel() override { tunnel_ended = true; }
  void send_body(net::Buffer& data) override {
    REQUIRE(status != 0);
    body += data.to_string();
    data.clear();
  }
  void end_response(base::Slice all) override {
    REQUIRE_FALSE(is_over());
    ended = true;
    trailers = all;
  }
  void drop_exchange(exchange::DropMode mode) override {
    REQUIRE_FALSE(is_over());
    REQUIRE(status == 0);
    dropped = mode;
  }
  void cut_response() override {
    REQUIRE_FALSE(is_over());
    cut = true;
  }
  void flush() override { ++flushes; }
  bool is_backed_up() override { return backed_up; }
  void resume_request() override { ++resumed; }
  void close_after_response() override { closes = true; }

  bool is_over() const { return ended || cut; }

  std::vector<std::string> interims;
  int status = 0;
  std::string head;
  http::BodyFraming framing;
  std::string body;
  std::string trailers;
  bool ended = false;
  bool is_tunnel = false;
  bool tunnel_ended = false;
  bool cut = false;
  std::optional<exchange::DropMode> dropped;
  bool closes = false;
  bool backed_up = false;
  int flushes = 0;
  int resumed = 0;

 private:
  // Status, reason and fields: "200 OK\nX: y\n".
  static std::string text_of(const http::ResponseHead& of) {
    std::string text = std::to_string(of.status) + " " + std::string(of.reason) + "\n";
    for (const http::Field& field : of.fields)
      text += std::string(field.name) + ": " + std::string(field.value) + "\n";
    return text;
  }
};

}  // namespace prox::test
