#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "prox/base/clock.h"
#include "prox/base/error.h"
#include "prox/base/pooled.h"
#include "prox/http/h2_codec.h"
#include "prox/net/stream.h"
#include "prox/upstream/client_stream.h"

namespace prox::upstream {

class H2Connection;
class Pool;

// One request over an HTTP/2 connection that it shares with others (RFC 9113). The stream that it is may be refused before the target has
// acted on it; then it is begun anew, once, on another connection, as long as its body is still at hand.
class H2Client final : public ClientStream, public http::H2Stream, public base::Pooled<H2Client> {
 public:
  // To be put on a connection by its pool.
  H2Client(net::Loop& loop, base::BlockPool& blocks, Pool& home, Receiver& receiver);
  ~H2Client() override;

  void send_head(const http::RequestHead& head, http::BodyFraming body) override;
  void send_body(net::Buffer& data) override;
  void end_request(Slice trailers) override;
  void flush() override;
  bool is_backed_up() const override { return body_.held_bytes() > net::kHighWater; }
  void resume() override;
  bool is_reused() const override { return is_reused_; }
  void give_back(std::unique_ptr<ClientStream> self) override;

  // For the connection.

  void enter(H2Connection& connection, bool is_reused);
  // The connection is no more; why, if the target's response is not complete.
  void leave(const base::Error& error);
  // Its head is there, and the codec does not know it.
  bool waits_to_open() const { return state_ == State::Waiting && head_ != nullptr; }
  void open(http::H2Codec& codec);
  // The connection was made for it.
  void on_connected() {
    if (receiver_ != nullptr) receiver_->on_connected();
  }
  // There is no room for it here.
  void look_elsewhere();
  // The connection opens no streams any more.
  void turn_away();
  // When the final head must have come; 0: it is not the target's turn.
  base::Millis head_deadline() const { return head_deadline_; }
  void on_late();

  void on_head(const base::Result<http::BodyFraming>& framing);
  void on_data(const base::BlockRef& block, Slice data);
  void on_end(Slice trailers);
  void on_closed(http::H2Error error);
  http::H2Codec::Outgoing outgoing() const;
  void move_body(net::Buffer& out, std::size_t bytes);

 private:
  friend class H2Connection;  // keeps place_

  enum class State : std::uint8_t {
    Waiting,  // the codec does not know it yet
    Open,     // the codec knows it
    Refused,  // the target has not acted on it: it is begun anew
    Closed,   // the codec knows it no more
  };

  static void on_task(void* self) { static_cast<H2Client*>(self)->go_on(); }
  // Has go_on() called when nobody is on the stack.
  void touch() { task_.post(loop_); }
  void go_on();
  bool asks_for_tunnel() const { return !head_->upgrade.empty(); }
  void begin_tunnel();
  bool deliver();
  void begin_anew();
  void fail(const base::Error& error);
  void set_head_deadline();
  void forget_sent();

  net::Loop& loop_;
  Pool& home_;
  net::Task task_;
  Receiver* receiver_;  // none once it is given back
  H2Connection* connection_ = nullptr;
  const http::RequestHead* head_ = nullptr;  // the receiver's
  http::BodyFraming framing_;
  net::Buffer body_;      // of the request, still to be sent
  net::Buffer sent_;      // what was, as long as the stream may be refused
  net::Buffer incoming_;  // of the response, still to be taken
  std::string trailers_;  // of the request
  Slice incoming_trailers_;
  std::optional<base::Error> failure_;
  base::Millis head_deadline_ = 0;
  std::size_t place_ = 0;  // among the connection's streams
  int refusals_ = 0;       // by the target
  State state_ = State::Waiting;
  bool is_reused_ = false;
  bool keeps_sent_ = true;
  bool request_ended_ = false;
  bool was_backed_up_ = false;
  bool got_head_ = false;  // the final one
  bool is_tunnel_ = false;
  bool has_end_ = false;  // the target's last byte has come
  bool told_end_ = false;
};

}  // namespace prox::upstream
