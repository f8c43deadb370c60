#include "prox/net/stream.h"

#include <cstring>
#include <utility>

#include <sys/socket.h>

#include "prox/base/assert.h"

namespace prox::net {

namespace {

constexpr int kMaxVectors = 64;  // runs per writev; above what a block's worth of chunks needs

}  // namespace

bool Stream::open(std::unique_ptr<Transport> transport, Callback callback, void* owner) {
  transport_ = std::move(transport);
  callback_ = callback;
  owner_ = owner;
  readable_ = transport_->has_pending();
  writable_ = true;
  watches_writes_ = false;
  return watch(EV_READ | EV_CLOSED);
}

bool Stream::watch(short what) {
  return event_.add(loop_, transport_->fd(), static_cast<short>(what | EV_ET | EV_PERSIST),
                    &Stream::on_event, this);
}

void Stream::close(bool reset) {
  if (!transport_) return;
  if (!reset && output_.empty()) transport_->finish();
  if (reset) {
    const linger at_once{1, 0};
    ::setsockopt(transport_->fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  event_.remove();
  transport_.reset();
  block_.reset();
  begin_ = end_ = 0;
  output_.clear();
}

std::unique_ptr<Transport> Stream::detach() {
  event_.remove();
  return std::move(transport_);
}

void Stream::consume(std::size_t bytes) {
  begin_ += bytes;
  PROX_ASSERT(begin_ <= end_);
  if (begin_ < end_) return;
  // All read: a block that nobody else holds is given back, so that an idle stream has none. The pool's next user gets it warm.
  begin_ = end_ = 0;
  block_.reset();
}

Result<bool> Stream::handshake() {
  const Result<Transport::Handshake> step = transport_->handshake();
  if (!step) return base::Unexpected{step.error()};
  if (*step == Transport::Handshake::NeedsOutput) {
    if (Result<void> watched = watch_writes(); !watched) return base::Unexpected{watched.error()};
  }
  readable_ = peer_closing_ || transport_->has_pending();
  return *step == Transport::Handshake::Done;
}

Result<Stream::Fill> Stream::fill(std::size_t want, bool even_if_drained) {
  if (peer_closed_) return Fill::Closed;
  if (!readable_ && !even_if_drained) return Fill::Nothing;
  make_room(want);
  const std::size_t room = block_.capacity() - end_;
  Result<std::size_t> n = transport_->read(block_.data() + end_, room);
  if (!n) {
    if (begin_ == end_) consume(0);
    readable_ = false;
    if (n.error().code != base::Errc::PeerClosed) return base::Unexpected{n.error()};
    peer_closed_ = true;
    return Fill::Closed;
  }
  // A short read means drained; but data and FIN may come as one event, and then only a read of 0 tells the end.
  if (*n < room && !peer_closing_) readable_ = transport_->has_pending();
  if (*n == 0) {
    if (begin_ == end_) consume(0);
    readable_ = false;
    return Fill::Nothing;
  }
  end_ += *n;
  return Fill::Data;
}

void Stream::make_room(std::size_t want) {
  const std::size_t unread = end_ - begin_;
  if (!block_) {
    block_ = pool_.take(want);
    begin_ = end_ = 0;
    return;
  }
  if (block_.capacity() - end_ >= want ||
      (unread == 0 && !block_.is_shared() && block_.capacity() >= want)) {
    if (unread == 0 && !block_.is_shared()) begin_ = end_ = 0;
    return;
  }
  // The rest is too small: the unread bytes go to the front of a block with room. The old one lives on in those who share it.
  base::BlockRef fresh = pool_.take(unread + want);
  if (unread > 0) std::memcpy(fresh.data(), block_.data() + begin_, unread);
  block_ = std::move(fresh);
  begin_ = 0;
  end_ = unread;
}

Result<void> Stream::flush() {
  while (!output_.empty() && writable_) {
    const Result<bool> all_written = write_front();
    if (!all_written) return base::Unexpected{all_written.error()};
    if (*all_written) continue;
    writable_ = false;
    return watch_writes();
  }
  return {};
}

// Offers the transport what is first in the output, as one call takes it; true if it took all of that.
Result<bool> Stream::write_front() {
  if (const Buffer::FilePart file = output_.front_file(); file.size > 0) {
    const Result<std::size_t> n = transport_->send_file(file.fd, file.offset, file.size);
    if (!n) return base::Unexpected{n.error()};
    output_.consume(*n);
    return *n > 0;  // a part of it may be all that a call takes
  }
  iovec vectors[kMaxVectors];
  const int count = output_.gather(vectors, kMaxVectors);
  const Result<std::size_t> n = transport_->write(vectors, count);
  if (!n) return base::Unexpected{n.error()};
  std::size_t offered = 0;
  for (int i = 0; i < count; ++i) offered += vectors[i].iov_len;
  output_.consume(*n);
  return *n == offered;
}

// Writes are watched from the first one that was cut short: most connections never have one. Registering anew reports a socket that has
// become writable meanwhile, so no edge is lost.
Result<void> Stream::watch_writes() {
  if (watches_writes_) return {};
  watches_writes_ = true;
  if (watch(EV_READ | EV_WRITE | EV_CLOSED)) return {};
  return base::fail(base::Errc::SystemCall, base::Side::Internal, "watching a socket");
}

void Stream::on_event(int, short what, void* self) {
  auto* stream = static_cast<Stream*>(self);
  if ((what & (EV_READ | EV_CLOSED)) != 0) stream->readable_ = true;
  if ((what & EV_CLOSED) != 0) stream->peer_closing_ = true;
  if ((what & EV_WRITE) != 0) stream->writable_ = true;
  stream->callback_(stream->owner_);
}

}  // namespace prox::net
