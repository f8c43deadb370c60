#include "prox/upstream/dialer.h"

#include <utility>

namespace prox::upstream {

namespace {

using base::Errc;
using base::Error;
using base::Side;

// No byte of a request has left before the handshake is over.
Error handshake_error(Errc code) {
  return Error{code, Side::Upstream, true, 0, "shaking hands with the target"};
}

}  // namespace

Dialer::Dialer(net::Loop& loop, base::BlockPool& blocks, Callback callback, void* owner)
    : blocks_(blocks),
      callback_(callback),
      owner_(owner),
      connector_(loop, &Dialer::on_connected, this),
      stream_(loop, blocks) {
  timer_.init(loop, &Dialer::on_deadline, this);
}

void Dialer::dial(net::Resolver& resolver, const Target& target, std::string protocol,
                  tls::SessionPtr& session) {
  target_ = &target;
  protocol_ = std::move(protocol);
  session_ = &session;
  if (target.literal) {
    connector_.connect(*target.literal, target.connect_timeout, target.keep_alive_seconds);
  } else {
    connector_.connect(resolver, target.address.host, target.address.port, target.connect_timeout,
                       target.keep_alive_seconds);
  }
}

void Dialer::on_connected(void* self, base::Result<base::Fd> outcome) {
  auto* dialer = static_cast<Dialer*>(self);
  if (!outcome) return dialer->callback_(dialer->owner_, base::Unexpected{outcome.error()});
  if (dialer->target_->tls != nullptr) return dialer->begin_handshake(std::move(*outcome));
  dialer->callback_(dialer->owner_,
                    Dialed{std::make_unique<net::PlainTransport>(std::move(*outcome)), {}});
}

void Dialer::begin_handshake(base::Fd socket) {
  auto transport = std::make_unique<tls::Transport>(
      target_->tls->new_connection(target_->address.host, protocol_, *session_), std::move(socket),
      blocks_);
  tls_ = transport.get();
  if (!stream_.open(std::move(transport), &Dialer::on_event, this))
    return fail(handshake_error(Errc::SystemCall));
  if (target_->tls_handshake_timeout > 0) timer_.set_after(target_->tls_handshake_timeout);
  shake_hands();
}

void Dialer::on_event(void* self) { static_cast<Dialer*>(self)->shake_hands(); }

void Dialer::shake_hands() {
  const base::Result<bool> done = stream_.handshake();
  if (!done) {
    Error error = handshake_error(done.error().code);
    error.sys_errno = done.error().sys_errno;
    error.reason = done.error().reason;
    return fail(error);
  }
  if (!*done) return;
  timer_.cancel();
  std::string protocol(tls_->alpn());
  callback_(owner_, Dialed{stream_.detach(), std::move(protocol)});
}

void Dialer::on_deadline(void* self) {
  static_cast<Dialer*>(self)->fail(handshake_error(Errc::HandshakeTimedOut));
}

void Dialer::fail(Error error) {
  timer_.cancel();
  stream_.close();
  callback_(owner_, base::Unexpected{error});
}

}  // namespace prox::upstream
