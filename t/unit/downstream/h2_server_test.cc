#include <netinet/tcp.h>

#include "downstream/served.h"
#include "http/h2_pair.h"

using namespace prox;
using namespace prox::test;
using exchange::ServiceLimits;
using http::H2Error;
using Kind = http::BodyFraming::Kind;

namespace {

// A client that speaks HTTP/2 to a service whose requests a script carries out.
struct H2Served : Served {
  explicit H2Served(const ServiceLimits& limits = {}) : Served(limits) {
    // What either end sends must be there at once, as on accepted sockets.
    const int on = 1;
    for (const int fd : {client.fd(), connection().stream().fd()})
      REQUIRE(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    pass();
  }

  // Passes bytes both ways until nothing moves.
  void pass() {
    for (bool moved = true; moved;) {
      const std::string out = h2.output();
      client.send(out);
      turn();
      const std::string in = client.take();
      if (!in.empty()) REQUIRE(h2.codec.feed(in, 1));
      moved = !out.empty() || !in.empty();
    }
  }
  H2TestStream& get(Slice target = "/") {
    H2TestStream& stream = h2.open(request_head("GET", target), true);
    pass();
    return stream;
  }
  H2TestStream& post(Slice body, bool is_last) {
    H2TestStream& stream = h2.open(request_head("POST", "/"), false);
    stream.to_send = body;
    stream.last = is_last;
    pass();
    return stream;
  }
  template <typename Done>
  bool pass_until(Done done) {
    return Served::run_until([&] {
      const std::string in = client.take();
      if (!in.empty()) REQUIRE(h2.codec.feed(in, 1));
      return done();
    });
  }

  H2End h2{http::H2Codec::Role::Client};
};

}  // namespace

TEST_CASE("the preface brings HTTP/2, and requests on it are exchanges") {
  H2Served s;
  s.script.on_end = [](Exchange& x) { answer(x, x.request.target); };
  H2TestStream& one = s.get("/one");
  H2TestStream& two = s.get("/two");
  CHECK(one.body == "/one");
  CHECK(one.ended);
  CHECK(two.body == "/two");
  CHECK(two.response.fields.find(http::FieldId::Date) != nullptr);
  CHECK(s.row().requests_total == 2);
  CHECK(s.row().responses_total[2] == 2);
  CHECK(s.row().active_requests == 0);
  CHECK(s.script.freed == 2);
  CHECK(s.connection().is_kept_idle());
}

TEST_CASE("handlers see an exchange like any other") {
  H2Served s;
  s.script.on_start = [](Exchange& x) {
    CHECK(x.request.method == http::Method::Post);
    CHECK(x.client_ip == "192.0.2.9");
    CHECK(x.request_body.kind == Kind::Chunked);
    CHECK(x.request.host == "a.test");
  };
  s.post("hello", true);
  CHECK(s.script.body == "hello");
  CHECK(s.script.ended == 1);
  CHECK(s.row().bytes_in == 5);
}

TEST_CASE("a body that its handler does not want waits, and is given when it does") {
  H2Served s;
  s.script.wants_body = false;
  H2TestStream& sent = s.post(std::string(100'000, 'x'), true);
  CHECK(s.script.body.empty());
  CHECK(sent.to_send.size() == 100'000 - 64 * 1024);
  s.script.wants_body = true;
  s.script.current->sink->resume_request();
  s.pass();
  CHECK(s.script.body.size() == 100'000);
  CHECK(s.script.ended == 1);
}

TEST_CASE("a handler whose client's window is full is told to stop, and to go on") {
  H2Served s;
  http::H2Codec& codec = s.h2.codec;
  s.h2.takes_all = false;
  H2TestStream& got = s.get();
  Exchange& x = *s.script.current;
  begin_answer(x, 200, {Kind::Chunked, 0});
  std::size_t sent = 0;
  while (!x.sink->is_backed_up()) {
    send_part(x, std::string(10'000, 'x'));
    sent += 10'000;
    s.pass();
  }
  CHECK(sent < 64 * 1024 + net::kHighWater + 40'000);
  CHECK(s.script.drained == 0);
  codec.taken(got, got.body.size());
  s.pass();
  CHECK(s.script.drained == 1);
}

TEST_CASE("a client's reset frees its handler alone") {
  H2Served s;
  H2TestStream& one = s.get("/one");
  s.get("/two");
  s.h2.codec.reset(one, H2Error::Cancel);
  s.pass();
  CHECK(s.script.freed == 1);
  CHECK(s.row().active_requests == 1);
  CHECK(s.is_open());
}

TEST_CASE("a response that is cut resets its stream") {
  H2Served s;
  H2TestStream& got = s.get();
  begin_answer(*s.script.current, 200, {Kind::Length, 10});
  send_part(*s.script.current, "half");
  s.pass();
  s.script.current->sink->cut_response();
  s.pass();
  CHECK(got.closed);
  CHECK_FALSE(got.ended);
  CHECK(got.error == H2Error::InternalError);
  CHECK(s.script.freed == 1);
}

TEST_CASE("a request that is dropped hangs, or is reset at once") {
  ServiceLimits limits;
  limits.write_timeout = 40;
  H2Served s(limits);
  const auto mode = GENERATE(exchange::DropMode::Hang, exchange::DropMode::Close);
  s.script.on_start = [mode](Exchange& x) { x.sink->drop_exchange(mode); };
  H2TestStream& got = s.get();
  CHECK(got.closed == (mode == exchange::DropMode::Close));
  REQUIRE(s.pass_until([&] { return got.closed; }));
  CHECK_FALSE(got.has_head);
  CHECK(got.error == H2Error::Cancel);
  CHECK(s.script.freed == 1);
  CHECK(s.is_open());
}

TEST_CASE("a hung request is let go when there are too many, and when the worker drains") {
  H2Served s;
  s.script.on_start = [](Exchange& x) { x.sink->drop_exchange(exchange::DropMode::Hang); };
  H2TestStream& one = s.get();
  H2TestStream& two = s.get();
  CHECK(s.host.hung().size() == 2);
  CHECK(s.script.freed == 2);
  CHECK(s.row().active_requests == 0);
  s.host.hung().set_limit(2);
  s.get();
  s.pass();
  CHECK(one.closed);
  CHECK_FALSE(two.closed);
  s.host.draining = true;
  s.connection().drain();
  s.pass();
  CHECK(two.closed);
}

TEST_CASE("a request whose body takes too long is answered 408") {
  ServiceLimits limits;
  limits.read_timeout = 40;
  H2Served s(limits);
  H2TestStream& got = s.post("part", false);
  REQUIRE(s.pass_until([&] { return got.closed; }));
  CHECK(got.response.status == 408);
  CHECK(got.error == H2Error::NoError);
  CHECK(s.script.freed == 1);
}

TEST_CASE("a response that takes too long is cancelled") {
  ServiceLimits limits;
  limits.write_timeout = 40;
  H2Served s(limits);
  H2TestStream& got = s.get();
  begin_answer(*s.script.current, 200, {Kind::Chunked, 0});
  send_part(*s.script.current, "part");
  REQUIRE(s.pass_until([&] { return got.closed; }));
  CHECK(got.body == "part");
  CHECK(got.error == H2Error::Cancel);
  CHECK(s.script.freed == 1);
}

TEST_CASE("an idle connection ends with GOAWAY") {
  ServiceLimits limits;
  limits.idle_timeout = 40;
  H2Served s(limits);
  s.script.on_end = [](Exchange& x) { answer(x, "x"); };
  s.get();
  REQUIRE(s.pass_until([&] { return s.client.ended(); }));
  CHECK(s.h2.codec.is_over());
}

TEST_CASE("a head that is not completed ends the connection") {
  ServiceLimits limits;
  limits.header_timeout = 40;
  H2Served s(limits);
  s.client.send({"\0\0\1\1\0\0\0\0\1\x82", 10});  // HEADERS without END_HEADERS
  REQUIRE(s.wait_closed());
  CHECK(s.script.started.empty());
}

TEST_CASE("bodies above the limit are 413, by their length or by what comes") {
  ServiceLimits limits;
  limits.max_body_bytes = 10;
  H2Served s(limits);
  H2TestStream& got = s.post(std::string(11, 'x'), true);
  CHECK(got.response.status == 413);
  http::RequestHead head = request_head("POST", "/");
  H2TestStream& long_one = s.h2.open(head, false, {Kind::Length, 11});
  s.pass();
  CHECK(long_one.response.status == 413);
  CHECK(s.script.started.size() == 1);
}

TEST_CASE("a drain lets requests in that are on their way, and then ends") {
  H2Served s;
  s.script.on_end = [](Exchange& x) { answer(x, "x"); };
  s.get();
  s.host.draining = true;
  s.connection().drain();
  H2TestStream& late = s.h2.open(request_head("GET", "/late"), true);
  s.pass();
  CHECK(late.body == "x");
  CHECK(s.pass_until([&] { return s.client.ended(); }));
  CHECK(s.host.idle == 0);  // nothing to hand over
}

TEST_CASE("a drain waits for the streams that are open") {
  H2Served s;
  H2TestStream& got = s.get();
  s.host.draining = true;
  s.connection().drain();
  s.pass();
  CHECK(s.is_open());
  answer(*s.script.current, "last");
  s.pass();
  CHECK(got.body == "last");
  CHECK(s.pass_until([&] { return s.client.ended(); }));
}

TEST_CASE("a client that closes frees its handlers") {
  H2Served s;
  s.get();
  s.get();
  s.client.close();
  CHECK(s.run_until([&] { return s.host.closed == 1; }));
  CHECK(s.script.freed == 2);
  CHECK(s.row().active_requests == 0);
}
