// A request's way to its target and back, and what becomes of it when the target fails.
#include "prox/actions/proxy.h"

#include <memory>
#include <string>

#include "exchange/world.h"

using prox::actions::ProxyAction;
using prox::test::Peer;
using prox::test::read_until;
using prox::test::run_until;
using prox::test::settle;

namespace {

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// A proxy to one origin; each exchange with it has a client of its own.
struct Proxied {
  struct Exchange {
    Exchange(Proxied& proxied, std::string text) : head(std::move(text)) {
      x.context = &proxied.world.context;
      x.service = proxied.service.get();
      x.route = proxied.service->routes.data();
      x.sink = &sink;
      x.client_ip = "192.0.2.1";
      prox::test::read_request(x, head);
      x.handler = x.route->action->make_handler(x);
      x.handler->start();
      if (!x.request_body.has_body()) x.handler->on_request_end({});
    }
    void send_body(std::string_view text) {
      prox::net::Buffer part(x.context->blocks);
      part.append_copy(text);
      x.handler->on_request_body(part);
      REQUIRE(part.empty());
    }

    std::string head;
    prox::test::RecordingSink sink;
    prox::exchange::Exchange x;
  };

  std::unique_ptr<Exchange> begin(const std::string& head) {
    return std::make_unique<Exchange>(*this, head);
  }
  bool wait(const Exchange& exchange) {
    return run_until(world.loop, [&] { return exchange.sink.is_over(); });
  }
  Peer& accept() {
    Peer& peer = world.origin().accept(world.loop);
    read_until(world.loop, peer, "\r\n\r\n");
    return peer;
  }
  // Leaves one connection idle in the pool; the origin's end of it.
  Peer& make_idle() {
    const auto first = begin(get());
    Peer& origin = accept();
    origin.send(kOk);
    REQUIRE(wait(*first));
    REQUIRE(world.pool().idle() == 1);
    return origin;
  }
  static std::string get(const std::string& method = "GET") {
    return method + " /x HTTP/1.1\r\nHost: a.test\r\n\r\n";
  }

  prox::test::World world;
  std::unique_ptr<prox::exchange::Service> service = prox::test::service_with(
      std::make_unique<ProxyAction>(world.target(), prox::actions::ProxyOptions{}));
};

}  // namespace

TEST_CASE("a response is passed back without what was meant for the connection") {
  Proxied p;
  const auto call = p.begin(Proxied::get());
  p.accept().send(
      "HTTP/1.1 201 Fine\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\nTransfer-Encoding: "
      "chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n");
  REQUIRE(p.wait(*call));
  CHECK(call->sink.head == "201 Fine\nX-End: 2\n");
  CHECK(call->sink.framing.kind == prox::http::BodyFraming::Kind::Chunked);
  CHECK(call->sink.body == "hello");
  CHECK(call->sink.trailers == "X-Sum: 7\r\n");
  CHECK(call->sink.ended);
  CHECK(p.world.pool().idle() == 1);
}

TEST_CASE("an answer to HEAD, and a 304, keep the length of the body they do not have") {
  Proxied p;
  const auto head = p.begin(Proxied::get("HEAD"));
  Peer& origin = p.accept();
  origin.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  REQUIRE(p.wait(*head));
  CHECK(head->sink.head == "200 OK\nContent-Length: 1000\n");
  CHECK_FALSE(head->sink.framing.has_body());
  const auto cached = p.begin(Proxied::get());
  read_until(p.world.loop, origin, "\r\n\r\n");
  origin.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n");
  REQUIRE(p.wait(*cached));
  CHECK(cached->sink.head == "304 Not Modified\nContent-Length: 1000\n");
}

TEST_CASE("a 204 has no length, even to HEAD (RFC 9110 §8.6)") {
  Proxied p;
  const auto call = p.begin(Proxied::get("HEAD"));
  p.accept().send("HTTP/1.1 204 No Content\r\nContent-Length: 1000\r\n\r\n");
  REQUIRE(p.wait(*call));
  CHECK(call->sink.head == "204 No Content\n");
}

TEST_CASE("interim responses are passed back, too") {
  Proxied p;
  const auto call = p.begin(Proxied::get());
  p.accept().send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: close\r\n\r\n" +
                  std::string(kOk));
  REQUIRE(p.wait(*call));
  REQUIRE(call->sink.interims.size() == 1);
  CHECK(call->sink.interims.front() == "103 Early Hints\nLink: </a>\n");
  CHECK(call->sink.body == "ok");
}

TEST_CASE("a request's body is passed on as it comes") {
  Proxied p;
  const auto call = p.begin("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
  Peer& origin = p.accept();
  call->send_body("hello");
  CHECK(read_until(p.world.loop, origin, "hello") == "hello");
  call->send_body("world");
  call->x.handler->on_request_end({});
  CHECK(read_until(p.world.loop, origin, "world") == "world");
  origin.send(kOk);
  REQUIRE(p.wait(*call));
  CHECK(p.world.pool().idle() == 1);
}

TEST_CASE("a target that cannot be reached is 502, one that is too slow 504") {
  {
    Proxied p;
    p.world.origin().stop();
    const auto call = p.begin(Proxied::get());
    CHECK_FALSE(call->sink.is_over());
    REQUIRE(p.wait(*call));
    CHECK(call->sink.status == 502);
  }
  Proxied p;
  p.world.target().response_header_timeout = 30;
  const auto call = p.begin(Proxied::get());
  p.accept();
  REQUIRE(p.wait(*call));
  CHECK(call->sink.status == 504);
}

TEST_CASE("what is malformed, or ends before its head is complete, is 502") {
  for (const std::string_view text : {"nonsense\r\n\r\n", "HTTP/1.1 200 O", ""}) {
    CAPTURE(text);
    Proxied p;
    const auto call = p.begin(Proxied::get());
    Peer& origin = p.accept();
    origin.send(text);
    origin.close();
    REQUIRE(p.wait(*call));
    CHECK(call->sink.status == 502);
    CHECK(call->sink.ended);
  }
}

TEST_CASE("a response whose body is torn is cut, never ended") {
  Proxied p;
  const auto call = p.begin(Proxied::get());
  Peer& origin = p.accept();
  origin.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  origin.close();
  REQUIRE(p.wait(*call));
  CHECK(call->sink.status == 200);
  CHECK(call->sink.cut);
  CHECK_FALSE(call->sink.ended);
}

TEST_CASE("a request that meets a stale connection is sent once more, if it may be sent twice") {
  struct Case {
    const char* method;
    bool is_retried;
  };
  for (const auto& [method, is_retried] :
       {Case{"GET", true}, Case{"HEAD", true}, Case{"OPTIONS", true}, Case{"PUT", true},
        Case{"DELETE", true}, Case{"TRACE", true}, Case{"POST", false}, Case{"PATCH", false},
        Case{"BREW", false}}) {
    CAPTURE(method);
    Proxied p;
    Peer& stale = p.make_idle();
    const auto call = p.begin(Proxied::get(method));
    read_until(p.world.loop, stale, "\r\n\r\n");
    stale.close();
    if (is_retried) {
      p.accept().send("HTTP/1.1 204 No Content\r\n\r\n");
      REQUIRE(p.wait(*call));
      CHECK(call->sink.status == 204);
    } else {
      REQUIRE(p.wait(*call));
      CHECK(call->sink.status == 502);
      CHECK_FALSE(p.world.origin().has_another(p.world.loop));
    }
  }
}

TEST_CASE("a request is sent once more only once, and over a new connection") {
  Proxied p;
  Peer& stale = p.make_idle();
  const auto call = p.begin(Proxied::get());
  read_until(p.world.loop, stale, "\r\n\r\n");
  stale.close();
  p.accept().close();
  REQUIRE(p.wait(*call));
  CHECK(call->sink.status == 502);
  CHECK_FALSE(p.world.origin().has_another(p.world.loop));
}

TEST_CASE("a request with a body is not sent twice") {
  Proxied p;
  Peer& stale = p.make_idle();
  const auto call = p.begin("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  call->send_body("hello");
  read_until(p.world.loop, stale, "hello");
  stale.close();
  REQUIRE(p.wait(*call));
  CHECK(call->sink.status == 502);
  CHECK_FALSE(p.world.origin().has_another(p.world.loop));
}

TEST_CASE("CONNECT is chained over a connection of its own, and any 2xx is told as an empty 200") {
  Proxied p;
  p.make_idle();
  const auto call = p.begin(
      "CONNECT far.test:443 HTTP/1.1\r\nHost: far.test:443\r\nUser-Agent: x\r\nProxy-Connection: "
      "keep-alive\r\n\r\n");
  Peer& origin = p.world.origin().accept(p.world.loop);
  CHECK(read_until(p.world.loop, origin, "\r\n\r\n") ==
        "CONNECT far.test:443 HTTP/1.1\r\nHost: far.test:443\r\nUser-Agent: x\r\n\r\n");
  origin.send("HTTP/1.1 201 Fine\r\nX-Proxy: y\r\nContent-Length: 7\r\n\r\nearly");
  REQUIRE(run_until(p.world.loop, [&] { return call->sink.body == "early"; }));
  CHECK(call->sink.head == "200 Connection Established\n");
  CHECK(call->sink.is_tunnel);
  call->send_body("hello");
  CHECK(read_until(p.world.loop, origin, "hello") == "hello");
}

TEST_CASE("a target that refuses CONNECT is 502; a CONNECT with a body is 400") {
  Proxied p;
  const auto refused = p.begin("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n");
  p.accept().send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  REQUIRE(p.wait(*refused));
  CHECK(refused->sink.status == 502);
  const auto odd =
      p.begin("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nContent-Length: 2\r\n\r\n");
  CHECK(odd->sink.status == 400);
  CHECK_FALSE(p.world.origin().has_another(p.world.loop));
}

TEST_CASE("an upgrade becomes a tunnel, whose ends are passed on each by itself") {
  Proxied p;
  const auto call = p.begin(
      "GET /x HTTP/1.1\r\nHost: a\r\nConnection: upgrade, x-hop\r\nUpgrade: tcp\r\nX-Hop: "
      "1\r\n\r\n");
  Peer& origin = p.world.origin().accept(p.world.loop);
  const std::string got = read_until(p.world.loop, origin, "\r\n\r\n");
  CHECK(got.find("\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n") != std::string::npos);
  CHECK(got.find("X-Hop") == std::string::npos);
  origin.send("HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: tcp\r\nX-End: 1\r\n\r\nfirst");
  REQUIRE(run_until(p.world.loop, [&] { return call->sink.body == "first"; }));
  CHECK(call->sink.head == "101 Go\nX-End: 1\n");
  call->send_body("mine");
  call->x.handler->on_request_end({});
  REQUIRE(run_until(p.world.loop, [&] { return origin.ended(); }));
  CHECK(origin.received() == "mine");
  CHECK_FALSE(call->sink.ended);
  origin.send(", last");
  origin.close();
  REQUIRE(run_until(p.world.loop, [&] { return call->sink.tunnel_ended; }));
  CHECK(call->sink.body == "first, last");
  CHECK(call->sink.ended);
}

TEST_CASE("a tunnel that the target resets is cut") {
  Proxied p;
  const auto call =
      p.begin("GET /x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: tcp\r\n\r\n");
  Peer& origin = p.accept();
  origin.send("HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: tcp\r\n\r\n");
  REQUIRE(run_until(p.world.loop, [&] { return call->sink.is_tunnel; }));
  origin.reset();
  REQUIRE(p.wait(*call));
  CHECK(call->sink.cut);
}

TEST_CASE("an upgrade that meets a stale connection is asked for once more") {
  Proxied p;
  Peer& stale = p.make_idle();
  const auto call =
      p.begin("GET /x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: tcp\r\n\r\n");
  read_until(p.world.loop, stale, "\r\n\r\n");
  stale.close();
  p.accept().send("HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: tcp\r\n\r\n");
  REQUIRE(run_until(p.world.loop, [&] { return call->sink.is_tunnel; }));
}

TEST_CASE("a client that is backed up stops the reading of its response, until it drains") {
  Proxied p;
  const auto call = p.begin(Proxied::get());
  Peer& origin = p.accept();
  call->sink.backed_up = true;
  const std::string body(32U << 20, 'b');
  std::string_view rest = body;
  origin.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  for (int i = 0; i < 50; ++i) {
    rest = origin.send_some(rest);
    settle(p.world.loop);
  }
  CHECK(call->sink.body.size() < (1U << 20));
  call->sink.backed_up = false;
  call->x.handler->on_response_drained();
  REQUIRE(run_until(p.world.loop, [&] {
    rest = origin.send_some(rest);
    return call->sink.is_over();
  }));
  CHECK(call->sink.body.size() == body.size());
}

TEST_CASE("a target that does not read stops the reading of the request, until it does") {
  Proxied p;
  const auto call = p.begin("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  Peer& origin = p.accept();
  CHECK(call->x.handler->wants_request_body());
  const std::string part(64 * 1024, 'p');
  for (int i = 0; call->x.handler->wants_request_body(); ++i) {
    call->send_body(part);
    REQUIRE(i < 1000);
  }
  settle(p.world.loop);
  CHECK(call->sink.resumed == 0);
  REQUIRE(run_until(p.world.loop, [&] {
    origin.take();
    return call->sink.resumed > 0;
  }));
  CHECK(call->x.handler->wants_request_body());
}

TEST_CASE("a handler that goes away in the middle closes its connection") {
  Proxied p;
  const auto call = p.begin(Proxied::get());
  Peer& origin = p.accept();
  call->x.handler.reset();
  CHECK(run_until(p.world.loop, [&] { return origin.ended() || origin.was_reset(); }));
  CHECK_FALSE(call->sink.is_over());
  CHECK(p.world.pool().idle() == 0);
}
