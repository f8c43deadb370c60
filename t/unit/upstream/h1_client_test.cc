#include "prox/upstream/h1_client.h"

#include <string>

#include "upstream/origin.h"

using prox::base::Errc;
using prox::base::Side;
using prox::http::BodyFraming;
using prox::test::Caller;
using prox::test::Peer;
using prox::test::read_until;
using prox::test::run_until;
using prox::test::settle;
using prox::test::Upstreams;
using Kind = BodyFraming::Kind;

namespace {

constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

// One request on its way: the origin has its head.
struct Call {
  explicit Call(Upstreams& u, BodyFraming body = {}, std::string_view method = "GET") : caller(u) {
    caller.open();
    caller.send(body, method);
    origin = &u.origin().accept(u.loop);
    received = read_until(u.loop, *origin, "\r\n\r\n");
  }
  Caller caller;
  Peer* origin;
  std::string received;
};

// The same, and what comes of it when the origin says `answer`, and then closes if `closes`.
struct Answered : Call {
  Answered(Upstreams& u, std::string_view answer, bool closes = false,
           std::string_view method = "GET")
      : Call(u, {}, method) {
    origin->send(answer);
    if (closes) origin->close();
    REQUIRE(caller.wait());
    settle(u.loop);
  }
};

// Makes one connection idle; the origin's end of it.
Peer& make_idle(Upstreams& u) {
  Answered first(u, kHello);
  REQUIRE(first.caller.ended);
  REQUIRE(u.pool().idle() == 1);
  return *first.origin;
}

}  // namespace

TEST_CASE("a request goes out as HTTP/1.1, and its response comes back whole") {
  Upstreams u;
  Answered call(u, kHello);
  CHECK(call.received == "GET /x HTTP/1.1\r\nHost: origin.test\r\n\r\n");
  CHECK(call.caller.status == 200);
  CHECK(call.caller.framing == BodyFraming{Kind::Length, 5});
  CHECK(call.caller.fields == "Content-Length: 5\n");
  CHECK(call.caller.body == "hello");
  CHECK(call.caller.ended);
  CHECK(call.caller.pauses > 0);
  CHECK_FALSE(call.caller.failure);
}

TEST_CASE("a response that comes byte by byte is the same") {
  Upstreams u;
  Call call(u);
  const std::string answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n "
      "world\r\n0\r\nX-Sum: 7\r\n\r\n";
  for (const char& byte : answer) {
    CHECK_FALSE(call.caller.is_over());
    call.origin->send({&byte, 1});
    prox::test::turn(u.loop);
  }
  REQUIRE(call.caller.wait());
  CHECK(call.caller.body == "hello world");
  CHECK(call.caller.trailers == "X-Sum: 7\r\n");
  CHECK(call.caller.framing.kind == Kind::Chunked);
  CHECK(u.pool().idle() == 1);
}

TEST_CASE("a connection is kept after a response, and the next request goes over it") {
  Upstreams u;
  Peer& origin = make_idle(u);
  Caller second(u);
  CHECK(second.open().is_reused());
  CHECK(u.pool().idle() == 0);
  second.send();
  read_until(u.loop, origin, "\r\n\r\n");
  origin.send("HTTP/1.1 204 No Content\r\n\r\n");
  REQUIRE(second.wait());
  CHECK(second.status == 204);
  CHECK(second.body.empty());
  CHECK(u.pool().idle() == 1);
  CHECK_FALSE(u.origin().has_another(u.loop));
}

TEST_CASE("a kept connection holds no block") {
  Upstreams u;
  make_idle(u);
  CHECK(u.blocks.in_use() == 0);
}

TEST_CASE("responses without a body end with their head") {
  struct Case {
    const char* method;
    const char* answer;
  };
  for (const auto& [method, answer] : {
           Case{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"},
           Case{"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
           Case{"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n"},
           Case{"GET", "HTTP/1.1 204 No Content\r\n\r\n"},
           Case{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
       }) {
    CAPTURE(method, answer);
    Upstreams u;
    Answered call(u, answer, false, method);
    CHECK(call.caller.ended);
    CHECK(call.caller.body.empty());
    CHECK(u.pool().idle() == 1);
  }
}

TEST_CASE("what the target does not want to keep is not kept") {
  for (const std::string_view answer : {
           std::string_view("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
           std::string_view("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
       }) {
    CAPTURE(answer);
    Upstreams u;
    Answered call(u, answer);
    CHECK(call.caller.body == "ok");
    CHECK(u.pool().idle() == 0);
    CHECK(run_until(u.loop, [&] { return call.origin->ended(); }));
  }
}

TEST_CASE("an HTTP/1.0 target that keeps alive is kept") {
  Upstreams u;
  Answered call(u, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok");
  CHECK(call.caller.ended);
  CHECK(u.pool().idle() == 1);
}

TEST_CASE("a body without a length ends with the connection, cleanly") {
  Upstreams u;
  Call call(u);
  call.origin->send("HTTP/1.1 200 OK\r\n\r\nuntil ");
  REQUIRE(run_until(u.loop, [&] { return call.caller.body == "until "; }));
  CHECK_FALSE(call.caller.ended);
  call.origin->send("the end");
  call.origin->close();
  REQUIRE(call.caller.wait());
  CHECK(call.caller.ended);
  CHECK(call.caller.body == "until the end");
  CHECK(u.pool().idle() == 0);
}

TEST_CASE("a body that is cut short is a failure, never an end") {
  for (const std::string_view answer : {
           std::string_view("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"),
           std::string_view("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
           std::string_view(
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n"),
           std::string_view("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf"),
       }) {
    CAPTURE(answer);
    Upstreams u;
    Answered call(u, answer, true);
    CHECK_FALSE(call.caller.ended);
    REQUIRE(call.caller.failure);
    CHECK(call.caller.failure->code == Errc::PeerClosed);
    CHECK(call.caller.failure->side == Side::Upstream);
    CHECK_FALSE(call.caller.failure->retryable);
    CHECK(call.caller.body == "half");
    CHECK(u.pool().idle() == 0);
  }
}

TEST_CASE("a body that ends in a reset is a failure, even if its length is not known") {
  Upstreams u;
  Call call(u);
  call.origin->send("HTTP/1.1 200 OK\r\n\r\nhalf");
  REQUIRE(run_until(u.loop, [&] { return call.caller.body == "half"; }));
  call.origin->reset();
  REQUIRE(call.caller.wait());
  CHECK(call.caller.failed_with() == Errc::PeerReset);
  CHECK(call.caller.failure->side == Side::Upstream);
}

TEST_CASE("a reset that comes together with the first part of a response is not missed") {
  Upstreams u;
  Call call(u);
  call.origin->send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  call.origin->reset();
  REQUIRE(call.caller.wait());
  REQUIRE(call.caller.failure);
  CHECK(call.caller.failure->side == Side::Upstream);
  CHECK_FALSE(call.caller.ended);
}

TEST_CASE("a malformed chunk in the body is a failure, and what came before it is passed on") {
  Upstreams u;
  Answered call(u, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nnonsense\r\n");
  CHECK(call.caller.failed_with() == Errc::BadMessage);
  CHECK(call.caller.failure->side == Side::Upstream);
  CHECK(u.pool().idle() == 0);
}

TEST_CASE("a head that cannot be understood is a failure of the target") {
  struct Case {
    std::string answer;
    Errc code;
  };
  for (const auto& [answer, code] : {
           Case{"nonsense\r\n\r\n", Errc::BadMessage},
           Case{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                Errc::BadMessage},
           Case{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                Errc::BadMessage},
           Case{"HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n",
                Errc::HeadTooLarge},
           Case{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
                Errc::BadMessage},
       }) {
    CAPTURE(answer.substr(0, 60));
    Upstreams u;
    Answered call(u, answer);
    CHECK(call.caller.failed_with() == code);
    CHECK(call.caller.failure->side == Side::Upstream);
    CHECK(call.caller.status == 0);
    CHECK_FALSE(call.caller.failure->retryable);
    CHECK(u.pool().idle() == 0);
  }
}

TEST_CASE("interim responses are told of, and the final one follows") {
  Upstreams u;
  Answered call(u, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
                       std::string(kHello));
  CHECK(call.caller.interims == std::vector<int>{100, 103});
  CHECK(call.caller.status == 200);
  CHECK(call.caller.body == "hello");
  CHECK(call.caller.fields == "Content-Length: 5\n");
  CHECK(u.pool().idle() == 1);
}

TEST_CASE("bytes behind a complete response are not trusted: no other request gets them") {
  Upstreams u;
  Answered call(u, std::string(kHello) + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  CHECK(call.caller.body == "hello");
  CHECK(call.caller.ended);
  CHECK(u.pool().idle() == 0);
}

TEST_CASE("bytes that come while a connection is idle end it") {
  Upstreams u;
  Peer& origin = make_idle(u);
  origin.send("HTTP/1.1 408 Request Timeout\r\n\r\n");
  REQUIRE(run_until(u.loop, [&] { return u.pool().idle() == 0; }));
  Caller next(u);
  CHECK_FALSE(next.open().is_reused());
}

TEST_CASE("a connection that its target closes while it is idle leaves the pool") {
  Upstreams u;
  Peer& origin = make_idle(u);
  origin.close();
  REQUIRE(run_until(u.loop, [&] { return u.pool().idle() == 0; }));
}

TEST_CASE("a target that closes right behind its response, without having said so, is not kept") {
  Upstreams u;
  Answered call(u, kHello, true);
  CHECK(call.caller.ended);
  settle(u.loop);
  CHECK(u.pool().idle() == 0);
}

TEST_CASE(
    "a kept connection that ends before the first byte of an answer may be tried again; a new one "
    "may not") {
  for (const bool reset : {false, true}) {
    CAPTURE(reset);
    Upstreams u;
    Peer& origin = make_idle(u);
    Caller second(u);
    REQUIRE(second.open().is_reused());
    second.send();
    read_until(u.loop, origin, "\r\n\r\n");
    if (reset) {
      origin.reset();
    } else {
      origin.close();
    }
    REQUIRE(second.wait());
    REQUIRE(second.failure);
    CHECK(second.failed_with() == (reset ? Errc::PeerReset : Errc::PeerClosed));
    CHECK(second.failure->retryable);

    Caller third(u);
    CHECK_FALSE(third.open(prox::upstream::Connect::New).is_reused());
    third.send();
    u.origin().accept(u.loop).close();
    REQUIRE(third.wait());
    REQUIRE(third.failure);
    CHECK_FALSE(third.failure->retryable);
  }
}

TEST_CASE("once a byte of the answer has come, nothing may be tried again") {
  Upstreams u;
  Peer& origin = make_idle(u);
  Caller second(u);
  second.open();
  second.send();
  read_until(u.loop, origin, "\r\n\r\n");
  origin.send("HTTP/1.1 2");
  settle(u.loop);
  origin.close();
  REQUIRE(second.wait());
  REQUIRE(second.failure);
  CHECK_FALSE(second.failure->retryable);
}

TEST_CASE("a refused connection fails later, from the loop, and may be tried elsewhere") {
  Upstreams u;
  u.origin().stop();
  Caller caller(u);
  caller.open();
  caller.send();
  CHECK_FALSE(caller.is_over());
  REQUIRE(caller.wait());
  CHECK(caller.failed_with() == Errc::ConnectFailed);
  CHECK(caller.failure->retryable);
}

TEST_CASE("a name that does not resolve fails later, from the loop") {
  Upstreams u;
  u.target().literal.reset();
  u.target().address.host = "no literal";
  u.target().connect_timeout = 50;
  Caller caller(u);
  caller.open();
  caller.send();
  CHECK_FALSE(caller.is_over());
  REQUIRE(caller.wait());
  CHECK(caller.failure->side == Side::Upstream);
}

TEST_CASE(
    "a target that takes too long for its head is timed out, and interim responses win it no "
    "time") {
  Upstreams u;
  u.target().response_header_timeout = 60;
  Call call(u);
  for (int i = 0; i < 2; ++i) {
    call.origin->send("HTTP/1.1 103 Early Hints\r\n\r\n");
    settle(u.loop);
  }
  REQUIRE(call.caller.wait());
  CHECK(call.caller.failed_with() == Errc::HeadTimedOut);
  CHECK(call.caller.failure->side == Side::Upstream);
  CHECK_FALSE(call.caller.failure->retryable);
  CHECK(call.caller.interims.size() == 2);
  CHECK(u.pool().idle() == 0);
}

TEST_CASE("the time for the head does not run on while the body comes") {
  Upstreams u;
  u.target().response_header_timeout = 30;
  Call call(u);
  call.origin->send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na");
  REQUIRE(run_until(u.loop, [&] { return call.caller.body == "a"; }));
  CHECK_FALSE(run_until(
      u.loop, [&] { return call.caller.is_over(); }, 60));
  call.origin->send("b");
  REQUIRE(call.caller.wait());
  CHECK(call.caller.ended);
}

TEST_CASE(
    "a body of known length is sent as it is, one of unknown length in chunks, with its trailers") {
  {
    Upstreams u;
    Call call(u, {Kind::Length, 11}, "POST");
    CHECK(call.received == "POST /x HTTP/1.1\r\nHost: origin.test\r\nContent-Length: 11\r\n\r\n");
    call.caller.send_part("hello ");
    call.caller.send_part("world");
    call.caller.stream->end_request({});
    call.caller.stream->flush();
    CHECK(read_until(u.loop, *call.origin, "world") == "hello world");
  }
  Upstreams u;
  Call call(u, {Kind::Chunked, 0}, "POST");
  CHECK(call.received ==
        "POST /x HTTP/1.1\r\nHost: origin.test\r\nTransfer-Encoding: chunked\r\n\r\n");
  call.caller.send_part("hello ");
  call.caller.send_part("");  // an empty chunk would be the end
  call.caller.send_part(std::string(26, 'w'));
  call.caller.stream->end_request("X-Sum: 7\r\n");
  call.caller.stream->flush();
  CHECK(read_until(u.loop, *call.origin, "X-Sum: 7\r\n\r\n") ==
        "6\r\nhello \r\n1a\r\n" + std::string(26, 'w') + "\r\n0\r\nX-Sum: 7\r\n\r\n");
  call.origin->send(kHello);
  REQUIRE(call.caller.wait());
  CHECK(u.pool().idle() == 1);
}

TEST_CASE(
    "an answer that comes before the request is complete is passed on; the connection is not "
    "kept") {
  Upstreams u;
  Call call(u, {Kind::Length, 100}, "POST");
  call.caller.send_part("part");
  call.origin->send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
  REQUIRE(call.caller.wait());
  CHECK(call.caller.status == 413);
  CHECK(call.caller.body == "no");
  CHECK(call.caller.ended);
  CHECK(u.pool().idle() == 0);
  CHECK(run_until(u.loop, [&] { return call.origin->ended() || call.origin->was_reset(); }));
}

TEST_CASE("an answer is read even if the target has stopped reading the request") {
  Upstreams u;
  Call call(u, {Kind::Chunked, 0}, "POST");
  call.caller.send_part("part that is never read");
  settle(u.loop);
  call.origin->send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
  call.origin->close();  // with unread bytes: RST follows the answer
  call.caller.send_part("more");
  call.caller.send_part("and more");
  REQUIRE(call.caller.wait());
  CHECK(call.caller.status == 413);
  CHECK(call.caller.body == "no");
  CHECK(u.pool().idle() == 0);
}

TEST_CASE(
    "a request that the target does not read backs up, and its sender is told when it has gone "
    "out") {
  Upstreams u;
  Call call(u, {Kind::Chunked, 0}, "POST");
  CHECK_FALSE(call.caller.stream->is_backed_up());
  std::size_t sent = 0;
  const std::string part(64 * 1024, 'p');
  while (!call.caller.stream->is_backed_up()) {
    call.caller.send_part(part);
    sent += part.size();
    REQUIRE(sent < (64U << 20));
  }
  settle(u.loop);
  CHECK(call.caller.drained == 0);
  REQUIRE(run_until(u.loop, [&] {
    call.origin->read();
    return call.caller.drained > 0;
  }));
  CHECK_FALSE(call.caller.stream->is_backed_up());
  CHECK(call.caller.drained == 1);
}

TEST_CASE(
    "a response that nobody wants yet is left with the target, and goes on when it is wanted") {
  Upstreams u;
  Call call(u);
  call.caller.wants = false;
  const std::string body(32U << 20, 'b');
  std::string_view rest = body;
  call.origin->send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                    "\r\n\r\n");
  settle(u.loop);
  for (int i = 0; i < 50; ++i) {
    rest = call.origin->send_some(rest);
    settle(u.loop);
  }
  CHECK(call.caller.body.size() < (1U << 20));
  REQUIRE_FALSE(rest.empty());
  call.caller.wants = true;
  call.caller.stream->resume();
  REQUIRE(run_until(u.loop, [&] {
    rest = call.origin->send_some(rest);
    return call.caller.is_over();
  }));
  CHECK(call.caller.ended);
  CHECK(call.caller.body == body);
}

TEST_CASE("who gives a request up before its response closes the connection") {
  Upstreams u;
  Call call(u);
  call.caller.give_back();
  CHECK(run_until(u.loop, [&] { return call.origin->ended() || call.origin->was_reset(); }));
  CHECK(u.pool().idle() == 0);
}

TEST_CASE("who gives a request up while it is connecting leaves nothing behind") {
  Upstreams u;
  Caller caller(u);
  caller.open();
  caller.send();
  caller.give_back();
  settle(u.loop);
  CHECK(u.blocks.in_use() == 0);
  CHECK_FALSE(caller.is_over());
}
