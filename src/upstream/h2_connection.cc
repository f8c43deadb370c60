#include "upstream/h2_connection.h"

#include <algorithm>
#include <utility>

#include "prox/base/assert.h"
#include "prox/upstream/pool.h"

namespace prox::upstream {

namespace {

using base::Errc;
using base::Error;
using base::Millis;
using base::Side;
using net::Stream;

constexpr std::size_t kReadRoom = base::BlockPool::kLarge;
constexpr int kReadsPerTurn =
    16;  // at most half a MiB before the other connections have their turn
// How many streams a target may be trusted to take before it has said so, or if it never says (RFC 9113 §6.5.2 recommends no less).
constexpr std::size_t kMostStreams = 100;
constexpr std::string_view kAwaiting = "waiting for the target's response head";

http::H2Limits limits_of(const Target& target) {
  http::H2Limits limits;
  limits.stream_window = target.h2_stream_window;
  limits.connection_window = target.h2_conn_window;
  return limits;
}

H2Client& own(http::H2Stream& stream) { return static_cast<H2Client&>(stream); }

Millis earlier(Millis a, Millis b) {
  if (a == 0 || b == 0) return std::max(a, b);
  return std::min(a, b);
}

}  // namespace

H2Connection::H2Connection(net::Loop& loop, base::BlockPool& blocks, net::Resolver& resolver,
                           Pool& home, const Target& target)
    : loop_(loop),
      home_(home),
      target_(target),
      stream_(loop, blocks),
      task_(&H2Connection::on_task, this),
      codec_(http::H2Codec::Role::Client, *this, blocks, limits_of(target)) {
  timer_.init(loop, &H2Connection::on_deadline, this);
  dialer_ = std::make_unique<Dialer>(loop, blocks, &H2Connection::on_dialed, this);
  dialer_->dial(resolver, target, "h2", home.session());
}

H2Connection::~H2Connection() = default;

void H2Connection::on_dialed(void* self, base::Result<Dialed> outcome) {
  auto* connection = static_cast<H2Connection*>(self);
  // What follows comes later: the dialer, on whose stack we are, must not be freed, and this may be our own constructor.
  connection->want_turn();
  if (!outcome) {
    connection->connect_error_ = outcome.error();
    return;
  }
  // Who does not agree on HTTP/2 by ALPN does not speak it over TLS (RFC 9113 §3.2).
  if (connection->target_.tls != nullptr && outcome->protocol != "h2") {
    connection->connect_error_ = {Errc::TlsFailed, Side::Upstream, false, 0,
                                  "agreeing on HTTP/2 with the target"};
    return;
  }
  connection->state_ = State::Greeting;
  connection->last_read_ = base::coarse_now();
  if (!connection->stream_.open(std::move(outcome->transport), &H2Connection::on_event,
                                connection)) {
    connection->connect_error_ = {Errc::SystemCall, Side::Upstream, false, 0,
                                  "watching the target's socket"};
    return;
  }
  for (H2Client* stream : connection->streams_) stream->on_connected();
}

// ---- its streams ----

std::size_t H2Connection::room() const {
  std::size_t most = kMostStreams;
  if (state_ == State::Ready) most = std::min<std::size_t>(codec_.peer_max_streams(), kMostStreams);
  return most > streams_.size() ? most - streams_.size() : 0;
}

bool H2Connection::has_room() const {
  return state_ != State::Leaving && state_ != State::Closed && codec_.may_open() && room() > 0;
}

void H2Connection::enter(H2Client& stream) {
  stream.place_ = streams_.size();
  streams_.push_back(&stream);
  stream.enter(*this, state_ == State::Ready);
}

void H2Connection::remove(H2Client& stream) {
  streams_.erase(streams_.begin() + static_cast<std::ptrdiff_t>(stream.place_));
  for (std::size_t i = stream.place_; i < streams_.size(); ++i) streams_[i]->place_ = i;
  if (!streams_.empty()) return;
  idle_since_ = base::coarse_now();
  home_.on_idle();
  want_turn();
}

void H2Connection::adopt(std::unique_ptr<ClientStream> stream) {
  orphans_.push_back(std::move(stream));
  want_turn();
}

void H2Connection::end() {
  PROX_ASSERT(streams_.empty());
  if (state_ > State::Connecting) {
    codec_.go_away(http::H2Error::NoError);
    write_output();
  }
  close({Errc::PeerClosed, Side::Upstream, false, 0, kAwaiting});
}

// Those that the codec does not know yet, as many as the target takes; the others may find room elsewhere.
void H2Connection::open_waiting() {
  if (!std::exchange(has_waiting_, false)) return;
  const std::size_t most = std::min<std::size_t>(codec_.peer_max_streams(), kMostStreams);
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    H2Client& stream = *streams_[i];
    if (!stream.waits_to_open()) continue;
    // A target that takes none at all is waited for: another connection to it would take none either.
    const bool fits = i < most || most == 0;
    if (!codec_.may_open()) {
      stream.turn_away();
    } else if (fits) {
      stream.open(codec_);
    } else {
      stream.look_elsewhere();
    }
  }
}

// ---- turns of the loop ----

void H2Connection::on_event(void* self) { static_cast<H2Connection*>(self)->take_turn(); }

void H2Connection::on_task(void* self) { static_cast<H2Connection*>(self)->take_turn(); }

void H2Connection::take_turn() {
  if (connect_error_) return close(*connect_error_);
  if (state_ == State::Connecting || state_ == State::Closed) return;
  dialer_.reset();
  read();
  if (state_ == State::Closed) return;
  if (state_ >= State::Ready) open_waiting();
  write_output();
  if (state_ == State::Closed) return;
  if (state_ == State::Ready && !codec_.may_open()) state_ = State::Leaving;
  if (state_ == State::Leaving && streams_.empty()) return end();
  if (codec_.is_over()) return close({Errc::PeerClosed, Side::Upstream, false, 0, kAwaiting});
  expect(silence_deadline());
}

// Reads whatever comes, even while output has to wait: a target that waits for us in the same way would wait for ever. The windows
// bound what can come.
void H2Connection::read() {
  for (int reads = 0; reads < kReadsPerTurn; ++reads) {
    const base::Result<Stream::Fill> got = stream_.fill(kReadRoom, reads > 0);
    if (!got) {
      Error error = got.error();
      error.side = Side::Upstream;
      return close(error);
    }
    if (*got == Stream::Fill::Nothing) return;
    if (*got == Stream::Fill::Closed)
      return close({Errc::PeerClosed, Side::Upstream, false, 0, kAwaiting});
    last_read_ = base::coarse_now();
    ping_deadline_ = 0;
    const base::Result<void> fed = codec_.feed(stream_.input(), last_read_);
    stream_.consume(stream_.input().size());
    if (!fed) {
      write_output();  // which tells the target why
      return close(fed.error());
    }
  }
  want_turn();
}

void H2Connection::write_output() {
  do {
    if (const base::Result<void> sent = codec_.send(); !sent) return close(sent.error());
    if (const base::Result<void> left = stream_.flush(); !left) {
      Error error = left.error();
      error.side = Side::Upstream;
      return close(error);
    }
  } while (codec_.wants_to_send() && !is_full());
}

void H2Connection::close(const Error& error) {
  if (state_ == State::Closed) return;
  state_ = State::Closed;
  stream_.close();
  timer_.cancel();
  task_.cancel();
  for (H2Client* stream : std::exchange(streams_, {})) stream->leave(error);
  for (auto& orphan : orphans_) loop_.defer_delete(std::move(orphan));
  orphans_.clear();
  home_.drop(*this);
}

// ---- time ----

void H2Connection::expect(Millis deadline) {
  if (deadline == 0) return;
  timer_.set(earlier(timer_.deadline(), deadline));
}

// When the target has been silent for too long; 0: no limit.
Millis H2Connection::silence_deadline() const {
  if (ping_deadline_ != 0 || target_.h2_read_idle_timeout == 0) return ping_deadline_;
  return last_read_ + target_.h2_read_idle_timeout;
}

void H2Connection::on_deadline(void* self) {
  auto* connection = static_cast<H2Connection*>(self);
  const Millis now = base::coarse_now();
  for (H2Client* stream : connection->streams_) {
    if (stream->head_deadline() != 0 && now >= stream->head_deadline()) stream->on_late();
    connection->expect(stream->head_deadline());
  }
  if (connection->ping_deadline_ != 0 && now >= connection->ping_deadline_)
    return connection->close(
        {Errc::TimedOut, Side::Upstream, false, 0, "waiting for the target's answer to a PING"});
  const Millis silence = connection->target_.h2_read_idle_timeout;
  const bool may_ping = connection->state_ > State::Connecting && connection->ping_deadline_ == 0;
  if (may_ping && silence > 0 && now >= connection->last_read_ + silence) {
    connection->codec_.ping();
    const Millis limit = connection->target_.h2_ping_timeout;
    connection->ping_deadline_ = limit > 0 ? now + limit : 0;
    if (limit == 0) connection->last_read_ = now;  // the next one when that is over again
  }
  connection->want_turn();
}

// ---- what the codec says ----

void H2Connection::on_settings() {
  if (state_ == State::Greeting) state_ = State::Ready;
  has_waiting_ = true;
}

void H2Connection::on_head(http::H2Stream& stream, const base::Result<http::BodyFraming>& framing) {
  own(stream).on_head(framing);
}

void H2Connection::on_data(http::H2Stream& stream, Slice data) {
  own(stream).on_data(stream_.block(), data);
}

void H2Connection::on_end(http::H2Stream& stream, Slice trailers) { own(stream).on_end(trailers); }

void H2Connection::on_closed(http::H2Stream& closed, http::H2Error error) {
  H2Client& stream = own(closed);
  stream.on_closed(error);
  const auto orphan = std::find_if(orphans_.begin(), orphans_.end(),
                                   [&](const auto& other) { return other.get() == &stream; });
  if (orphan == orphans_.end()) return;
  remove(stream);
  loop_.defer_delete(std::move(*orphan));
  orphans_.erase(orphan);
}

http::H2Codec::Outgoing H2Connection::outgoing(http::H2Stream& stream) {
  return own(stream).outgoing();
}

void H2Connection::write_data(http::H2Stream& stream, Slice frame_header, std::size_t bytes) {
  stream_.output().append_copy(frame_header);
  own(stream).move_body(stream_.output(), bytes);
}

}  // namespace prox::upstream
