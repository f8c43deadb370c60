// What a client of HTTP/2 may send, as a server's codec takes it. The first byte picks how the rest is cut into pieces, and
// whether the preface is put before it; the rest are frames.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "prox/base/assert.h"
#include "prox/http/h2_codec.h"
#include "request_rules.h"

namespace {

using namespace prox;
using http::Slice;

// Small, so that inputs of a fuzzer's size reach them. The windows are larger than any input: when they are opened anew depends
// on how the input is cut.
const http::H2Limits kLimits{{1024, 256, 16}, 8, 64 * 1024, 1024 * 1024};
constexpr std::size_t kMostInput = 16 * 1024;
constexpr std::size_t kMostFrame = 9 + 16384;
constexpr std::size_t kRoom = 1024;  // of the output of a server whose client reads slowly

struct Stream final : http::H2Stream {
  Stream() { read_into(head); }

  http::RequestHead head;
  base::BlockRef block;  // what the head lies in
  std::string body;
  std::size_t untaken = 0;  // of it
  std::size_t to_send = 0;
  bool has_head = false;
  bool is_over = false;
};

// A server that answers everything, by the stream's id, and checks and notes down all that comes.
class Server final : public http::H2Codec::Owner {
 public:
  explicit Server(std::size_t room)
      : room_(room), codec_(http::H2Codec::Role::Server, *this, blocks_, kLimits) {}

  // Feeds one piece, in a place without a byte to spare. False once the codec refuses.
  bool feed(Slice piece) {
    auto place = std::make_unique<char[]>(piece.size());
    piece.copy(place.get(), piece.size());
    fed_ = {place.get(), piece.size()};
    return codec_.feed(fed_, 1).has_value();
  }
  bool send() { return codec_.send().has_value(); }
  void take_bodies() {
    for (const auto& stream : streams_)
      if (!stream->is_over) codec_.taken(*stream, std::exchange(stream->untaken, 0));
  }
  // All that came, in words.
  std::string story() const {
    std::string text = events_;
    // How much comes of a body before its mistake depends on the cut.
    for (const auto& stream : streams_)
      if (stream->has_ended()) text += "body: " + stream->body + "\n";
    return text;
  }
  std::size_t body_bytes_sent() const { return body_bytes_sent_; }
  std::string& output() { return output_; }

 private:
  http::H2Stream* on_request_begin() override {
    PROX_ASSERT(++open_ <= kLimits.max_streams);
    streams_.push_back(std::make_unique<Stream>());
    return streams_.back().get();
  }
  void on_head(http::H2Stream& stream, const base::Result<http::BodyFraming>& framing) override;
  void on_data(http::H2Stream& stream, Slice data) override;
  void on_end(http::H2Stream& stream, Slice trailers) override;
  void on_closed(http::H2Stream& stream, http::H2Error error) override;
  void on_pong() override { note("pong"); }
  bool is_full() const override { return output_.size() >= room_; }
  void write(Slice frame) override;
  http::H2Codec::Outgoing outgoing(http::H2Stream& stream) override {
    return {own(stream).to_send, true, {}};
  }
  void write_data(http::H2Stream& stream, Slice frame_header, std::size_t bytes) override;

  static Stream& own(http::H2Stream& base) {
    auto& stream = static_cast<Stream&>(base);
    PROX_ASSERT(!stream.is_over);
    return stream;
  }
  void note(const std::string& event) { events_ += event + "\n"; }
  void respond(Stream& stream, int status);

  std::string output_;
  std::string events_;
  std::size_t body_bytes_sent_ = 0;
  std::size_t room_;
  std::size_t open_ = 0;
  Slice fed_;
  base::BlockPool blocks_;
  std::vector<std::unique_ptr<Stream>> streams_;
  http::H2Codec codec_;
};

// RFC 9113 §8.2.2 forbids them; a name in upper case is malformed (§8.2).
void check_names(const http::Fields& fields) {
  for (const http::Field& field : fields) {
    for (const Slice name :
         {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"})
      PROX_ASSERT(field.name != name);
    PROX_ASSERT(field.name != "te" || field.value == "trailers");
    for (const char c : field.name) PROX_ASSERT(c < 'A' || c > 'Z');
  }
}

std::string describe(const http::RequestHead& head) {
  std::string text = std::string(head.method_text) + " " + std::string(head.target) + " at " +
                     std::string(head.host) + " for " + std::string(head.upgrade);
  for (const http::Field& field : head.fields)
    text += "\n  " + std::string(field.name) + ": " + std::string(field.value);
  return text;
}

void Server::on_head(http::H2Stream& base, const base::Result<http::BodyFraming>& framing) {
  Stream& stream = own(base);
  PROX_ASSERT(!std::exchange(stream.has_head, true));
  stream.block = stream.head_block();
  if (!framing) {
    // Nobody hears of a malformed request, but of one that may be answered.
    const base::Errc code = framing.error().code;
    PROX_ASSERT(code == base::Errc::UriTooLong || code == base::Errc::HeadTooLarge);
    note("refused " + std::to_string(stream.id()));
    return respond(stream, code == base::Errc::UriTooLong ? 414 : 431);
  }
  fuzz::check_request(stream.head, {stream.block.data(), stream.block.capacity()},
                      kLimits.head.max_fields);
  check_names(stream.head.fields);
  PROX_ASSERT(stream.head.target.size() <= kLimits.head.max_uri_bytes);
  note("head " + std::to_string(stream.id()) + " " + describe(stream.head));
  respond(stream, 200);
}

void Server::respond(Stream& stream, int status) {
  http::ResponseHead head;
  head.status = status;
  stream.to_send = static_cast<std::size_t>(stream.id() % 5) * 700;
  const bool is_tunnel =
      stream.head.method == http::Method::Connect || !stream.head.upgrade.empty();
  if (status == 200 && is_tunnel) {
    codec_.begin_tunnel(stream, head);
  } else {
    codec_.send_response(stream, head, {http::BodyFraming::Kind::Length, stream.to_send},
                         stream.to_send == 0);
  }
}

void Server::on_data(http::H2Stream& base, Slice data) {
  Stream& stream = own(base);
  PROX_ASSERT(stream.has_head && !stream.has_ended());
  fuzz::check_inside(data, fed_);
  stream.body += data;
  stream.untaken += data.size();
}

void Server::on_end(http::H2Stream& base, Slice trailers) {
  Stream& stream = own(base);
  PROX_ASSERT(stream.has_head);
  note("end " + std::to_string(stream.id()) + " " + std::string(trailers));
  // Whole lines, and no other ends of lines in them.
  while (!trailers.empty()) {
    const std::size_t end = trailers.find("\r\n");
    PROX_ASSERT(end != Slice::npos);
    const Slice line = trailers.substr(0, end);
    PROX_ASSERT(http::is_token(line.substr(0, line.find(':'))));
    PROX_ASSERT(line.find_first_of(Slice("\0\r\n", 3)) == Slice::npos);
    trailers.remove_prefix(end + 2);
  }
}

void Server::on_closed(http::H2Stream& base, http::H2Error error) {
  Stream& stream = own(base);
  stream.is_over = true;
  PROX_ASSERT(open_-- > 0);
  note("closed " + std::to_string(static_cast<std::uint32_t>(error)));
}

void Server::write(Slice frame) {
  output_ += frame;
  PROX_ASSERT(room_ == SIZE_MAX || output_.size() <= room_ + kMostFrame);
}

void Server::write_data(http::H2Stream& base, Slice frame_header, std::size_t bytes) {
  Stream& stream = own(base);
  PROX_ASSERT(bytes <= stream.to_send);
  write(frame_header);
  write(std::string(bytes, 'x'));
  stream.to_send -= bytes;
  body_bytes_sent_ += bytes;
}

// Bytes up to the end of the first GOAWAY, or all. A client that has no request open ends the connection by one, and what it sends
// behind it is read only as far as it came in the same bytes.
std::size_t up_to_goaway(Slice frames) {
  constexpr std::size_t kHeader = 9;
  constexpr unsigned char kGoaway = 7;
  auto byte = [&](std::size_t at) { return static_cast<unsigned char>(frames[at]); };
  std::size_t at = frames.starts_with(http::kH2Preface) ? http::kH2Preface.size() : 0;
  while (at + kHeader <= frames.size()) {
    const bool is_goaway = byte(at + 3) == kGoaway;
    at += kHeader + (byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2));
    if (is_goaway) return std::min(at, frames.size());
  }
  return frames.size();
}

// Calls `take` with piece after piece, as `seed` cuts them (0: only as they must be), until it returns false.
template <typename Take>
void cut(Slice input, std::uint32_t seed, Take take) {
  std::size_t whole = 0;  // of what is not to be read together with more
  while (!input.empty()) {
    if (whole == 0) whole = up_to_goaway(input);
    const std::uint32_t random = seed * 1664525 + 1013904223;
    const std::size_t bytes =
        seed == 0 ? whole : std::min<std::size_t>(whole, 1 + (random >> 24) % 24);
    if (!take(input.substr(0, bytes))) return;
    input.remove_prefix(bytes);
    whole -= bytes;
    if (seed != 0) seed = random | 1;
  }
}

// What the server makes of the input, which it answers when all of it has come.
std::string outcome(Slice input, std::uint32_t seed) {
  Server server(SIZE_MAX);
  bool goes_on = true;
  cut(input, seed, [&](Slice piece) { return goes_on = server.feed(piece); });
  const bool sent = server.send();
  // What nobody asked for is not sent: little for each frame, the shortest of which has 9 bytes.
  PROX_ASSERT(server.output().size() <= 256 + 4 * input.size() + 2 * server.body_bytes_sent());
  return server.story() + (goes_on ? "" : "refused\n") + (sent ? "" : "not sent\n") +
         server.output();
}

// A client that reads what comes now and then only, while it goes on sending.
void talk(Slice input, std::uint32_t seed) {
  Server server(kRoom);
  std::uint32_t turns = 0;
  cut(input, seed, [&](Slice piece) {
    const bool goes_on = server.feed(piece) && server.send();
    if (++turns % 4 == 0) server.output().clear();
    if (turns % 8 == 0 && goes_on) server.take_bodies();
    return goes_on;
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > kMostInput) return 0;
  std::string input = (data[0] & 1) == 0 ? std::string(http::kH2Preface) : std::string();
  input.append(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::uint32_t seed = data[0] + 1U;
  PROX_ASSERT(outcome(input, 0) == outcome(input, seed));
  talk(input, seed);
  return 0;
}
