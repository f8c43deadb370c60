// Requests over a shared HTTP/2 connection, and what becomes of them when it, or the target, fails.
#include <memory>
#include <string>
#include <vector>

#include "upstream/h2_origin.h"

using prox::base::Errc;
using prox::base::Side;
using prox::http::BodyFraming;
using prox::http::H2Error;
using prox::test::Caller;
using prox::test::H2Served;
using prox::test::H2TestStream;
using prox::test::run_until;
using prox::test::Upstreams;
using prox::upstream::Connect;
using Kind = BodyFraming::Kind;

namespace {

// A worker's side of a target that speaks HTTP/2.
struct World : Upstreams {
  World() { target().h2 = true; }

  // A request on its way.
  Caller& begin(BodyFraming body = {}, std::string_view method = "GET",
                std::string_view upgrade = {}, Connect how = Connect::Any) {
    callers.push_back(std::make_unique<Caller>(*this));
    callers.back()->open(how);
    callers.back()->send(body, method, upgrade);
    return *callers.back();
  }
  // The target's side of the next connection.
  H2Served& accept(const prox::http::H2Limits& limits = {}) {
    served.push_back(std::make_unique<H2Served>(origin().accept(loop), limits));
    settle();
    return *served.back();
  }
  void settle() {
    for (const auto& one : served) one->settle(loop);
    prox::test::settle(loop);
  }

  std::vector<std::unique_ptr<H2Served>> served;
  std::vector<std::unique_ptr<Caller>> callers;
};

}  // namespace

TEST_CASE("a request goes out over HTTP/2, and its response comes back whole") {
  World w;
  Caller& call = w.begin();
  H2Served& target = w.accept();
  H2TestStream& stream = target.stream();
  CHECK(stream.request.method_text == "GET");
  CHECK(stream.request.target == "/x");
  CHECK(stream.request.host == "origin.test");
  CHECK(stream.ended);
  CHECK_FALSE(call.stream->is_reused());
  target.begin_answer(stream);
  target.send_part(stream, "hello");
  w.settle();
  CHECK(call.status == 200);
  CHECK(call.body == "hello");
  CHECK_FALSE(call.ended);
  target.end_answer(stream, "x-sum: 7\r\n");
  w.settle();
  CHECK(call.ended);
  CHECK(call.trailers == "x-sum: 7\r\n");
  CHECK(w.pool().idle() == 1);
  CHECK(w.blocks.in_use() == 0);
}

TEST_CASE("requests share a connection, and end each by itself") {
  World w;
  Caller& first = w.begin();
  Caller& second = w.begin();
  H2Served& target = w.accept();
  Caller& third = w.begin();
  CHECK(third.stream->is_reused());
  w.settle();
  REQUIRE(target.streams() == 3);
  CHECK_FALSE(w.origin().has_another(w.loop));
  for (const std::size_t index : {2, 0, 1})
    target.answer(target.stream(index), std::string(1, static_cast<char>('a' + index)));
  w.settle();
  CHECK(first.body == "a");
  CHECK(second.body == "b");
  CHECK(third.body == "c");
}

TEST_CASE("what the target has no room for goes over another connection") {
  World w;
  for (int i = 0; i < 5; ++i) w.begin();
  prox::http::H2Limits limits;
  limits.max_streams = 2;
  CHECK(w.accept(limits).streams() == 2);
  CHECK(w.accept(limits).streams() == 2);
  CHECK(w.accept(limits).streams() == 1);
  for (const auto& target : w.served)
    for (std::size_t i = 0; i < target->streams(); ++i) target->answer(target->stream(i));
  w.settle();
  for (const auto& call : w.callers) CHECK(call->body == "hello");
  CHECK(w.pool().idle() == 3);
}

TEST_CASE("a body goes out as it comes, with its trailers, both ways at once") {
  World w;
  Caller& call = w.begin({Kind::Chunked, 0}, "POST");
  H2Served& target = w.accept();
  H2TestStream& stream = target.stream();
  call.send_part("up");
  w.settle();
  CHECK(stream.body == "up");
  target.begin_answer(stream);
  target.send_part(stream, "down");
  w.settle();
  CHECK(call.body == "down");
  call.stream->end_request("x-end: 1\r\n");
  call.stream->flush();
  w.settle();
  CHECK(stream.ended);
  CHECK(stream.trailers == "x-end: 1\r\n");
  target.end_answer(stream);
  w.settle();
  CHECK(call.ended);
}

TEST_CASE("a refused request is sent once more elsewhere, with what of its body is gone already") {
  World w;
  Caller& call = w.begin({Kind::Length, 9}, "POST");
  call.send_part("first");
  H2Served& refuser = w.accept();
  REQUIRE(refuser.stream().body == "first");
  refuser.codec().reset(refuser.stream(), H2Error::RefusedStream);
  w.settle();
  H2Served& target = w.accept();
  CHECK(target.stream().body == "first");
  call.send_part("last");
  call.stream->end_request({});
  call.stream->flush();
  w.settle();
  CHECK(target.stream().body == "firstlast");
  target.codec().reset(target.stream(), H2Error::RefusedStream);
  w.settle();
  CHECK(call.failed_with() == Errc::PeerReset);
  CHECK_FALSE(w.origin().has_another(w.loop));
}

TEST_CASE("a refused request with too much of its body gone is not sent again") {
  World w;
  prox::http::H2Limits limits;
  limits.stream_window = 1U << 20;
  Caller& call = w.begin({Kind::Chunked, 0}, "POST");
  H2Served& refuser = w.accept(limits);
  call.send_part(std::string(100 * 1024, 'p'));
  w.settle();
  REQUIRE(refuser.stream().body.size() == 100 * 1024);
  refuser.codec().reset(refuser.stream(), H2Error::RefusedStream);
  w.settle();
  CHECK(call.failed_with() == Errc::PeerReset);
  CHECK_FALSE(w.origin().has_another(w.loop));
}

TEST_CASE("a connection that says GOAWAY takes no more, and ends with its last request") {
  World w;
  Caller& first = w.begin();
  H2Served& target = w.accept();
  target.codec().go_away(H2Error::NoError);
  w.settle();
  Caller& second = w.begin();
  H2Served& other = w.accept();
  REQUIRE(other.streams() == 1);
  target.answer(target.stream());
  w.settle();
  CHECK(first.body == "hello");
  CHECK(run_until(w.loop, [&] { return target.peer().ended(); }));
  other.answer(other.stream());
  w.settle();
  CHECK(second.body == "hello");
}

TEST_CASE(
    "a connection that breaks fails its requests; those on one that was idle may be sent again") {
  World w;
  Caller& first = w.begin();
  H2Served& target = w.accept();
  Caller& second = w.begin();
  w.settle();
  target.peer().close();
  REQUIRE(first.wait());
  REQUIRE(second.wait());
  CHECK(first.failed_with() == Errc::PeerClosed);
  CHECK_FALSE(first.failure->retryable);
  CHECK(second.failure->retryable);
  CHECK(w.pool().idle() == 0);
}

TEST_CASE("a target that cannot be reached fails what waits for it, from the loop") {
  World w;
  w.origin().stop();
  Caller& call = w.begin();
  CHECK_FALSE(call.is_over());
  REQUIRE(call.wait());
  CHECK(call.failed_with() == Errc::ConnectFailed);
  CHECK_FALSE(call.failure->side == Side::Downstream);
}

TEST_CASE("a stream that the target resets fails alone, before and after its head") {
  World w;
  Caller& before = w.begin();
  Caller& after = w.begin();
  Caller& other = w.begin();
  H2Served& target = w.accept();
  target.codec().reset(target.stream(0), H2Error::InternalError);
  target.begin_answer(target.stream(1));
  target.send_part(target.stream(1), "half");
  w.settle();
  target.codec().reset(target.stream(1), H2Error::InternalError);
  target.answer(target.stream(2));
  w.settle();
  CHECK(before.failed_with() == Errc::PeerReset);
  CHECK(after.failed_with() == Errc::PeerReset);
  CHECK(after.body == "half");
  CHECK(other.body == "hello");
}

TEST_CASE("who gives a request up resets its stream alone") {
  World w;
  Caller& call = w.begin();
  Caller& other = w.begin();
  H2Served& target = w.accept();
  call.give_back();
  w.settle();
  CHECK(target.stream(0).closed);
  CHECK(target.stream(0).error == H2Error::Cancel);
  target.answer(target.stream(1));
  w.settle();
  CHECK(other.ended);
  CHECK(w.pool().idle() == 1);
}

TEST_CASE("a late head times its own stream out") {
  World w;
  w.target().response_header_timeout = 50;
  Caller& call = w.begin();
  Caller& upload = w.begin({Kind::Chunked, 0}, "POST");
  H2Served& target = w.accept();
  REQUIRE(call.wait());
  CHECK(call.failed_with() == Errc::HeadTimedOut);
  CHECK_FALSE(upload.is_over());  // it is its client's turn
  upload.stream->end_request({});
  upload.stream->flush();
  REQUIRE(upload.wait());
  CHECK(upload.failed_with() == Errc::HeadTimedOut);
  w.settle();
  CHECK(target.stream(0).error == H2Error::Cancel);
}

TEST_CASE("a silent target is sent a PING, and given up if it does not answer") {
  World w;
  w.target().h2_read_idle_timeout = 30;
  w.target().h2_ping_timeout = 50;
  Caller& call = w.begin();
  H2Served& target = w.accept();
  for (int i = 0; i < 5; ++i) {
    run_until(
        w.loop, [] { return false; }, 20);
    w.settle();  // answers
  }
  CHECK_FALSE(call.is_over());
  REQUIRE(call.wait());  // nobody answers any more
  CHECK(call.failed_with() == Errc::TimedOut);
  CHECK(run_until(w.loop, [&] { return target.peer().ended() || target.peer().was_reset(); }));
}

TEST_CASE("a response that nobody wants yet stays with the target, and others come") {
  World w;
  Caller& stuck = w.begin();
  stuck.wants = false;
  Caller& other = w.begin();
  H2Served& target = w.accept();
  target.begin_answer(target.stream(0));
  target.send_part(target.stream(0), std::string(1U << 20, 's'));
  target.answer(target.stream(1));
  w.settle();
  CHECK(other.ended);
  CHECK(stuck.body.empty());
  CHECK(target.stream(0).to_send.size() > (1U << 20) - 128 * 1024);
  stuck.wants = true;
  stuck.stream->resume();
  for (int i = 0; i < 10; ++i) w.settle();
  CHECK(stuck.body.size() == (1U << 20));
}

TEST_CASE("a request that the target does not take backs up, and its sender is told when it has") {
  World w;
  Caller& call = w.begin({Kind::Chunked, 0}, "POST");
  H2Served& target = w.accept();
  target.takes_all(false);
  for (int i = 0; i < 6; ++i) call.send_part(std::string(32 * 1024, 'p'));
  w.settle();
  CHECK(target.stream().body.size() == 64 * 1024);
  CHECK(call.stream->is_backed_up());
  CHECK(call.drained == 0);
  target.takes_all(true);
  target.codec().taken(target.stream(), 64 * 1024);
  w.settle();
  CHECK(call.drained == 1);
  CHECK_FALSE(call.stream->is_backed_up());
}

TEST_CASE("an upgrade becomes an extended CONNECT where the target has announced it") {
  World w;
  Caller& call = w.begin({}, "GET", "websocket");
  H2Served& target = w.accept();
  REQUIRE(target.streams() == 1);
  CHECK(target.stream().request.upgrade == "websocket");
  prox::http::ResponseHead head;
  target.codec().begin_tunnel(target.stream(), head);
  w.settle();
  CHECK(call.is_tunnel);
  CHECK(call.status == 101);
}

TEST_CASE("a request that asks for a connection of its own gets HTTP/1.1") {
  World w;
  w.begin({}, "GET", {}, Connect::Single);
  prox::test::Peer& peer = w.origin().accept(w.loop);
  CHECK(prox::test::read_until(w.loop, peer, "\r\n\r\n").starts_with("GET /x HTTP/1.1\r\n"));
}
