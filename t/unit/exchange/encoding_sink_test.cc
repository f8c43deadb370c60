#include "exchange/encoding_sink.h"

#include <random>

#include <sys/mman.h>
#include <unistd.h>

#include "compress/decoded.h"
#include "exchange/world.h"
#include "prox/exchange/response.h"

namespace prox::exchange {

namespace {

using compress::Coding;
using http::BodyFraming;

std::string digits(std::size_t bytes) {
  std::mt19937 random(7);
  std::string text;
  while (text.size() < bytes) text += std::to_string(random());
  text.resize(bytes);
  return text;
}

// Has a body to send, and does so as far as it may.
class Sender final : public Handler {
 public:
  Sender(Exchange& exchange, std::string whole) : x_(exchange), whole_(std::move(whole)) {}

  void start() override { send_more(); }
  void on_request_body(net::Buffer& data) override { data.clear(); }
  void on_request_end(Slice) override {}
  bool wants_request_body() const override { return true; }
  void on_response_drained() override {
    ++told;
    send_more();
  }
  void send(Slice text) {
    net::Buffer piece(x_.context->blocks);
    piece.append_copy(text);
    x_.sink->send_body(piece);
    CHECK(piece.empty());
  }

  std::size_t sent = 0;
  int told = 0;

 private:
  void send_more() {
    while (sent < whole_.size() && !x_.sink->is_backed_up()) {
      const Slice part = Slice(whole_).substr(sent, 20'000);
      sent += part.size();
      send(part);
      if (sent == whole_.size()) x_.sink->end_response("X-After: 1\r\n");
    }
    x_.sink->flush();
  }

  Exchange& x_;
  const std::string whole_;
};

// An exchange of a service that compresses, its request read, its route not looked for.
struct Compressed {
  explicit Compressed(Coding coding = Coding::Gzip, std::string_view method = "GET") {
    service.compression.codings = {coding};
    x.context = &world.context;
    x.service = &service;
    x.sink = &client;
    request = std::string(method) +
              " / HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip, br, zstd\r\n\r\n";
    test::read_request(x, request);
  }

  void send_head(BodyFraming body = {BodyFraming::Kind::Chunked, 0}) {
    x.response.status = 200;
    x.response.reason = "OK";
    x.response.fields.add("Content-Type", "text/plain", http::FieldId::ContentType);
    exchange::send_head(x, body);
  }

  Sender& send(std::string body) {
    auto handler = std::make_unique<Sender>(x, std::move(body));
    Sender& sender = *handler;
    x.handler = std::move(handler);
    sender.start();
    return sender;
  }

  std::string request;
  test::World world;
  Service service;
  test::RecordingSink client;
  Exchange x;
};

base::SharedFd file_with(const std::string& text) {
  base::Fd file(::memfd_create("body", MFD_CLOEXEC));
  REQUIRE(::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  return base::SharedFd(std::move(file));
}

}  // namespace

TEST_CASE("a body leaves encoded, with its trailers", "[exchange][encoding]") {
  for (const Coding coding : {Coding::Zstd, Coding::Brotli, Coding::Gzip}) {
    Compressed compressed(coding);
    compressed.send_head({BodyFraming::Kind::Length, 60'000});
    const std::string body = digits(60'000);
    compressed.send(body);
    CHECK(compressed.client.framing == BodyFraming{BodyFraming::Kind::Chunked, 0});
    CHECK(compressed.client.head ==
          "200 OK\nContent-Type: text/plain\nVary: Accept-Encoding\nContent-Encoding: " +
              std::string(compress::name_of(coding)) + "\n");
    const test::Decoded decoded = test::decode(coding, compressed.client.body);
    CHECK(decoded.text == body);
    CHECK(decoded.ended);
    CHECK(compressed.client.ended);
    CHECK(compressed.client.trailers == "X-After: 1\r\n");
    CHECK(compressed.world.encoding.members() == 0);  // before the exchange is over
  }
}

TEST_CASE("without compress, the client's own sink is used", "[exchange][encoding]") {
  Compressed compressed;
  compressed.service.compression.codings.clear();
  compressed.send_head();
  CHECK(compressed.x.sink == &compressed.client);
  CHECK(compressed.client.head == "200 OK\nContent-Type: text/plain\n");
}

TEST_CASE("an answer to HEAD has the head alone", "[exchange][encoding]") {
  Compressed compressed(Coding::Gzip, "HEAD");
  compressed.send_head({BodyFraming::Kind::Length, 5000});
  CHECK(compressed.x.sink == &compressed.client);
  CHECK(compressed.client.head.ends_with("Content-Encoding: gzip\n"));
  CHECK(compressed.world.encoding.members() == 0);
}

TEST_CASE("bodies beyond the worker's limit leave as they are", "[exchange][encoding]") {
  Compressed first;  // the limit of this world is 2
  first.send_head();
  test::RecordingSink other_client;
  auto open = [&](Exchange& x) {
    x.context = &first.world.context;
    x.service = &first.service;
    x.sink = &other_client;
    test::read_request(x, first.request);
    x.response.status = 200;
    x.response.fields.add("Content-Type", "text/plain", http::FieldId::ContentType);
    other_client = {};
    send_head(x, {BodyFraming::Kind::Length, 5000});
    return x.sink != &other_client;
  };
  {
    Exchange second;
    CHECK(open(second));
    Exchange third;
    CHECK_FALSE(open(third));
    CHECK(other_client.head == "200 \nContent-Type: text/plain\nVary: Accept-Encoding\n");
    CHECK(other_client.framing == BodyFraming{BodyFraming::Kind::Length, 5000});
  }
  Exchange fourth;
  CHECK(open(fourth));  // there is room again
}

TEST_CASE("an event reaches the client when no other follows it", "[exchange][encoding]") {
  Compressed compressed;
  compressed.send_head();
  Sender& sender = compressed.send("");
  const std::string event = "data: 1\n\n";
  std::string sent;
  for (int i = 0; i < 3; ++i) {
    sender.send(event);
    sent += event;
    const std::size_t before = compressed.client.body.size();
    const int flushes = compressed.client.flushes;
    CHECK(test::run_until(compressed.world.loop,
                          [&] { return compressed.client.body.size() > before; }));
    CHECK(test::decode_gzip(compressed.client.body).text == sent);
    CHECK(compressed.client.flushes > flushes);
  }
  CHECK_FALSE(compressed.client.is_over());
}

TEST_CASE("pieces that follow each other leave together", "[exchange][encoding]") {
  Compressed compressed;
  compressed.send_head();
  Sender& sender = compressed.send("");
  for (int i = 0; i < 100; ++i) sender.send("a line\n");
  CHECK(compressed.client.body.empty());
  CHECK(test::run_until(compressed.world.loop, [&] { return !compressed.client.body.empty(); }));
  CHECK(test::decode_gzip(compressed.client.body).text.size() == 700);
}

TEST_CASE("a client that is full holds up encoder and handler", "[exchange][encoding]") {
  Compressed compressed;
  compressed.send_head();
  const std::string body = digits(50'000);
  compressed.client.backed_up = true;
  Sender& sender = compressed.send("");
  sender.send(body);
  CHECK(compressed.x.sink->is_backed_up());
  test::settle(compressed.world.loop);
  CHECK(compressed.client.body.empty());
  CHECK(sender.told == 0);

  compressed.client.backed_up = false;
  tell_drained(compressed.x);
  CHECK(sender.told == 1);
  compressed.x.sink->end_response({});
  CHECK(test::decode_gzip(compressed.client.body).text == body);
  CHECK(compressed.client.ended);
}

TEST_CASE("the end of a response waits for what is before it", "[exchange][encoding]") {
  Compressed compressed;
  compressed.send_head();
  compressed.client.backed_up = true;
  Sender& sender = compressed.send("");
  sender.send("the last words");
  compressed.x.sink->end_response("X-After: 1\r\n");
  CHECK_FALSE(compressed.client.is_over());
  compressed.client.backed_up = false;
  tell_drained(compressed.x);
  CHECK(test::decode_gzip(compressed.client.body).text == "the last words");
  CHECK(compressed.client.ended);
  CHECK(compressed.client.trailers == "X-After: 1\r\n");
}

TEST_CASE("a long body takes turns of the loop, and its handler waits", "[exchange][encoding]") {
  Compressed compressed;
  compressed.send_head();
  const std::string body = digits(1'000'000);
  Sender& sender = compressed.send(body);
  CHECK(sender.sent <= EncodingShare::kBytesPerTurn + 20'000);
  CHECK(compressed.x.sink->is_backed_up());
  CHECK(test::run_until(compressed.world.loop, [&] { return compressed.client.ended; }));
  CHECK(sender.told >= 6);
  CHECK(test::decode_gzip(compressed.client.body).text == body);
}

TEST_CASE("parts of a file are read and encoded", "[exchange][encoding]") {
  Compressed compressed(Coding::Zstd);
  compressed.send_head();
  const std::string text = digits(300'000);
  const base::SharedFd file = file_with(text);
  net::Buffer part(compressed.world.blocks);
  part.append_copy("before ");
  part.append_file(file, 1000, 250'000);
  part.append_copy(" behind");
  compressed.x.sink->send_body(part);
  compressed.x.sink->end_response({});
  CHECK(test::run_until(compressed.world.loop, [&] { return compressed.client.ended; }));
  CHECK(test::decode_zstd(compressed.client.body).text ==
        "before " + text.substr(1000, 250'000) + " behind");
}

TEST_CASE("a body arrives whole in whatever order things happen", "[exchange][encoding]") {
  std::mt19937 random(23);
  const std::string text = digits(400'000);
  const base::SharedFd file = file_with(text);
  for (int round = 0; round < 60; ++round) {
    const Coding coding = static_cast<Coding>(round % 3);
    CAPTURE(round);
    Compressed compressed(coding);
    compressed.send_head();
    std::string sent;
    for (std::size_t left = random() % 12; left > 0; --left) {
      const std::size_t from = random() % text.size();
      const std::size_t bytes = random() % (text.size() - from) >> (random() % 8);
      net::Buffer part(compressed.world.blocks);
      if (random() % 2 == 0) part.append_file(file, from, bytes);
      if (part.empty()) part.append_copy(Slice(text).substr(from, bytes));
      compressed.x.sink->send_body(part);
      sent += text.substr(from, bytes);
      compressed.client.backed_up = random() % 3 == 0;
      if (!compressed.client.backed_up) tell_drained(compressed.x);
      if (random() % 3 == 0) test::turn(compressed.world.loop);
    }
    compressed.x.sink->end_response("X-After: 1\r\n");
    compressed.client.backed_up = false;
    tell_drained(compressed.x);
    REQUIRE(test::run_until(compressed.world.loop, [&] { return compressed.client.ended; }));
    CHECK(compressed.client.trailers == "X-After: 1\r\n");
    const test::Decoded decoded = test::decode(coding, compressed.client.body);
    CHECK(decoded.ended);
    CHECK((decoded.text == sent));
  }
}

TEST_CASE("a file that has become shorter cuts the response", "[exchange][encoding]") {
  Compressed compressed;
  compressed.send_head();
  const base::SharedFd file = file_with(digits(50'000));
  net::Buffer part(compressed.world.blocks);
  part.append_file(file, 0, 60'000);
  compressed.x.sink->send_body(part);
  CHECK(compressed.client.cut);
  // Its handler does not know yet.
  part.append_copy("more");
  compressed.x.sink->send_body(part);
  CHECK(part.empty());
  compressed.x.sink->end_response({});
  compressed.x.sink->cut_response();
  test::settle(compressed.world.loop);
  CHECK_FALSE(compressed.client.ended);
}

TEST_CASE("a response that is cut never ends", "[exchange][encoding]") {
  Compressed compressed;
  compressed.send_head();
  Sender& sender = compressed.send("");
  sender.send(digits(10'000));
  compressed.x.sink->cut_response();
  CHECK(compressed.client.cut);
  const std::size_t sent = compressed.client.body.size();
  CHECK_FALSE(test::run_until(
      compressed.world.loop, [&] { return compressed.client.body.size() > sent; }, 50));
  CHECK(compressed.world.encoding.members() == 0);
}

TEST_CASE("an exchange that ends while its body waits leaves nothing behind",
          "[exchange][encoding]") {
  Compressed compressed;
  compressed.send_head();
  compressed.send(digits(1'000'000));
  CHECK(compressed.world.encoding.members() == 1);
  compressed.x.recycle();
  CHECK(compressed.world.encoding.members() == 0);
  const std::size_t sent = compressed.client.body.size();
  test::settle(compressed.world.loop);
  CHECK(compressed.client.body.size() == sent);
}

}  // namespace prox::exchange
