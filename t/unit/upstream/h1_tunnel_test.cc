// A target's side of Upgrade and CONNECT: what counts as its agreement, and bytes and ends of both directions after it.
#include <string>

#include "prox/tls/websocket_key.h"
#include "prox/upstream/h1_client.h"
#include "upstream/origin.h"

using prox::base::Errc;
using prox::base::Side;
using prox::test::Caller;
using prox::test::Peer;
using prox::test::read_until;
using prox::test::run_until;
using prox::test::settle;
using prox::test::Upstreams;
using prox::upstream::Connect;

namespace {

constexpr std::string_view kSwitch =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: example\r\nConnection: Upgrade\r\n\r\n";

// A request for a tunnel on its way: the origin has its head.
struct Asked {
  explicit Asked(Upstreams& u, std::string_view method = "GET",
                 std::string_view upgrade = "example")
      : caller(u) {
    caller.open(method == "CONNECT" ? Connect::Single : Connect::Any);
    caller.send({}, method, upgrade);
    origin = &u.origin().accept(u.loop);
    received = read_until(u.loop, *origin, "\r\n\r\n");
  }
  Caller caller;
  Peer* origin;
  std::string received;
};

// An open tunnel.
struct Tunnel : Asked {
  explicit Tunnel(Upstreams& u, std::string_view behind_head = {}) : Asked(u) {
    origin->send(std::string(kSwitch) + std::string(behind_head));
    REQUIRE(run_until(u.loop, [&] { return caller.is_tunnel; }));
  }
  void end() {
    caller.stream->end_request({});
    caller.stream->flush();
  }
};

}  // namespace

TEST_CASE("an upgrade is asked for, and the target's 101 opens a tunnel") {
  Upstreams u;
  Tunnel tunnel(u, "first bytes");
  CHECK(tunnel.received ==
        "GET /x HTTP/1.1\r\nHost: origin.test\r\nConnection: Upgrade\r\nUpgrade: "
        "example\r\n\r\n");
  CHECK(tunnel.caller.status == 101);
  REQUIRE(run_until(u.loop, [&] { return tunnel.caller.body == "first bytes"; }));
  tunnel.caller.send_part("to the target");
  CHECK(read_until(u.loop, *tunnel.origin, "target") == "to the target");
  tunnel.origin->send(", and more");
  REQUIRE(run_until(u.loop, [&] { return tunnel.caller.body == "first bytes, and more"; }));
}

TEST_CASE("the target's end leaves our direction open, until it ends, too") {
  Upstreams u;
  Tunnel tunnel(u);
  tunnel.origin->shut_down_writes();
  REQUIRE(run_until(u.loop, [&] { return tunnel.caller.ended; }));
  tunnel.caller.send_part("still here");
  CHECK(read_until(u.loop, *tunnel.origin, "here") == "still here");
  CHECK_FALSE(tunnel.caller.tunnel_ended);
  tunnel.end();
  CHECK_FALSE(tunnel.caller.tunnel_ended);  // never inside a call
  REQUIRE(run_until(u.loop, [&] { return tunnel.caller.tunnel_ended; }));
  CHECK(run_until(u.loop, [&] { return tunnel.origin->ended(); }));
  CHECK_FALSE(tunnel.origin->was_reset());
  CHECK(u.pool().idle() == 0);
}

TEST_CASE("our end leaves the target's direction open") {
  Upstreams u;
  Tunnel tunnel(u);
  tunnel.caller.send_part("that is all");
  tunnel.end();
  REQUIRE(run_until(u.loop, [&] { return tunnel.origin->ended(); }));
  CHECK(tunnel.origin->received() == "that is all");
  tunnel.origin->send("is it");
  REQUIRE(run_until(u.loop, [&] { return tunnel.caller.body == "is it"; }));
  CHECK_FALSE(tunnel.caller.tunnel_ended);
  tunnel.origin->close();
  REQUIRE(run_until(u.loop, [&] { return tunnel.caller.tunnel_ended; }));
}

TEST_CASE("a tunnel whose target has ended ends only when the target has got all") {
  Upstreams u;
  Tunnel tunnel(u);
  std::size_t sent = 0;
  const std::string part(64 * 1024, 'p');
  while (!tunnel.caller.stream->is_backed_up()) {
    tunnel.caller.send_part(part);
    sent += part.size();
  }
  tunnel.origin->shut_down_writes();
  REQUIRE(run_until(u.loop, [&] { return tunnel.caller.ended; }));
  tunnel.end();
  settle(u.loop);
  CHECK_FALSE(tunnel.caller.tunnel_ended);
  REQUIRE(run_until(u.loop, [&] { return tunnel.origin->ended(); }));
  CHECK(tunnel.origin->received().size() == sent);
  CHECK(tunnel.caller.tunnel_ended);
}

TEST_CASE("a tunnel that the target resets fails, and one that is given up is reset") {
  {
    Upstreams u;
    Tunnel tunnel(u);
    tunnel.origin->reset();
    REQUIRE(tunnel.caller.wait());
    CHECK(tunnel.caller.failed_with() == Errc::PeerReset);
    CHECK(tunnel.caller.failure->side == Side::Upstream);
  }
  {
    Upstreams u;
    Tunnel tunnel(u);
    tunnel.origin->shut_down_writes();
    REQUIRE(run_until(u.loop, [&] { return tunnel.caller.ended; }));
    tunnel.origin->reset();
    REQUIRE(run_until(u.loop, [&] { return tunnel.caller.failure.has_value(); }));
  }
  Upstreams u;
  Tunnel tunnel(u);
  tunnel.caller.give_back();
  REQUIRE(run_until(u.loop, [&] { return tunnel.origin->was_reset(); }));
}

TEST_CASE("a 101 that was not asked for, is for another protocol or comes too early is malformed") {
  for (const auto& [upgrade, answer] : {
           std::pair<std::string_view, std::string_view>{"", kSwitch},
           {"tcp", kSwitch},
           {"example", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n"},
       }) {
    CAPTURE(upgrade, answer);
    Upstreams u;
    Asked asked(u, "GET", upgrade);
    asked.origin->send(answer);
    REQUIRE(asked.caller.wait());
    CHECK(asked.caller.failed_with() == Errc::BadMessage);
  }
  Upstreams u;
  Caller caller(u);
  caller.open();
  caller.send({prox::http::BodyFraming::Kind::Length, 5}, "POST", "tcp");
  Peer& origin = u.origin().accept(u.loop);
  read_until(u.loop, origin, "\r\n\r\n");
  origin.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n");
  REQUIRE(caller.wait());
  CHECK(caller.failed_with() == Errc::BadMessage);
}

TEST_CASE("a target that rejects an upgrade has answered an ordinary request") {
  Upstreams u;
  Asked asked(u);
  asked.origin->send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  REQUIRE(asked.caller.wait());
  CHECK(asked.caller.status == 403);
  CHECK(asked.caller.body == "no");
  CHECK(u.pool().idle() == 1);
}

TEST_CASE(
    "2xx to CONNECT opens a tunnel, whatever its fields say of a body; any other is a failure") {
  for (const std::string_view answer :
       {"HTTP/1.1 200 OK\r\n\r\nearly", "HTTP/1.1 204 Fine\r\nContent-Length: 3\r\n\r\nearly",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nearly"}) {
    CAPTURE(answer);
    Upstreams u;
    Asked asked(u, "CONNECT", "");
    asked.origin->send(answer);
    REQUIRE(run_until(u.loop, [&] { return asked.caller.body == "early"; }));
    CHECK(asked.caller.is_tunnel);
  }
  Upstreams u;
  Asked asked(u, "CONNECT", "");
  asked.origin->send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  REQUIRE(asked.caller.wait());
  CHECK(asked.caller.failed_with() == Errc::ConnectFailed);
  CHECK(asked.caller.failure->side == Side::Upstream);
}

TEST_CASE("the answer to CONNECT has a time limit of its own") {
  Upstreams u;
  u.target().response_header_timeout = 60'000;
  u.target().tunnel_timeout = 50;
  Asked asked(u, "CONNECT", "");
  REQUIRE(asked.caller.wait());
  CHECK(asked.caller.failed_with() == Errc::HeadTimedOut);
}

TEST_CASE("a tunnel has no time limit") {
  Upstreams u;
  u.target().response_header_timeout = 30;
  Tunnel tunnel(u);
  CHECK_FALSE(run_until(
      u.loop, [&] { return tunnel.caller.is_over(); }, 80));
  tunnel.caller.send_part("unread");
  CHECK_FALSE(run_until(
      u.loop, [&] { return tunnel.caller.is_over(); }, 80));
}

TEST_CASE("a connection for one request says so, is not kept, and is never an idle one") {
  Upstreams u;
  {
    Caller first(u);
    first.open();
    first.send();
    Peer& origin = u.origin().accept(u.loop);
    read_until(u.loop, origin, "\r\n\r\n");
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(first.wait());
    REQUIRE(u.pool().idle() == 1);
  }
  Caller single(u);
  CHECK_FALSE(single.open(Connect::Single).is_reused());
  single.send();
  Peer& origin = u.origin().accept(u.loop);
  CHECK(read_until(u.loop, origin, "\r\n\r\n") ==
        "GET /x HTTP/1.1\r\nHost: origin.test\r\nConnection: close\r\n\r\n");
  origin.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(single.wait());
  CHECK(u.pool().idle() == 1);
  CHECK(run_until(u.loop, [&] { return origin.ended(); }));
}

TEST_CASE(
    "a WebSocket whose client's protocol has no key is asked for with one, and its proof checked") {
  for (const bool is_right : {true, false}) {
    CAPTURE(is_right);
    Upstreams u;
    Asked asked(u, "GET", "websocket");
    const std::size_t at = asked.received.find("Sec-WebSocket-Key: ");
    REQUIRE(at != std::string::npos);
    const std::string key = asked.received.substr(at + 19, 24);
    asked.origin->send(
        "HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
        prox::tls::websocket_accept(is_right ? key : "another") + "\r\n\r\n");
    REQUIRE(run_until(u.loop, [&] { return asked.caller.is_tunnel || asked.caller.failure; }));
    CHECK(asked.caller.is_tunnel == is_right);
  }
}
