#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "prox/base/clock.h"
#include "prox/base/error.h"
#include "prox/http/h2_codec.h"
#include "prox/net/stream.h"
#include "prox/net/timer.h"
#include "prox/upstream/dialer.h"
#include "prox/upstream/target.h"
#include "upstream/h2_client.h"

namespace prox::upstream {

// An HTTP/2 connection to a target, and the requests that share it. Owned by its pool until it ends.
class H2Connection final : public net::Deletable, private http::H2Codec::Owner {
 public:
  // A connection that is being opened; its streams wait until the target has said how many it takes.
  H2Connection(net::Loop& loop, base::BlockPool& blocks, net::Resolver& resolver, Pool& home,
               const Target& target);
  ~H2Connection() override;

  // Whether another request may go over it.
  bool has_room() const;
  void enter(H2Client& stream);
  // A stream that its receiver has given back: kept until the codec has forgotten it.
  void adopt(std::unique_ptr<ClientStream> stream);
  void remove(H2Client& stream);
  bool is_idle() const { return streams_.empty(); }
  base::Millis idle_since() const { return idle_since_; }
  // Ends one without streams, in peace.
  void end();

  // For its streams.
  http::H2Codec& codec() { return codec_; }
  // Has what there is to send sent at the end of the turn.
  void want_turn() { task_.post(loop_); }
  void want_opening() {
    has_waiting_ = true;
    want_turn();
  }
  void expect(base::Millis deadline);

 private:
  enum class State : std::uint8_t {
    Connecting,  // dialer_ is at work
    Greeting,    // connected; the target's SETTINGS are due
    Ready,       // streams come and go
    Leaving,     // no more new ones: the target has said so, or all stream ids are used
    Closed,      // descriptor released; waits for deferred deletion
  };

  static void on_dialed(void* self, base::Result<Dialed> outcome);
  static void on_event(void* self);
  static void on_task(void* self);
  static void on_deadline(void* self);

  void take_turn();
  void read();
  void open_waiting();
  std::size_t room() const;
  void write_output();
  void close(const base::Error& error);
  base::Millis silence_deadline() const;

  void on_settings() override;
  void on_head(http::H2Stream& stream, const base::Result<http::BodyFraming>& framing) override;
  void on_data(http::H2Stream& stream, Slice data) override;
  void on_end(http::H2Stream& stream, Slice trailers) override;
  void on_closed(http::H2Stream& stream, http::H2Error error) override;
  void on_pong() override {}
  bool is_full() const override { return stream_.output().held_bytes() > net::kHighWater; }
  void write(Slice frame) override { stream_.output().append_copy(frame); }
  http::H2Codec::Outgoing outgoing(http::H2Stream& stream) override;
  void write_data(http::H2Stream& stream, Slice frame_header, std::size_t bytes) override;

  net::Loop& loop_;
  Pool& home_;
  const Target& target_;
  std::unique_ptr<Dialer> dialer_;
  net::Stream stream_;
  net::Timer timer_;
  net::Task task_;
  http::H2Codec codec_;
  std::vector<H2Client*> streams_;  // in the order they came
  std::vector<std::unique_ptr<ClientStream>> orphans_;
  std::optional<base::Error> connect_error_;  // delivered from the loop
  base::Millis idle_since_ = 0;
  base::Millis last_read_ = 0;
  base::Millis ping_deadline_ = 0;  // 0: no PING is on its way
  State state_ = State::Connecting;
  bool has_waiting_ = false;  // streams that the codec does not know
};

}  // namespace prox::upstream
