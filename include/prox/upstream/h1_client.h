#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "prox/base/pooled.h"
#include "prox/http/framing.h"
#include "prox/http/h1_parser.h"
#include "prox/http/h1_writer.h"
#include "prox/net/stream.h"
#include "prox/net/timer.h"
#include "prox/upstream/client_stream.h"
#include "prox/upstream/dialer.h"
#include "prox/upstream/target.h"

namespace prox::upstream {

class Pool;

// An HTTP/1.1 connection to a target: one request at a time (RFC 9112). Moved out of its pool for a request, moved back after the response.
class H1Client final : public ClientStream, public base::Pooled<H1Client> {
 public:
  // A connection that is being opened; what is sent meanwhile waits. Failures come later, through the receiver. `is_single`: serves this
  // one request, and tells the target so.
  H1Client(net::Loop& loop, base::BlockPool& blocks, net::Resolver& resolver, Pool& home,
           const Target& target, Receiver& receiver, bool is_single);

  void send_head(const http::RequestHead& head, http::BodyFraming body) override;
  void send_body(net::Buffer& data) override;
  void end_request(Slice trailers) override;
  void flush() override;
  bool is_backed_up() const override { return stream_.output().held_bytes() > net::kHighWater; }
  void resume() override;
  bool is_reused() const override { return is_reused_; }
  void give_back(std::unique_ptr<ClientStream> self) override;

  // Taken out of the pool for another request.
  void reuse(Receiver& receiver);
  base::Millis idle_since() const { return idle_since_; }

 private:
  enum class State : std::uint8_t {
    Connecting,    // dialer_ is at work; output waits
    AwaitingHead,  // request on its way, no final response head yet
    Body,          // final head delivered, body comes
    Tunnel,        // raw bytes go both ways
    TunnelEnded,   // the target has shut its direction of the tunnel
    Ended,         // response complete, or failed; waits to be given back
    Idle,          // in the pool
  };

  static void on_dialed(void* self, base::Result<Dialed> outcome);
  static void on_event(void* self);
  static void on_deadline(void* self);
  static void on_task(void* self);

  http::ConnectionOption connection_option(const http::RequestHead& head) const;
  void write_head(const http::RequestHead& head, http::BodyFraming body);
  void set_head_deadline();
  void progress();
  void read();
  bool take_input();
  bool read_head();
  bool read_body();
  bool begin_body();
  static bool lacks_websocket_key(const http::RequestHead& head);
  void send_websocket_head(const http::RequestHead& head);
  bool agrees_to_tunnel(const http::ResponseHead& head) const;
  bool begin_tunnel();
  bool read_tunnel();
  void shut_tunnel();
  void end_tunnel();
  void on_peer_close();
  void fail(base::Error error);
  void deliver_failure();
  bool can_be_reused() const;

  net::Loop& loop_;
  Pool& home_;
  const Target& target_;
  Receiver* receiver_;
  std::unique_ptr<Dialer> dialer_;
  net::Stream stream_;
  net::Timer timer_;
  net::Task task_;
  net::Buffer body_;
  http::H1Parser parser_{base::Side::Upstream};
  http::BodyDecoder decoder_;
  std::optional<base::Error> failure_;  // noticed inside a call, delivered from the loop
  base::Millis idle_since_ = 0;
  std::string upgrade_;        // what the request asks to switch to
  std::string websocket_key_;  // if the client's protocol has none
  http::Method method_ = http::Method::Get;
  State state_ = State::Connecting;
  bool chunked_request_ = false;
  bool request_ended_ = false;
  bool is_shut_ = false;  // our direction of a tunnel has ended, and the target was told so
  bool was_backed_up_ = false;
  bool keep_alive_ = false;
  bool is_single_;
  bool is_reused_ = false;
  bool got_bytes_ = false;  // of the response, of whatever kind
};

}  // namespace prox::upstream
