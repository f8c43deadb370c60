#pragma once

#include <cstdint>
#include <string_view>

#include "downstream/h2_stream.h"
#include "prox/base/pooled.h"
#include "prox/downstream/server.h"
#include "prox/http/h2_codec.h"
#include "prox/net/loop.h"

namespace prox::downstream {

class Connection;

// The server side of HTTP/2 on one connection (RFC 9113): any number of exchanges at once, a stream each. What the socket takes decides
// what is made ready to send, what handlers take decides what clients may send.
class H2Server final : public Server, public http::H2Codec::Owner, public base::Pooled<H2Server> {
 public:
  explicit H2Server(Connection& connection);
  ~H2Server() override;

  void start(bool is_handed_over) override;
  void on_event() override;
  void on_deadline() override;
  void abandon() override;
  void drain() override;
  bool is_idle() const override { return state_ == State::Open && !streams_; }
  bool is_unfinished() const override;
  bool is_kept() const override { return has_served_; }

  // For its streams.
  Connection& connection() { return connection_; }
  http::H2Codec& codec() { return codec_; }
  // What becomes of streams that end with the connection.
  std::string_view why_lost() const { return why_; }
  // Comes back when no handler is on the stack.
  void want_turn() { settle_.post(loop_); }
  // The stream is to go_on() when it can.
  void want_look() { look_ = true; }
  // Looks at all deadlines at that time, or before. 0: none.
  void expect(base::Millis deadline);

 private:
  enum class State : std::uint8_t {
    Open,      // requests come and go
    Leaving,   // the first GOAWAY is sent; the second follows when the client has seen it
    LastOnes,  // no new streams; ends with the last one
    Ending,    // nothing is read any more; closes when the output has left
  };

  http::H2Stream* on_request_begin() override;
  void on_head(http::H2Stream& stream, const base::Result<http::BodyFraming>& framing) override;
  void on_data(http::H2Stream& stream, Slice data) override;
  void on_end(http::H2Stream& stream, Slice trailers) override;
  void on_closed(http::H2Stream& stream, http::H2Error error) override;
  void on_pong() override;
  bool is_full() const override;
  void write(Slice frame) override;
  http::H2Codec::Outgoing outgoing(http::H2Stream& stream) override;
  void write_data(http::H2Stream& stream, Slice frame_header, std::size_t bytes) override;

  static void on_settle(void* self);
  void take_turn();
  void read();
  void take_input();
  void write_output();
  bool flush();
  bool go_on();
  void end(const base::Error& error);
  void leave_gently();
  void leave();
  void close_when_flushed();
  void update_deadline();
  bool carries_tunnel() const;
  bool has_queued() const;
  bool is_reader_too_slow(base::Millis now);
  std::size_t delivering() const;
  void lose_client();
  void break_off(std::string_view why);
  void unlink(H2ServerStream& stream);

  Connection& connection_;
  net::Loop& loop_;
  net::Task settle_;
  http::H2Codec codec_;
  H2StreamPool::Ptr streams_;  // the newest first, each holds the next
  State state_ = State::Open;
  base::Millis deadline_ = 0;        // set at the connection
  base::Millis idle_deadline_ = 0;   // until the next request begins
  base::Millis head_deadline_ = 0;   // until the head that has begun is complete
  base::Millis stall_deadline_ = 0;  // until some of the output leaves
  RateWatch rate_;                   // of the client as a reader of all streams
  base::Millis leave_deadline_ = 0;  // until the second GOAWAY goes out in any case
  std::string_view why_ = exchange::kShutdown;
  bool look_ = false;       // a stream waits to go on
  bool has_input_ = false;  // something has come on this connection
  bool has_served_ = false;
  bool broken_ = false;  // the client is gone
};

}  // namespace prox::downstream
