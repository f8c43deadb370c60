#include "downstream/h2_server.h"

#include <utility>

#include "downstream/deadline.h"
#include "prox/base/log.h"
#include "prox/downstream/connection.h"
#include "prox/net/acked_bytes.h"

namespace prox::downstream {

namespace {

using base::Millis;
using net::Stream;

constexpr std::size_t kReadRoom = base::BlockPool::kLarge;
constexpr int kReadsPerTurn =
    16;  // at most half a MiB before the other connections have their turn
constexpr int kRoundsPerTurn = 4;  // the same for what is written, 64 KiB a stream each
// How often a client with open streams is looked at: a reset in one event with its request shows in no other.
constexpr Millis kClientCheck = 1'000;
// Until the client must have seen the first GOAWAY, if it does not answer the PING behind it.
constexpr Millis kLeaveTime = 1'000;

http::H2Limits limits_of(const exchange::ServiceLimits& limits) {
  return {limits.head, limits.max_streams, limits.h2_stream_window, limits.h2_conn_window};
}

H2ServerStream& own(http::H2Stream& stream) { return static_cast<H2ServerStream&>(stream); }

}  // namespace

H2Server::H2Server(Connection& connection)
    : connection_(connection),
      loop_(connection.host().context().loop),
      settle_(&H2Server::on_settle, this),
      codec_(http::H2Codec::Role::Server, *this, connection.host().context().blocks,
             limits_of(connection.service().limits)) {}

H2Server::~H2Server() = default;

void H2Server::start(bool) {
  const exchange::ServiceLimits& limits = connection_.service().limits;
  idle_deadline_ = deadline_after(earlier(limits.read_timeout, limits.header_timeout));
  want_turn();
}

void H2Server::abandon() {
  settle_.cancel();
  while (streams_) unlink(*streams_);
}

bool H2Server::is_unfinished() const {
  if (!connection_.stream().output().empty()) return true;
  for (const H2ServerStream* stream = streams_.get(); stream != nullptr;
       stream = stream->next_.get())
    if (stream->is_answering()) return true;
  return false;
}

// ---- turns of the loop ----

void H2Server::on_event() { take_turn(); }

void H2Server::on_settle(void* self) { static_cast<H2Server*>(self)->take_turn(); }

// No handler is on the stack here: the connection may be closed.
void H2Server::take_turn() {
  if (!broken_ && !connection_.stream().output().empty()) flush();
  if (!broken_) read();
  write_output();
  if (broken_) lose_client();
  // What has left makes room for more of it.
  for (int rounds = 0; go_on(); ++rounds) {
    write_output();
    if (rounds < kRoundsPerTurn) continue;
    want_turn();
    break;
  }
  if (broken_ && delivering() == 0) return connection_.close();
  if (codec_.is_over()) state_ = State::Ending;
  if (state_ == State::Ending && connection_.stream().output().empty() && delivering() == 0)
    return close_when_flushed();
  if (state_ == State::Open && connection_.host().is_draining()) leave_gently();
  update_deadline();
}

// Streams whose handlers may go on: with the request, or with the response since some of it has left. True if any did.
bool H2Server::go_on() {
  if (!std::exchange(look_, false)) return false;
  bool any = false;
  for (H2ServerStream* stream = streams_.get(); stream != nullptr;) {
    H2ServerStream* const next = stream->next_.get();
    any = stream->go_on() || any;
    if (stream->is_done()) unlink(*stream);
    stream = next;
  }
  return any;
}

void H2Server::break_off(std::string_view why) {
  if (!broken_) why_ = why;
  broken_ = true;
}

// Nothing is left for those whose client is gone, but for tunnels that it has ended before.
void H2Server::lose_client() {
  for (H2ServerStream* stream = streams_.get(); stream != nullptr;) {
    H2ServerStream* const next = stream->next_.get();
    if (!stream->is_delivering()) unlink(*stream);
    stream = next;
  }
}

std::size_t H2Server::delivering() const {
  std::size_t count = 0;
  for (const H2ServerStream* stream = streams_.get(); stream != nullptr;
       stream = stream->next_.get())
    count += stream->is_delivering() ? 1 : 0;
  return count;
}

void H2Server::close_when_flushed() {
  // What the client still sends, a WINDOW_UPDATE perhaps, would turn close(2) into RST, which can take the last frames from it.
  if (connection_.stream().saw_peer_close()) return connection_.close();
  connection_.linger();
}

// ---- reading ----

void H2Server::read() {
  Stream& stream = connection_.stream();
  for (int reads = 0; reads < kReadsPerTurn; ++reads) {
    if (!stream.input().empty()) take_input();
    // A client that does not read what it has asked for is not read either.
    if (state_ == State::Ending || is_full()) return;
    const base::Result<Stream::Fill> got = stream.fill(kReadRoom);
    if (!got || *got == Stream::Fill::Closed)
      return break_off(got ? exchange::kClientClosed : exchange::kClientReset);
    if (*got == Stream::Fill::Nothing) return;
  }
  want_turn();
}

void H2Server::take_input() {
  Stream& stream = connection_.stream();
  if (!has_input_) {
    has_input_ = true;
    idle_deadline_ = 0;
  }
  const base::Result<void> fed = codec_.feed(stream.input(), base::coarse_now());
  if (!fed) end(fed.error());
  stream.consume(stream.input().size());
}

// The connection cannot go on: what the codec has for the client leaves, then it ends.
void H2Server::end(const base::Error& error) {
  if (state_ == State::Ending) return;
  state_ = State::Ending;
  why_ = exchange::kProtocolError;
  if (codec_.flood().empty()) {
    static base::log::RateLimit limit;
    return limit.write(base::log::Level::Debug, "HTTP/2 connection error",
                       {{"service", connection_.service().name},
                        {"client", connection_.client_ip()},
                        {"doing", error.context}});
  }
  static base::log::RateLimit limit;
  zone::add(connection_.host().context().row.h2_floods_total);
  limit.write(base::log::Level::Info, "HTTP/2 flood: connection closed",
              {{"service", connection_.service().name},
               {"client", connection_.client_ip()},
               {"of", codec_.flood()}});
}

http::H2Stream* H2Server::on_request_begin() {
  H2StreamPool::Ptr stream = connection_.host().h2_streams().take();
  stream->open(*this);
  stream->next_ = std::move(streams_);
  if (stream->next_) stream->next_->previous_ = stream.get();
  streams_ = std::move(stream);
  has_served_ = true;
  return streams_.get();
}

void H2Server::unlink(H2ServerStream& stream) {
  H2StreamPool::Ptr& place = stream.previous_ != nullptr ? stream.previous_->next_ : streams_;
  const H2StreamPool::Ptr self = std::move(place);
  place = std::move(self->next_);
  if (place) place->previous_ = self->previous_;
  self->previous_ = nullptr;
}

void H2Server::on_head(http::H2Stream& stream, const base::Result<http::BodyFraming>& framing) {
  own(stream).on_head(framing);
}

void H2Server::on_data(http::H2Stream& stream, Slice data) {
  own(stream).on_data(connection_.stream().block(), data);
}

void H2Server::on_end(http::H2Stream& stream, Slice trailers) { own(stream).on_end(trailers); }

void H2Server::on_closed(http::H2Stream& stream, http::H2Error error) {
  if (error != http::H2Error::NoError) own(stream).note(exchange::kClientReset);
  const bool goes_on = error == http::H2Error::NoError && own(stream).is_delivering();
  // The client may open another in its place: so these are counted apart.
  if (!goes_on || delivering() > connection_.service().limits.max_streams)
    return unlink(own(stream));
  own(stream).begin_delivery();
}

// ---- writing ----

bool H2Server::is_full() const {
  return connection_.stream().output().held_bytes() > net::kHighWater;
}

void H2Server::write(Slice frame) { connection_.stream().output().append_copy(frame); }

http::H2Codec::Outgoing H2Server::outgoing(http::H2Stream& stream) {
  return own(stream).outgoing();
}

void H2Server::write_data(http::H2Stream& stream, Slice frame_header, std::size_t bytes) {
  net::Buffer& out = connection_.stream().output();
  out.append_copy(frame_header);
  own(stream).move_body(out, bytes);
}

// Frames are made for what the socket takes, and a little more: so all that a turn brings leaves in one call as a rule.
void H2Server::write_output() {
  while (!broken_) {
    if (const base::Result<void> sent = codec_.send(); !sent) end(sent.error());
    if (connection_.stream().output().empty() || !flush()) return;
    if (!connection_.stream().output().empty()) return;
  }
}

// False if the client is gone.
bool H2Server::flush() {
  Stream& stream = connection_.stream();
  const std::size_t before = stream.output().size();
  if (!broken_ && !stream.flush()) break_off(exchange::kClientReset);
  if (stream.output().empty()) {
    stall_deadline_ = 0;
  } else if (stall_deadline_ == 0 || stream.output().size() < before) {
    stall_deadline_ = deadline_after(connection_.service().limits.write_timeout);
  }
  return !broken_;
}

// ---- the end of the connection ----

void H2Server::drain() {
  if (state_ == State::Open) leave_gently();
}

// RFC 9113 §6.8: requests that are on their way when the client hears of it are served. The PING tells when it has.
void H2Server::leave_gently() {
  state_ = State::Leaving;
  codec_.announce_shutdown();
  codec_.ping();
  leave_deadline_ = base::coarse_now() + kLeaveTime;
  for (H2ServerStream* stream = streams_.get(); stream != nullptr; stream = stream->next_.get())
    stream->on_drain();
  want_turn();
}

void H2Server::on_pong() {
  if (state_ == State::Leaving) leave();
}

void H2Server::leave() {
  state_ = State::LastOnes;
  leave_deadline_ = 0;
  codec_.go_away(http::H2Error::NoError);
}

// ---- deadlines ----

void H2Server::on_deadline() {
  deadline_ = 0;
  const Millis now = base::coarse_now();
  auto has_passed = [now](Millis deadline) { return deadline != 0 && now >= deadline; };
  if (has_passed(stall_deadline_)) {
    if (!carries_tunnel()) {
      why_ = exchange::kWriteTimeout;
      return connection_.close(true);
    }
    stall_deadline_ = 0;  // begins anew with the next look at the socket
  }
  if (is_reader_too_slow(now)) {
    why_ = exchange::kMinRate;
    return connection_.close(true);
  }
  if (streams_ && connection_.stream().has_ended()) break_off(exchange::kClientReset);
  if (has_passed(idle_deadline_)) {
    if (!has_input_) return connection_.close();
    leave();
  }
  if (has_passed(leave_deadline_)) leave();
  if (has_passed(head_deadline_)) {
    codec_.go_away(http::H2Error::EnhanceYourCalm);
    state_ = State::Ending;
  }
  for (H2ServerStream* stream = streams_.get(); stream != nullptr; stream = stream->next_.get()) {
    stream->on_time(now);
    expect(stream->deadline());
  }
  take_turn();
}

// Tunnels have no time limits, and so neither has what carries one; each response beside it has its own.
bool H2Server::carries_tunnel() const {
  for (const H2ServerStream* stream = streams_.get(); stream != nullptr;
       stream = stream->next_.get())
    if (stream->is_tunnel()) return true;
  return false;
}

bool H2Server::has_queued() const {
  for (const H2ServerStream* stream = streams_.get(); stream != nullptr;
       stream = stream->next_.get())
    if (stream->has_queued()) return true;
  return false;
}

// Streams that share a slow connection may each be slower than min_rate: all of them together are not. A stream that its own window
// holds back looks after itself.
bool H2Server::is_reader_too_slow(Millis now) {
  const std::uint64_t rate = connection_.service().limits.min_rate;
  const bool is_waited_for =
      !connection_.stream().output().empty() || (codec_.is_held_back() && has_queued());
  if (rate == 0 || !is_waited_for || carries_tunnel()) {
    rate_.pause();
    return false;
  }
  const auto moved = net::acked_bytes(connection_.stream().fd());
  return moved && rate_.is_too_slow(now, *moved, rate);
}

void H2Server::expect(Millis deadline) {
  if (deadline == 0 || (deadline_ != 0 && deadline_ <= deadline)) return;
  deadline_ = deadline;
  connection_.set_deadline(deadline);
}

void H2Server::update_deadline() {
  const exchange::ServiceLimits& limits = connection_.service().limits;
  if (!codec_.is_inside_head()) {
    head_deadline_ = 0;
  } else if (head_deadline_ == 0) {
    head_deadline_ = deadline_after(earlier(limits.header_timeout, limits.read_timeout));
  }
  if (streams_) {
    idle_deadline_ = 0;
    expect(base::coarse_now() + kClientCheck);
  } else if (idle_deadline_ == 0) {
    idle_deadline_ = deadline_after(limits.idle_timeout);
  }
  for (const Millis deadline : {idle_deadline_, head_deadline_, stall_deadline_, leave_deadline_})
    expect(deadline);
}

}  // namespace prox::downstream
