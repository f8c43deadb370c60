#pragma once

#include <netinet/tcp.h>

#include <memory>
#include <string>
#include <vector>

#include "http/h2_pair.h"
#include "upstream/origin.h"

namespace prox::test {

// A target that speaks HTTP/2 on its connections, when the test lets it.
class H2Served {
 public:
  explicit H2Served(Peer& peer, const http::H2Limits& limits = {})
      : peer_(peer), end_(http::H2Codec::Role::Server, limits) {
    const int on = 1;  // else the kernel keeps short frames back
    ::setsockopt(peer.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  // Takes in what has come and sends what there is to send, as often as the loop brings more.
  void settle(net::Loop& loop) {
    for (int i = 0; i < 8; ++i) {
      test::settle(loop);
      const std::string got = peer_.take();
      if (!got.empty() && !end_.codec.feed(got, 1'000'000)) failed = true;
      peer_.send(end_.output());
    }
  }
  H2TestStream& stream(std::size_t index = 0) { return end_.stream(index); }
  std::size_t streams() const { return end_.streams.size(); }
  http::H2Codec& codec() { return end_.codec; }
  Peer& peer() { return peer_; }
  void takes_all(bool takes) { end_.takes_all = takes; }

  void begin_answer(H2TestStream& stream, int status = 200, bool is_last = false) {
    http::ResponseHead head;
    head.status = status;
    end_.codec.send_response(stream, head, {}, is_last);
  }
  void send_part(H2TestStream& stream, std::string_view text) {
    stream.to_send += text;
    end_.codec.resume(stream);
  }
  void end_answer(H2TestStream& stream, std::string trailers = {}) {
    stream.last = true;
    stream.trailers_to_send = std::move(trailers);
    end_.codec.resume(stream);
  }
  void answer(H2TestStream& stream, std::string_view body = "hello") {
    begin_answer(stream);
    send_part(stream, body);
    end_answer(stream);
  }

  bool failed = false;

 private:
  Peer& peer_;
  H2End end_;
};

}  // namespace prox::test
