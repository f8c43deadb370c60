#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "prox/base/block.h"
#include "prox/config/upstream_address.h"
#include "prox/net/resolver.h"
#include "prox/upstream/client_stream.h"
#include "prox/upstream/pool.h"
#include "support.h"

namespace prox::test {

// A target on loopback, played by the test: takes connections when it is told to, and says what it is told to.
class Origin {
 public:
  const net::SocketAddress& address() const { return listening_.address; }

  // The next connection, once it has come.
  Peer& accept(net::Loop& loop) {
    Fd socket;
    REQUIRE(run_until(loop, [&] {
      socket = take();
      return static_cast<bool>(socket);
    }));
    connections_.push_back(std::make_unique<Peer>(std::move(socket)));
    return *connections_.back();
  }
  // Whether another connection waits.
  bool has_another(net::Loop& loop) {
    settle(loop);
    return static_cast<bool>(take());
  }
  // From now on every connection is refused.
  void stop() { listening_.socket.reset(); }

 private:
  Fd take() const {
    return Fd(::accept4(listening_.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  }

  Listening listening_ = listen_on("127.0.0.1");
  std::vector<std::unique_ptr<Peer>> connections_;
};

// What a peer has received, once it ends with `end`.
inline std::string read_until(net::Loop& loop, Peer& peer, std::string_view end) {
  const bool has_come = run_until(loop, [&] {
    peer.read();
    return peer.received().ends_with(end);
  });
  CAPTURE(peer.received());
  REQUIRE(has_come);
  return peer.take();
}

inline std::unique_ptr<upstream::Target> target_at(const net::SocketAddress& address,
                                                   std::uint32_t pool = 0,
                                                   const std::string& written = "origin.test") {
  auto target = std::make_unique<upstream::Target>();
  target->address = *config::parse_upstream(written);
  target->literal = address;
  target->pool = pool;
  return target;
}

// A worker's side of the connections to targets: whatever is leaked there, the block pool notices.
struct Upstreams {
  explicit Upstreams(std::size_t count = 1) : origins(count) {
    for (std::size_t i = 0; i < count; ++i)
      targets.push_back(target_at(origins[i].address(), static_cast<std::uint32_t>(i)));
    pools.emplace(loop, blocks, resolver, targets);
  }
  ~Upstreams() {
    pools->clear();
    settle(loop);
  }
  Origin& origin() { return origins.front(); }
  upstream::Target& target() { return *targets.front(); }
  upstream::Pool& pool() { return pools->of(target()); }

  base::BlockPool blocks;
  net::Loop loop;
  net::Resolver resolver{loop, "127.0.0.1:9"};
  std::vector<Origin> origins;
  std::vector<std::unique_ptr<upstream::Target>> targets;
  std::optional<upstream::Pools> pools;
};

// Sends one request and keeps all that comes of it.
class Caller final : public upstream::Receiver {
 public:
  explicit Caller(Upstreams& u) : upstreams_(u) {}
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  ~Caller() { give_back(); }

  upstream::ClientStream& open(upstream::Pool& pool,
                               upstream::Connect how = upstream::Connect::Any) {
    stream = pool.open(*this, how);
    return *stream;
  }
  upstream::ClientStream& open(upstream::Connect how = upstream::Connect::Any) {
    return open(upstreams_.pool(), how);
  }

  // Sends a head, and for one without body the whole request.
  void send(http::BodyFraming with = {}, std::string_view method = "GET",
            std::string_view upgrade = {}) {
    http::RequestHead& head = request_;
    head.upgrade = upgrade;
    head.method = http::parse_method(method);
    head.method_text = method;
    head.target = "/x";
    head.host = "origin.test";
    stream->send_head(head, with);
    if (!with.has_body()) stream->end_request({});
    stream->flush();
  }
  void send_part(std::string_view text) {
    net::Buffer part(upstreams_.blocks);
    part.append_copy(text);
    stream->send_body(part);
    REQUIRE(part.empty());
    stream->flush();
  }
  void give_back() {
    if (!stream) return;
    upstream::ClientStream& given = *stream;
    given.give_back(std::move(stream));
  }

  bool is_over() const { return ended || failure; }
  bool wait() {
    return run_until(upstreams_.loop, [&] { return is_over(); });
  }
  base::Errc failed_with() const { return failure ? failure->code : base::Errc::NoRoute; }

  http::ResponseHead& response_head() override { return head_; }
  void on_interim() override { interims.push_back(head_.status); }
  void on_response_head(http::BodyFraming with) override {
    REQUIRE(status == 0);
    status = head_.status;
    framing = with;
    for (const http::Field& field : head_.fields)
      fields += std::string(field.name) + ": " + std::string(field.value) + "\n";
  }
  void on_tunnel() override {
    REQUIRE(status == 0);
    status = head_.status;
    is_tunnel = true;
  }
  void on_tunnel_end() override {
    REQUIRE(ended);
    tunnel_ended = true;
    if (gives_back) give_back();
  }
  void on_response_body(net::Buffer& data) override {
    REQUIRE(status != 0);
    REQUIRE_FALSE(ended);
    body += data.to_string();
    data.clear();
  }
  void on_response_end(base::Slice all) override {
    REQUIRE_FALSE(is_over());
    ended = true;
    trailers = all;
    if (gives_back && !is_tunnel) give_back();
  }
  void on_response_pause() override { ++pauses; }
  bool wants_response() const override { return wants; }
  void on_request_drained() override { ++drained; }
  void on_failure(const base::Error& error) override {
    REQUIRE_FALSE((is_tunnel ? tunnel_ended : is_over()));
    failure = error;
    if (gives_back) give_back();
  }

  std::unique_ptr<upstream::ClientStream> stream;
  bool gives_back = true;  // at the end, as a handler does
  bool wants = true;
  std::vector<int> interims;
  int status = 0;
  http::BodyFraming framing;
  std::string fields;
  std::string body;
  std::string trailers;
  bool is_tunnel = false;
  bool ended = false;
  bool tunnel_ended = false;
  int pauses = 0;
  int drained = 0;
  std::optional<base::Error> failure;

 private:
  Upstreams& upstreams_;
  http::ResponseHead head_;
  http::RequestHead request_;
};

}  // namespace prox::test
