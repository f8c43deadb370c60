#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exchange/world.h"
#include "prox/downstream/connection.h"

namespace prox::test {

using exchange::Exchange;

// What an action of a test does with its requests, and what it has seen of them.
struct Script {
  std::function<void(Exchange&)> on_start = [](Exchange&) {};
  std::function<void(Exchange&)> on_body = [](Exchange&) {};
  std::function<void(Exchange&)> on_end = [](Exchange&) {};
  bool wants_body = true;

  Exchange* current = nullptr;       // while its handler lives
  std::vector<std::string> started;  // targets
  std::string body;
  std::string trailers;
  int ended = 0;
  int freed = 0;
  int drained = 0;
};

class ScriptedAction final : public exchange::Action {
 public:
  explicit ScriptedAction(Script& script) : script_(script) {}
  std::unique_ptr<exchange::Handler> make_handler(Exchange& x) const override {
    return std::make_unique<Handler>(script_, x);
  }

 private:
  struct Handler final : exchange::Handler {
    Handler(Script& s, Exchange& exchange) : script(s), x(exchange) {}
    ~Handler() override {
      ++script.freed;
      script.current = nullptr;
    }
    void start() override {
      script.current = &x;
      script.started.emplace_back(x.request.target);
      script.on_start(x);
    }
    void on_request_body(net::Buffer& data) override {
      REQUIRE_FALSE(data.empty());
      script.body += data.to_string();
      data.clear();
      script.on_body(x);
    }
    void on_request_end(base::Slice trailers) override {
      ++script.ended;
      script.trailers = trailers;
      script.on_end(x);
    }
    bool wants_request_body() const override { return script.wants_body; }
    void on_response_drained() override { ++script.drained; }

    Script& script;
    Exchange& x;
  };
  Script& script_;
};

inline void begin_answer(Exchange& x, int status, http::BodyFraming framing) {
  x.response.status = status;
  x.response.reason = http::reason_phrase(status);
  x.head_sent = true;
  x.sink->send_head(x.response, framing);
}

inline void send_part(Exchange& x, std::string_view text) {
  net::Buffer part(x.context->blocks);
  part.append_copy(text);
  x.sink->send_body(part);
  REQUIRE(part.empty());
  x.sink->flush();
}

inline void end_answer(Exchange& x, std::string_view trailers = {}) {
  x.sink->end_response(trailers);
  x.sink->flush();
}

// A whole answer with a body of known length.
inline void answer(Exchange& x, std::string_view body, int status = 200) {
  begin_answer(x, status, {http::BodyFraming::Kind::Length, body.size()});
  send_part(x, body);
  end_answer(x);
}

class FakeHost final : public downstream::ConnectionHost {
 public:
  explicit FakeHost(World& world) : world_(world) {}
  exchange::Context& context() override { return world_.context; }
  exchange::ExchangePool& exchanges() override { return exchanges_; }
  downstream::H2StreamPool& h2_streams() override { return h2_streams_; }
  downstream::ConnectionList& connections() override { return connections_; }
  bool may_keep(const downstream::Connection&) const override { return keeps; }
  void on_idle_while_draining(downstream::Connection& connection) override {
    ++idle;
    connection.close();
  }
  void on_connection_closed() override { ++closed; }
  downstream::ShedList& peeking() override { return peeking_; }
  downstream::ShedList& hung() override { return hung_; }
  bool is_draining() const override { return draining; }

  bool keeps = true;
  bool draining = false;
  int idle = 0;
  int closed = 0;

 private:
  World& world_;
  exchange::ExchangePool exchanges_;
  downstream::H2StreamPool h2_streams_{world_.blocks};
  downstream::ConnectionList connections_;
  downstream::ShedList peeking_{2};
  downstream::ShedList hung_{2};
};

// One client connection to a service whose requests a script carries out.
struct Served {
  explicit Served(const exchange::ServiceLimits& limits = {}, bool is_handed_over = false)
      : Served(tcp_pair(), limits, is_handed_over) {}
  Served(std::pair<Fd, Fd> pair, const exchange::ServiceLimits& limits, bool is_handed_over)
      : client(std::move(pair.first)) {
    service->limits = limits;
    downstream::Connection::open(host, {*service, 3}, std::move(pair.second),
                                 *net::SocketAddress::from_literal("::ffff:192.0.2.9", 999),
                                 is_handed_over);
  }
  ~Served() {
    host.connections().for_each([](downstream::Connection& connection) { connection.close(); });
    settle(world.loop);
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  void turn() { settle(world.loop); }
  // What the client has got by now.
  std::string got() {
    settle(world.loop);
    return client.take();
  }
  std::string send(std::string_view bytes) {
    client.send(bytes);
    return got();
  }
  template <typename Done>
  bool run_until(Done done) {
    return test::run_until(world.loop, done);
  }
  bool wait_closed() {
    return run_until([&] { return client.ended() || client.was_reset(); });
  }
  bool is_open() {
    settle(world.loop);
    return !client.ended() && !client.was_reset();
  }
  downstream::Connection& connection() {
    downstream::Connection* only = nullptr;
    host.connections().for_each([&](downstream::Connection& c) { only = &c; });
    REQUIRE(only != nullptr);
    return *only;
  }
  const zone::Row& row() const { return world.row; }

  World world;
  Script script;
  std::unique_ptr<exchange::Service> service =
      service_with(std::make_unique<ScriptedAction>(script));
  FakeHost host{world};
  Peer client;
};

inline const std::string kGet = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";

inline void answer_with_target(Exchange& x) { answer(x, x.request.target); }

// A response without its Date line, which must be there.
inline std::string without_date(std::string response) {
  const std::size_t begin = response.find("Date: ");
  REQUIRE(begin != std::string::npos);
  const std::size_t end = response.find("\r\n", begin);
  CHECK(response.substr(end - 4, 4) == " GMT");
  return response.erase(begin, end + 2 - begin);
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

inline std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

inline std::string body_of(const std::string& response) {
  return response.substr(response.find("\r\n\r\n") + 4);
}

}  // namespace prox::test
