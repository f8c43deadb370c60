#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catch.h"
#include "prox/http/framing.h"

namespace prox::http {

using base::Errc;
using base::Side;
using Kind = BodyFraming::Kind;

namespace {

struct Decoded {
  std::string data;
  std::string trailers;
  std::size_t consumed = 0;
  bool is_complete = false;
  std::optional<Errc> error;

  bool operator==(const Decoded&) const = default;
};

// Gives the decoder `step` bytes at a time, each time in a place of its own without a byte to spare.
Decoded decode(Slice bytes, std::size_t step, BodyFraming framing) {
  BodyDecoder decoder;
  decoder.start(framing, Side::Upstream);
  Decoded decoded;
  while (decoded.consumed < bytes.size() && !decoder.is_complete()) {
    const Slice piece = bytes.substr(decoded.consumed, step);
    const std::unique_ptr<char[]> place(new char[piece.size()]);
    piece.copy(place.get(), piece.size());
    const Slice in(place.get(), piece.size());
    std::size_t at = 0;
    while (at < in.size() && !decoder.is_complete()) {
      const Result<BodyDecoder::Step> result = decoder.decode(in.substr(at));
      if (!result) {
        decoded.error = result.error().code;
        CHECK(result.error().side == Side::Upstream);
        return decoded;
      }
      CHECK(result->end == decoder.is_complete());
      REQUIRE(result->consumed > 0);
      REQUIRE(result->consumed <= in.size() - at);
      if (!result->data.empty()) {
        CHECK(result->data.data() >= in.data() + at);
        CHECK(result->data.data() + result->data.size() <= in.data() + at + result->consumed);
      }
      decoded.data += result->data;
      decoded.consumed += result->consumed;
      at += result->consumed;
    }
  }
  decoded.is_complete = decoder.is_complete();
  decoded.trailers = decoder.trailers();
  return decoded;
}

Decoded decode_every_way(const std::string& bytes, BodyFraming framing = {Kind::Chunked, 0}) {
  const Decoded whole = decode(bytes, bytes.size() + 1, framing);
  for (const std::size_t step : {1, 2, 3, 5, 64}) {
    CAPTURE(bytes, step);
    const Decoded pieces = decode(bytes, step, framing);
    CHECK(pieces.data == whole.data);
    CHECK(pieces.trailers == whole.trailers);
    CHECK(pieces.is_complete == whole.is_complete);
    CHECK(pieces.error == whole.error);
    if (!whole.error) CHECK(pieces.consumed == whole.consumed);
  }
  return whole;
}

void check_refused(const std::string& bytes, Errc code = Errc::BadMessage) {
  CAPTURE(bytes);
  const Decoded decoded = decode_every_way(bytes);
  REQUIRE(decoded.error.has_value());
  CHECK(*decoded.error == code);
}

}  // namespace

TEST_CASE("chunks lose their framing", "[http][body_decoder]") {
  struct Case {
    std::string bytes;
    std::string data;
  };
  const std::vector<Case> cases = {
      {"0\r\n\r\n", ""},
      {"5\r\nhello\r\n0\r\n\r\n", "hello"},
      {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"},
      {"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"},
      {"0000000000000005\r\nhello\r\n0000\r\n\r\n", "hello"},
      {"2\r\n\r\n\r\n0\r\n\r\n", "\r\n"},
      {"5;a=b\r\nhello\r\n0;last\r\n\r\n", "hello"},
      {"5 \t; a = \"x;\\\"\t\xe4\" ;c\r\nhello\r\n0\r\n\r\n", "hello"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.bytes);
    const Decoded decoded = decode_every_way(c.bytes);
    CHECK_FALSE(decoded.error);
    CHECK(decoded.is_complete);
    CHECK(decoded.data == c.data);
    CHECK(decoded.consumed == c.bytes.size());
    CHECK(decoded.trailers.empty());
  }
}

TEST_CASE("what follows a body is not touched", "[http][body_decoder]") {
  const Decoded decoded = decode_every_way("3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\n");
  CHECK(decoded.is_complete);
  CHECK(decoded.consumed == 13);
  CHECK(decode_every_way("abcdef", {Kind::Length, 4}).consumed == 4);
}

TEST_CASE("chunk sizes that are refused", "[http][body_decoder]") {
  for (const char* bytes : {"\r\n\r\n",
                            "x\r\n",
                            "-5\r\nhello",
                            "+5\r\nhello",
                            " 5\r\nhello",
                            "\t5\r\nhello",
                            "0x5\r\nhello",
                            "5h\r\nhello",
                            "5,\r\nhello",
                            ";a\r\n",
                            "\n",
                            "5 \r\nhello",
                            "5\t\r\nhello",
                            "5 5\r\nhello",
                            "8000000000000000\r\n",
                            "ffffffffffffffff\r\n",
                            "10000000000000000\r\n",
                            "10000000000000005\r\nhello",
                            "00000000000000005\r\nhello",
                            "fffffffffffffffffffffffffffff\r\n",
                            "g\r\n"}) {
    check_refused(bytes);
  }
  CHECK_FALSE(decode_every_way("7fffffffffffffff\r\nx").error);
  check_refused(std::string("5\0\r\nhello", 10));
}

TEST_CASE("chunk lines end with CRLF and nothing else", "[http][body_decoder]") {
  for (const char* bytes :
       {"5\nhello\r\n0\r\n\r\n", "5\rhello\r\n0\r\n\r\n", "5\r\r\nhello", "5;a\nhello\r\n0\r\n\r\n",
        "5;a\rb\r\nhello", "5;a=\"\n\"\r\nhello", "5;\x01\r\nhello", "5;\x7f\r\nhello",
        "5\r\nhello\n0\r\n\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhello\r0\r\n\r\n",
        "5\r\nhello!\r\n0\r\n\r\n", "5\r\nhello\r\r\n", "5\r\nhello\r\n\r\n",
        "5\r\nhello\r\n0\n\r\n", "0\r\n\n", "0\r\n\rX", "0\r\n\r\r\n"}) {
    check_refused(bytes + std::string("\r\n"));
  }
  check_refused(std::string("5;a\0\r\nhello", 12));
}

TEST_CASE("data before a fault is handed out first", "[http][body_decoder]") {
  CHECK(decode_every_way("5\r\nhelloXX").data == "hello");
  CHECK(decode_every_way("5\r\nhello\r\nzz\r\n").data == "hello");
}

TEST_CASE("chunk extensions have a limit for each chunk", "[http][body_decoder]") {
  const std::string longest = ";" + std::string(4096, 'x');
  CHECK(decode_every_way("1" + longest + "\r\na\r\n1" + longest + "\r\nb\r\n0\r\n\r\n").data ==
        "ab");
  check_refused("1" + longest + "x\r\na\r\n");
  check_refused("1;" + std::string(5000, 'x'));
  check_refused("1" + std::string(5000, ' '));
  check_refused("1" + std::string(4000, ' ') + ";" + std::string(97, 'x') + "\r\na\r\n");
}

TEST_CASE("trailers are kept as they came", "[http][body_decoder]") {
  const std::string lines = "X-Checksum: abc\r\nX-Empty:\r\nX-Last:\t a b \t\r\n";
  const Decoded decoded = decode_every_way("1\r\na\r\n0\r\n" + lines + "\r\nnext");
  CHECK(decoded.is_complete);
  CHECK(decoded.data == "a");
  CHECK(decoded.trailers == lines);
}

TEST_CASE("trailers that are refused", "[http][body_decoder]") {
  for (const char* line :
       {"X", "X : y", " X: y", "X: y\r\n z", ": y", "X: \x01", "X y: z", "X: a\rb",
        "Content-Length: 5", "transfer-encoding: chunked", "Host: a.test", "Connection: close",
        "Trailer: X", "TE: trailers", "Upgrade: x", "Keep-Alive: 1", "X-Forwarded-For: 1.1.1.1",
        "Proxy-Authorization: x", "Content-Type: x"}) {
    check_refused("0\r\n" + std::string(line) + "\r\n\r\n");
  }
  check_refused("0\r\nX: y\n\r\n");
  check_refused("0\r\nX: y\r\n\n");
}

TEST_CASE("trailers have a limit", "[http][body_decoder]") {
  const std::string longest = "X: " + std::string(8192 - 5, 'y') + "\r\n";
  CHECK(decode_every_way("0\r\n" + longest + "\r\n").trailers == longest);
  check_refused("0\r\nX" + longest + "\r\n", Errc::HeadTooLarge);
  check_refused("0\r\n" + longest + "Y: z\r\n\r\n", Errc::HeadTooLarge);
  check_refused("0\r\n" + std::string(9000, 'x'), Errc::HeadTooLarge);
}

TEST_CASE("a body of known length", "[http][body_decoder]") {
  CHECK(decode_every_way("hello", {Kind::Length, 5}).data == "hello");
  const Decoded cut = decode_every_way("hel", {Kind::Length, 5});
  CHECK_FALSE(cut.is_complete);
  BodyDecoder decoder;
  decoder.start({Kind::Length, 5}, Side::Upstream);
  CHECK(decoder.remaining() == 5);
  REQUIRE(decoder.decode("hel"));
  CHECK(decoder.remaining() == 2);
  CHECK_FALSE(decoder.is_complete());
}

TEST_CASE("no body ends before its first byte", "[http][body_decoder]") {
  for (const BodyFraming framing : {BodyFraming{Kind::None, 0}, BodyFraming{Kind::Length, 0}}) {
    BodyDecoder decoder;
    decoder.start(framing, Side::Downstream);
    CHECK(decoder.is_complete());
    const Result<BodyDecoder::Step> step = decoder.decode("next");
    REQUIRE(step);
    CHECK(step->end);
    CHECK(step->consumed == 0);
    CHECK(step->data.empty());
  }
}

TEST_CASE("a closed connection ends only a body that has no other end", "[http][body_decoder]") {
  BodyDecoder decoder;
  decoder.start({Kind::UntilClose, 0}, Side::Upstream);
  const Result<BodyDecoder::Step> step = decoder.decode("some");
  REQUIRE(step);
  CHECK(step->data == "some");
  CHECK_FALSE(step->end);
  CHECK(decoder.finish_at_close());
  CHECK(decoder.is_complete());

  for (const std::string bytes :
       {"", "5", "5\r\nhel", "5\r\nhello", "5\r\nhello\r\n", "0\r\n", "0\r\nX: y\r\n"}) {
    CAPTURE(bytes);
    decoder.start({Kind::Chunked, 0}, Side::Upstream);
    for (Slice rest = bytes; !rest.empty();)
      rest.remove_prefix(decoder.decode(rest).value().consumed);
    const Result<void> closed = decoder.finish_at_close();
    REQUIRE_FALSE(closed);
    CHECK(closed.error().code == Errc::PeerClosed);
    CHECK(closed.error().side == Side::Upstream);
  }
  decoder.start({Kind::Length, 5}, Side::Downstream);
  REQUIRE(decoder.decode("hell"));
  CHECK(decoder.finish_at_close().error().code == Errc::PeerClosed);
  decoder.start({Kind::Length, 5}, Side::Downstream);
  REQUIRE(decoder.decode("hello"));
  CHECK(decoder.finish_at_close());
}

TEST_CASE("a decoder serves one body after the other", "[http][body_decoder]") {
  BodyDecoder decoder;
  decoder.start({Kind::Chunked, 0}, Side::Upstream);
  REQUIRE(decoder.decode("0\r\nX: y\r\n\r\n").value().end);
  CHECK(decoder.trailers() == "X: y\r\n");
  decoder.start({Kind::Chunked, 0}, Side::Upstream);
  CHECK(decoder.trailers().empty());
  // Left in the middle of an extension, as when the peer is given up.
  REQUIRE(decoder.decode("5;abc"));
  decoder.start({Kind::Chunked, 0}, Side::Upstream);
  CHECK(decoder.decode("1\r\nz").value().data == "z");
}

}  // namespace prox::http
