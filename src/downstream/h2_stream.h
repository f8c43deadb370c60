#pragma once

#include <cstdint>
#include <string>

#include "prox/base/clock.h"
#include "prox/downstream/h2_stream_pool.h"
#include "prox/downstream/rate_watch.h"
#include "prox/downstream/shed_list.h"
#include "prox/exchange/exchange.h"
#include "prox/exchange/response_sink.h"
#include "prox/http/h2_codec.h"
#include "prox/net/buffer.h"

namespace prox::downstream {

using base::Slice;

class H2Server;

// One stream of an H2Server: its exchange, what has come of the request's body and waits for the handler, and what waits to be sent of
// the response's. Request and response are two machines; the stream's end ends both.
class H2ServerStream final : public http::H2Stream,
                             public exchange::ResponseSink,
                             private ShedList::Entry {
 public:
  explicit H2ServerStream(base::BlockPool& blocks);
  ~H2ServerStream();

  // Belongs to `server` until release().
  void open(H2Server& server);
  void release();

  // It ends before its response does, for that reason, unless there is another.
  void note(std::string_view why);

  // What the codec has for it.
  void on_head(const base::Result<http::BodyFraming>& framing);
  void on_data(const base::BlockRef& block, Slice data);
  void on_end(Slice trailers);
  http::H2Codec::Outgoing outgoing() const;
  void move_body(net::Buffer& out, std::size_t bytes) {
    out.append_front(response_, bytes);
    moved_bytes_ += bytes;
  }

  // What a turn of the server brings, when no handler is on the stack. True if its handler was called.
  bool go_on();
  void on_time(base::Millis now);
  // The worker drains: nobody is left hanging.
  void on_drain();
  // 0: none.
  base::Millis deadline() const;
  bool is_answering() const { return writing_ != Writing::None; }
  bool is_tunnel() const { return is_tunnel_; }
  // There is something of the response that has not left for the connection's output.
  bool has_queued() const { return !response_.empty(); }
  // Closed for the client, by both ends, while the tunnel's last bytes are on their way to the upstream: nobody but the upstream is
  // waited for. It is done when they have arrived, or never will.
  bool is_delivering() const;
  // It begins to be, and has idle_timeout for it.
  void begin_delivery();
  bool is_done() const { return id() == 0 && tunnel_over_; }

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
  void resume_request() override;
  // Other streams go on.
  void close_after_response() override {}

 private:
  friend class H2Server;  // its list of streams

  enum class Reading : std::uint8_t {
    Head,      // its fields come
    Body,      // what comes is for the handler
    Complete,  // all of it has come; the handler may not have taken it all
  };
  enum class Writing : std::uint8_t {
    None,     // nothing but maybe interim responses
    Body,     // the head is queued, the body comes
    Ended,    // all of it is queued
    Cut,      // RST_STREAM is queued: what comes from the handler is dropped
    Hanging,  // no answer will come, and what the client still sends is dropped
  };

  bool wants_body() const;
  void taken(std::size_t bytes);
  void give_body();
  void drop_body();
  void fail(const base::Error& error);
  void end_exchange();
  bool is_answered() const { return writing_ == Writing::Ended && response_.empty(); }
  void cancel();
  void give_up_delivery();
  bool awaits_body() const;
  bool is_too_slow(base::Millis now);
  bool on_shed() override;

  H2Server* server_ = nullptr;
  H2StreamPool::Ptr next_;
  H2ServerStream* previous_ = nullptr;
  exchange::ExchangePool::Ptr exchange_;
  net::Buffer request_;   // on its way to the handler
  net::Buffer response_;  // on its way to the client
  std::string request_trailers_;
  std::string response_trailers_;
  std::uint64_t body_bytes_ = 0;   // of the request so far
  std::uint64_t moved_bytes_ = 0;  // of the response's body, into frames
  RateWatch rate_;
  base::Millis read_deadline_ = 0;
  base::Millis write_deadline_ = 0;
  Reading reading_ = Reading::Head;
  Writing writing_ = Writing::None;
  bool asks_for_tunnel_ = false;  // what comes behind the head waits for begin_tunnel
  bool is_tunnel_ = false;
  bool tunnel_over_ = false;  // for its handler
  bool bodyless_ = false;
  bool may_send_body_ = true;  // the client waits for no 100
  bool end_told_ = false;      // the handler knows that the request is complete
  bool resumed_ = false;       // the handler wants more of the request
  bool backed_up_ = false;     // the handler waits until more of the response has left
};

}  // namespace prox::downstream
