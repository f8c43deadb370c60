#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "prox/http/h2_codec.h"

namespace prox::test {

using base::Slice;

// One stream of a scripted end, and all that has come on it.
struct H2TestStream final : http::H2Stream {
  explicit H2TestStream(bool is_server) {
    if (is_server) {
      read_into(request);
    } else {
      read_into(response);
    }
  }

  http::RequestHead request;
  http::ResponseHead response;
  std::vector<int> interims;
  base::Result<http::BodyFraming> framing;
  std::string body;
  std::string trailers;
  bool has_head = false;
  bool ended = false;
  bool closed = false;
  http::H2Error error = http::H2Error::NoError;
  base::BlockRef block;

  std::string to_send;
  bool last = false;
  std::string trailers_to_send;
};

// One end of a connection, which keeps what comes and sends what the test gives it.
class H2End final : public http::H2Codec::Owner {
 public:
  explicit H2End(http::H2Codec::Role role, const http::H2Limits& limits = {})
      : codec(role, *this, blocks, limits), role_(role) {}

  H2TestStream& open(const http::RequestHead& head, bool is_last, http::BodyFraming framing = {}) {
    H2TestStream& stream = make();
    REQUIRE(codec.send_request(stream, head, "http", framing, is_last));
    return stream;
  }
  std::string output() {
    REQUIRE(codec.send());
    return std::exchange(out_, {});
  }

  http::H2Stream* on_request_begin() override { return &make(); }
  void on_head(http::H2Stream& s, const base::Result<http::BodyFraming>& framing) override {
    H2TestStream& stream = own(s);
    if (role_ == http::H2Codec::Role::Client && framing && stream.response.is_interim())
      return stream.interims.push_back(stream.response.status);
    stream.has_head = true;
    stream.framing = framing;
    stream.block = s.head_block();
  }
  void on_data(http::H2Stream& s, Slice data) override {
    own(s).body += data;
    if (takes_all) codec.taken(s, data.size());
  }
  void on_end(http::H2Stream& s, Slice trailers) override {
    own(s).ended = true;
    own(s).trailers = trailers;
  }
  void on_closed(http::H2Stream& s, http::H2Error error) override {
    own(s).closed = true;
    own(s).error = error;
  }
  void on_pong() override { ++pongs; }
  bool is_full() const override { return out_.size() >= room; }
  void write(Slice frame) override { out_ += frame; }
  http::H2Codec::Outgoing outgoing(http::H2Stream& s) override {
    return {own(s).to_send.size(), own(s).last, own(s).trailers_to_send};
  }
  void write_data(http::H2Stream& s, Slice header, std::size_t bytes) override {
    out_ += header;
    out_ += own(s).to_send.substr(0, bytes);
    own(s).to_send.erase(0, bytes);
  }

  H2TestStream& stream(std::size_t index = 0) { return *streams.at(index); }

  base::BlockPool blocks;
  std::vector<std::unique_ptr<H2TestStream>> streams;
  bool takes_all = true;
  std::size_t room = SIZE_MAX;  // of the output
  int pongs = 0;
  http::H2Codec codec;

 private:
  static H2TestStream& own(http::H2Stream& stream) { return static_cast<H2TestStream&>(stream); }
  H2TestStream& make() {
    streams.push_back(std::make_unique<H2TestStream>(role_ == http::H2Codec::Role::Server));
    return *streams.back();
  }

  http::H2Codec::Role role_;
  std::string out_;
};

// A client and a server, and the bytes between them.
struct H2Pair {
  explicit H2Pair(const http::H2Limits& limits = {})
      : server(http::H2Codec::Role::Server, limits) {}

  // Passes bytes both ways until neither end has any. `piece`: bytes fed at a time.
  void run(std::size_t piece = SIZE_MAX) {
    for (bool moved = true; moved;) {
      moved = pass(client, server, piece);
      moved = pass(server, client, piece) || moved;
    }
  }
  bool pass(H2End& from, H2End& to, std::size_t piece = SIZE_MAX) {
    const std::string bytes = from.output();
    for (std::size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size() - at)) {
      if (to.codec.feed(Slice(bytes).substr(at, piece), now)) continue;
      failed = true;
      return false;
    }
    return !bytes.empty();
  }
  // What the client says, in bytes of the test's own making.
  base::Result<void> say(Slice bytes) { return server.codec.feed(bytes, now); }

  H2End client{http::H2Codec::Role::Client};
  H2End server;
  base::Millis now = 1'000'000;
  bool failed = false;  // an end has refused what it was fed
};

inline http::RequestHead request_head(Slice method, Slice target, Slice host = "a.test") {
  http::RequestHead head;
  head.method_text = method;
  head.method = http::parse_method(method);
  head.target = target;
  head.host = host;
  return head;
}

inline void add(http::Fields& fields, Slice name, Slice value) {
  fields.add(name, value, http::recognise(name));
}

}  // namespace prox::test
