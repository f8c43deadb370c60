#include "prox/http/h2_codec.h"

#include "http/h2_pair.h"

using namespace prox;
using namespace prox::test;
using http::BodyFraming;
using http::H2Error;
using Kind = http::BodyFraming::Kind;

namespace {

// Answers the server's stream with a body.
void answer(H2Pair& pair, Slice body, std::size_t index = 0) {
  http::ResponseHead head;
  head.status = 200;
  H2TestStream& stream = pair.server.stream(index);
  stream.to_send = body;
  stream.last = true;
  pair.server.codec.send_response(stream, head, {Kind::Length, body.size()}, body.empty());
}

}  // namespace

TEST_CASE("a request and its response pass, whole or byte by byte") {
  const std::size_t piece = GENERATE(1, 7, 1000);
  H2Pair pair;
  http::RequestHead head = request_head("GET", "/a?b", "h.test:8080");
  add(head.fields, "X-One", "1");
  H2TestStream& sent = pair.client.open(head, true);
  pair.run(piece);
  H2TestStream& got = pair.server.stream();
  REQUIRE(got.has_head);
  CHECK(got.ended);
  CHECK(got.request.method == http::Method::Get);
  CHECK(got.request.target == "/a?b");
  CHECK(got.request.path == "/a");
  CHECK(got.request.query == "b");
  CHECK(got.request.host == "h.test:8080");
  CHECK(got.request.fields.begin()->name == "x-one");
  CHECK(got.framing->kind == Kind::None);
  answer(pair, "hello");
  pair.run(piece);
  CHECK(sent.response.status == 200);
  CHECK(sent.framing.value() == BodyFraming{Kind::Length, 5});
  CHECK(sent.body == "hello");
  CHECK(sent.ended);
  CHECK(sent.closed);
  CHECK(got.closed);
  CHECK_FALSE(pair.failed);
}

TEST_CASE("a body that nobody takes stops at the stream's window") {
  H2Pair pair;
  pair.server.takes_all = false;
  H2TestStream& sent = pair.client.open(request_head("POST", "/"), false);
  sent.to_send.assign(200'000, 'x');
  sent.last = true;
  pair.run();
  H2TestStream& got = pair.server.stream();
  CHECK(got.framing->kind == Kind::Chunked);
  CHECK(got.body.size() == 64 * 1024);
  pair.server.codec.taken(got, 40'000);
  pair.run();
  CHECK(got.body.size() == 64 * 1024 + 40'000);
  pair.server.takes_all = true;
  pair.server.codec.taken(got, 64 * 1024);
  pair.run();
  CHECK(got.body.size() == 200'000);
  CHECK(got.ended);
}

TEST_CASE("a stream that nobody reads leaves the connection's window to the others") {
  H2Pair pair;
  pair.server.takes_all = false;
  for (int i = 0; i < 15; ++i) {
    H2TestStream& stuck = pair.client.open(request_head("POST", "/"), false);
    stuck.to_send.assign(100'000, 'x');
  }
  pair.run();
  pair.server.takes_all = true;
  H2TestStream& sent = pair.client.open(request_head("POST", "/"), false);
  sent.to_send.assign(500'000, 'y');
  sent.last = true;
  pair.run();
  CHECK(pair.server.stream(15).body.size() == 500'000);
}

TEST_CASE("bodies that nobody reads stop at the connection's window") {
  http::H2Limits limits;
  limits.connection_window = 100'000;
  H2Pair pair(limits);
  pair.server.takes_all = false;
  for (int i = 0; i < 4; ++i) {
    H2TestStream& stuck = pair.client.open(request_head("POST", "/"), false);
    stuck.to_send.assign(60'000, 'x');
  }
  pair.run();
  auto held = [&] {
    std::size_t bytes = 0;
    for (const auto& stream : pair.server.streams) bytes += stream->body.size();
    return bytes;
  };
  // What was given back at receipt, and one more window.
  CHECK(held() <= 200'000);
  for (const auto& stream : pair.server.streams)
    pair.server.codec.taken(*stream, stream->body.size());
  pair.run();
  CHECK(held() == 240'000);
}

TEST_CASE("the untaken part of a stream that is reset is given back to the connection") {
  http::H2Limits limits;
  limits.connection_window = 65'535;
  H2Pair pair(limits);
  pair.server.takes_all = false;
  for (int round = 0; round < 10; ++round) {
    H2TestStream& sent = pair.client.open(request_head("POST", "/"), false);
    sent.to_send.assign(60'000, 'x');
    pair.run();
    CHECK(pair.server.streams.back()->body.size() == 60'000);
    pair.client.codec.reset(sent, H2Error::Cancel);
    pair.run();
    CHECK(pair.server.streams.back()->closed);
    CHECK(pair.server.streams.back()->error == H2Error::Cancel);
  }
}

TEST_CASE("trailers and interim heads pass") {
  H2Pair pair;
  H2TestStream& sent = pair.client.open(request_head("POST", "/"), false);
  sent.to_send = "abc";
  sent.last = true;
  sent.trailers_to_send = "X-Sum: 1\r\nx-more: 2\r\n";
  pair.run();
  H2TestStream& got = pair.server.stream();
  CHECK(got.body == "abc");
  CHECK(got.trailers == "x-sum: 1\r\nx-more: 2\r\n");
  http::ResponseHead interim;
  interim.status = 103;
  pair.server.codec.send_interim(got, interim);
  answer(pair, "ok");
  got.trailers_to_send = "x-end: 3\r\n";
  pair.run();
  CHECK(sent.interims == std::vector<int>{103});
  CHECK(sent.response.status == 200);
  CHECK(sent.body == "ok");
  CHECK(sent.trailers == "x-end: 3\r\n");
}

TEST_CASE("a response that is complete before its request stops the upload without an error") {
  H2Pair pair;
  H2TestStream& sent = pair.client.open(request_head("POST", "/"), false);
  sent.to_send = "part";
  pair.run();
  answer(pair, "enough");
  pair.run();
  CHECK(sent.body == "enough");
  CHECK(sent.closed);
  CHECK(sent.error == H2Error::NoError);
}

TEST_CASE("send stops where its owner is full, and goes on without a loss") {
  H2Pair pair;
  H2TestStream& sent = pair.client.open(request_head("GET", "/"), true);
  pair.run();
  pair.server.room = 20'000;
  answer(pair, std::string(50'000, 'x'));
  const std::string first = pair.server.output();
  CHECK(first.size() < 50'000);
  CHECK(pair.server.codec.wants_to_send());
  REQUIRE(pair.client.codec.feed(first, pair.now));
  pair.run();
  CHECK(sent.body == std::string(50'000, 'x'));
}

TEST_CASE("after GOAWAY the open streams end, and then the connection") {
  H2Pair pair;
  pair.client.open(request_head("GET", "/"), true);
  pair.run();
  pair.server.codec.announce_shutdown();
  pair.server.codec.ping();
  pair.run();
  CHECK(pair.server.pongs == 1);
  CHECK_FALSE(pair.server.codec.is_over());
  pair.server.codec.go_away(H2Error::NoError);
  pair.run();
  CHECK_FALSE(pair.server.codec.is_over());
  answer(pair, "last");
  pair.run();
  CHECK(pair.client.stream().body == "last");
  CHECK(pair.server.codec.is_over());
}

TEST_CASE("what comes behind a flood is not taken in, though it came in the same bytes") {
  H2Pair pair;
  std::string bytes(http::kH2Preface);
  bytes += Slice("\0\0\0\4\0\0\0\0\0", 9);                                // SETTINGS
  bytes += Slice("\0\0\6\1\4\0\0\0\1\x83\x86\x84\1\1x", 15);              // HEADERS: POST /
  for (int i = 0; i < 200; ++i) bytes += Slice("\0\0\0\0\0\0\0\0\1", 9);  // DATA without a byte
  bytes += Slice("\0\0\4\0\0\0\0\0\1late", 13);
  bytes += Slice("\0\0\6\1\5\0\0\0\3\x82\x86\x84\1\1x", 15);
  CHECK_FALSE(pair.say(bytes));
  CHECK(pair.server.codec.flood() == "empty frames");
  REQUIRE(pair.server.streams.size() == 1);
  CHECK(pair.server.stream().body.empty());
  CHECK_FALSE(pair.server.codec.send());
}

TEST_CASE("windows that cut a body into crumbs are a flood") {
  H2Pair pair;
  const auto frame = [](Slice bytes) { return std::string(bytes); };
  std::string hello(http::kH2Preface);
  hello += frame({"\0\0\6\4\0\0\0\0\0\0\4\0\0\0\0", 15});       // SETTINGS: windows of 0
  hello += frame({"\0\0\6\1\5\0\0\0\1\x82\x86\x84\1\1x", 15});  // HEADERS: GET /
  REQUIRE(pair.say(hello));
  answer(pair, std::string(100'000, 'x'));
  pair.server.output();
  const std::string crumb = frame({"\0\0\4\10\0\0\0\0\1\0\0\0\1", 13});  // WINDOW_UPDATE of 1
  int crumbs = 0;
  while (pair.say(crumb) && pair.server.codec.send() && crumbs < 5000) ++crumbs;
  CHECK(crumbs >= 999);
  CHECK(crumbs < 1100);
  CHECK(pair.server.codec.flood() == "tiny windows");
  CHECK(pair.server.codec.is_over());
}
