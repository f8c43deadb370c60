#pragma once

#include <cstdint>
#include <string_view>

#include "prox/base/pooled.h"
#include "prox/downstream/leaving_exchanges.h"
#include "prox/downstream/rate_watch.h"
#include "prox/downstream/server.h"
#include "prox/exchange/exchange.h"
#include "prox/exchange/response_sink.h"
#include "prox/http/framing.h"
#include "prox/http/h1_parser.h"
#include "prox/http/h1_writer.h"
#include "prox/net/buffer.h"
#include "prox/net/loop.h"

namespace prox::downstream {

using base::Slice;

class Connection;

// The server side of HTTP/1.0 and 1.1 on one connection (RFC 9112): requests in order, one exchange at a time, pipelined ones wait unread.
// Request and response are two machines that meet in finish_exchange().
class H1Server final : public Server, public exchange::ResponseSink, public base::Pooled<H1Server> {
 public:
  explicit H1Server(Connection& connection);
  ~H1Server() override;

  void start(bool is_handed_over) override;
  void on_event() override;
  void on_deadline() override;
  void abandon() override;
  void drain() override;
  bool is_idle() const override { return reading_ == Reading::Idle && !closing_; }
  bool is_unfinished() const override;
  bool is_kept() const override { return is_kept_; }

  void send_interim(const http::ResponseHead& head) override;
  void send_head(http::ResponseHead& head, http::BodyFraming body) override;
  void begin_tunnel(const http::ResponseHead& head) override;
  void end_tunnel() override;
  void send_body(net::Buffer& data) override;
  void end_response(Slice trailers) override;
  void drop_exchange(exchange::DropMode mode) override;
  void cut_response() override;
  void flush() override;
  bool is_backed_up() override;
  void resume_request() override { settle_.post(loop_); }
  void close_after_response() override { keep_alive_ = false; }

 private:
  // Of the request.
  enum class Reading : std::uint8_t {
    Idle,  // no byte of a request yet
    Head,  // exchange_ is set, its head comes
    Body,  // the handler is given the body as it comes
    Discarding,  // answered before the body was read: the rest is dropped, so that the connection can be kept
    Complete,     // all of it is read; the response is due
    Tunnel,       // the handler is given raw bytes as they come
    TunnelEnded,  // the client has shut its side of the tunnel
    TunnelOver,   // and all that it sent is delivered
  };
  // Of the response.
  enum class Writing : std::uint8_t {
    None,     // nothing but maybe interim responses
    Body,     // the head is queued; the body comes, or what a tunnel brings
    Ended,    // all of it is queued
    Shut,     // all that the tunnel brought has left, and the client was told so
    Cut,      // it cannot be completed
    Dropped,  // there will be none; earlier ones may still have to leave
  };

  static void on_settle(void* self);
  void read();
  bool take_input();
  bool take_head();
  bool take_body();
  bool discard_body();
  void begin_exchange();
  void begin_request();
  void finish_exchange();
  void lose_exchanges();
  void close_for(std::string_view why, bool reset = false);
  void break_off(std::string_view why);
  void give_up_reading();
  void fail_request(const base::Error& error);
  void give_up_request();
  void on_client_closed();
  void close_when_flushed();
  void flush_or_break();
  base::Result<void> flush_leaving();
  void tell_drained();
  bool is_tunnel() const { return reading_ >= Reading::Tunnel; }
  bool take_tunnel();
  void settle_tunnel();
  bool write_output();
  void after_turn();
  void update_deadline();
  void look_at_client(base::Millis now);
  bool is_too_slow(base::Millis now);
  bool awaits_body() const;
  bool owes_response() const;
  std::size_t wanted_room() const;
  http::ConnectionOption connection_option() const;

  Connection& connection_;
  net::Loop& loop_;
  net::Task settle_;
  http::H1Parser parser_;
  http::BodyDecoder decoder_;
  net::Buffer body_;  // decoded, on its way to the handler
  exchange::ExchangePool::Ptr exchange_;
  LeavingExchanges leaving_;
  std::string_view why_ = exchange::kShutdown;  // exchanges are lost when the connection closes
  base::Millis request_started_ = 0;            // set when a request does not come whole
  base::Millis read_deadline_ = 0;
  base::Millis write_deadline_ = 0;
  base::Millis look_deadline_ = 0;  // until the next look at a client that waits or is waited for
  RateWatch rate_;
  std::uint64_t body_bytes_ = 0;
  std::uint32_t requests_ = 0;
  Reading reading_ = Reading::Idle;
  Writing writing_ = Writing::None;
  exchange::DropMode drop_mode_ = exchange::DropMode::Hang;
  bool is_kept_ = false;
  bool keep_alive_ = true;
  bool chunked_response_ = false;
  bool close_delimited_ =
      false;  // the response ends with the connection: a cut one must end in RST
  bool bodyless_ = false;
  bool continue_sent_ = false;
  bool backed_up_ = false;
  bool in_read_ = false;  // answers to pipelined requests leave together, when reading is over
  bool broken_ = false;   // writing failed: the client is gone
  bool closing_ = false;  // no further request; closes when the output has left
};

}  // namespace prox::downstream
