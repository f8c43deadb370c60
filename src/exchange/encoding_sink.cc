#include "exchange/encoding_sink.h"

#include <algorithm>
#include <utility>

#include <sys/uio.h>
#include <unistd.h>

#include "prox/base/assert.h"
#include "prox/exchange/error_response.h"

namespace prox::exchange {

namespace {

using base::Errc;
using base::Error;
using base::Side;
using Until = compress::Encoder::Until;

constexpr std::size_t kPiece = base::BlockPool::kLarge;
// Four such rooms fit into a large block.
constexpr std::size_t kRoom = 8 * 1024 - 64;
// Less than that waits for more, so that it does not leave in chunks of a few bytes.
constexpr std::size_t kWorthSending = 4 * 1024;
// How long the encoder may keep what it was given. Each flush costs some bytes: so there is one for all that comes within this time.
constexpr base::Millis kLongestPause = 10;

}  // namespace

EncodingSink::EncodingSink(Exchange& exchange, compress::Coding coding,
                           std::optional<std::uint64_t> body_bytes)
    : x_(exchange),
      client_(*exchange.sink),
      encoder_(compress::make_encoder(coding, body_bytes)),
      waiting_(exchange.context->blocks),
      encoded_(exchange.context->blocks) {
  enter(exchange.context->encoding);
  pause_.init(exchange.context->loop, &EncodingSink::on_pause, this);
}

// ---- from the handler ----

void EncodingSink::send_body(net::Buffer& data) {
  if (encoder_ == nullptr) return data.clear();
  waiting_.append_all(data);
  go_on();
}

void EncodingSink::end_response(Slice trailers) {
  if (encoder_ == nullptr) return;
  trailers_ = trailers;
  ended_ = true;
  if (waiting_.empty()) finish();
}

void EncodingSink::cut_response() {
  if (std::exchange(cut_, true)) return;
  end();
  client_.cut_response();
}

bool EncodingSink::is_backed_up() {
  handler_waits_ = !waiting_.empty() || client_.is_backed_up();
  return handler_waits_;
}

// What comes with the head, or instead of one, has passed already.
void EncodingSink::send_interim(const http::ResponseHead&) { PROX_ASSERT(false); }
void EncodingSink::send_head(http::ResponseHead&, http::BodyFraming) { PROX_ASSERT(false); }
void EncodingSink::begin_tunnel(const http::ResponseHead&) { PROX_ASSERT(false); }
void EncodingSink::end_tunnel() { PROX_ASSERT(false); }
void EncodingSink::drop_exchange(DropMode) { PROX_ASSERT(false); }

// ---- from the loop ----

// No handler is on the stack.
void EncodingSink::on_drained() {
  go_on();
  if (ended_ && waiting_.empty() && encoder_ != nullptr) finish();
  client_.flush();
  if (!handler_waits_ || !waiting_.empty() || client_is_full()) return;
  handler_waits_ = false;
  if (x_.handler) x_.handler->on_response_drained();
}

void EncodingSink::on_pause(void* self) { static_cast<EncodingSink*>(self)->flush_encoder(); }

// Where more waits, there is no pause.
void EncodingSink::flush_encoder() {
  if (encoder_ == nullptr || !waiting_.empty()) return;
  encode({}, Until::Flushed);
  hand_over();
  client_.flush();
}

// ---- encoding ----

// As far as the client and the share allow it now.
void EncodingSink::go_on() {
  while (!waiting_.empty() && !client_is_full()) {
    iovec front{};
    const net::Buffer::FilePart file = waiting_.front_file();
    if (file.size == 0) waiting_.gather(&front, 1);
    const std::size_t bytes = take(std::min(std::max(file.size, front.iov_len), kPiece));
    if (bytes == 0) return;
    if (!encode_front(bytes)) {
      return fail(x_, Error{Errc::BadData, Side::Internal, false, 0,
                            "encoding a file that has become shorter"});
    }
    if (encoded_.size() >= kWorthSending) hand_over();
  }
}

bool EncodingSink::client_is_full() {
  if (!client_.is_backed_up()) return false;
  client_.flush();
  return client_.is_backed_up();
}

// Up to `bytes` of the first run. False if they lie in a file that ends before them.
bool EncodingSink::encode_front(std::size_t bytes) {
  if (pause_.deadline() == 0) pause_.set_after(kLongestPause);
  const net::Buffer::FilePart file = waiting_.front_file();
  if (file.size == 0) {
    iovec front{};
    waiting_.gather(&front, 1);
    encode({static_cast<const char*>(front.iov_base), bytes}, Until::MoreComes);
    waiting_.consume(bytes);
    return true;
  }
  const base::BlockRef block = x_.context->blocks.take(bytes);
  const ssize_t got = ::pread(file.fd, block.data(), bytes, static_cast<off_t>(file.offset));
  if (got <= 0) return false;
  encode({block.data(), static_cast<std::size_t>(got)}, Until::MoreComes);
  waiting_.consume(static_cast<std::size_t>(got));
  return true;
}

void EncodingSink::encode(Slice in, Until until) {
  for (bool is_done = false; !is_done;) {
    const compress::Encoder::Step step = encoder_->step(in, until, encoded_.reserve(kRoom), kRoom);
    encoded_.commit(step.produced);
    in.remove_prefix(step.consumed);
    is_done = step.is_done;
  }
}

void EncodingSink::hand_over() { client_.send_body(encoded_); }

void EncodingSink::finish() {
  encode({}, Until::Ended);
  hand_over();
  end();
  client_.end_response(trailers_);
}

// The encoder's memory is free again before the client has taken all.
void EncodingSink::end() {
  encoder_.reset();
  waiting_.clear();
  encoded_.clear();
  pause_.cancel();
  leave();
}

}  // namespace prox::exchange
