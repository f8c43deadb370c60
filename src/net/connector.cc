#include "prox/net/connector.h"

#include <algorithm>
#include <utility>

namespace prox::net {

namespace {

constexpr base::Millis kRaceDelay = 250;

}  // namespace

Connector::Connector(Loop& loop, Callback callback, void* owner, Connected connected)
    : loop_(loop), callback_(callback), owner_(owner), connected_(connected) {
  timer_.init(loop, &Connector::on_timer, this);
}

void Connector::connect(Resolver& resolver, std::string_view host, std::uint16_t port,
                        base::Millis time_limit, int keep_alive_seconds) {
  begin(time_limit, keep_alive_seconds);
  const Result<AddressList>* known =
      resolver.lookup(host, port, wait_, &Connector::on_resolved, this);
  if (known != nullptr) {
    on_resolved(this, *known);
  } else {
    set_timer();
  }
}

void Connector::connect(const SocketAddress& address, base::Millis time_limit,
                        int keep_alive_seconds) {
  begin(time_limit, keep_alive_seconds);
  addresses_.assign(1, address);
  next_attempt();
}

void Connector::begin(base::Millis time_limit, int keep_alive_seconds) {
  cancel();
  keep_alive_seconds_ = keep_alive_seconds;
  deadline_ = time_limit > 0 ? base::coarse_now() + time_limit : 0;
}

void Connector::cancel() {
  wait_.cancel();
  timer_.cancel();
  for (std::size_t i = 0; i < begun_; ++i) {
    attempts_[i].event.remove();
    attempts_[i].socket.reset();
  }
  begun_ = open_ = 0;
  next_begin_ = 0;
}

void Connector::on_resolved(void* self, const Result<AddressList>& addresses) {
  auto* connector = static_cast<Connector*>(self);
  if (!addresses) return connector->finish(base::Unexpected{addresses.error()});
  connector->addresses_ = *addresses;
  connector->next_attempt();
}

void Connector::next_attempt() {
  next_begin_ = 0;
  while (begun_ < std::min(addresses_.size(), kMaxAttempts)) {
    Attempt& attempt = attempts_[begun_];
    Result<base::Fd> socket = start_connect(addresses_[begun_], keep_alive_seconds_);
    ++begun_;
    if (!socket) {
      last_error_ = socket.error();
      continue;
    }
    attempt.socket = std::move(*socket);
    if (!attempt.event.add(loop_, attempt.socket.get(), kWatched, &Connector::on_event, this)) {
      attempt.socket.reset();
      continue;
    }
    ++open_;
    if (begun_ < addresses_.size()) next_begin_ = base::coarse_now() + kRaceDelay;
    break;
  }
  if (open_ == 0) return finish(base::Unexpected{last_error_});
  set_timer();
}

void Connector::on_event(int fd, short what, void* self) {
  auto* connector = static_cast<Connector*>(self);
  for (std::size_t i = 0; i < connector->begun_; ++i) {
    Attempt& attempt = connector->attempts_[i];
    if (attempt.socket.get() != fd) continue;
    // libevent tells an error as readable and writable.
    if ((what & EV_READ) != 0) {
      const Result<void> outcome = connect_outcome(fd);
      if (!outcome) return connector->attempt_failed(attempt, outcome.error());
    } else if (connector->connected_ != nullptr) {
      connector->connected_(connector->owner_, fd);
    }
    attempt.event.remove();
    return connector->finish(std::move(attempt.socket));
  }
}

void Connector::attempt_failed(Attempt& attempt, const base::Error& error) {
  last_error_ = error;
  attempt.event.remove();
  attempt.socket.reset();
  --open_;
  const bool more = begun_ < std::min(addresses_.size(), kMaxAttempts);
  if (more) return next_attempt();
  if (open_ == 0) finish(base::Unexpected{last_error_});
}

void Connector::set_timer() {
  if (deadline_ == 0 || next_begin_ == 0) {
    timer_.set(std::max(deadline_, next_begin_));
  } else {
    timer_.set(std::min(deadline_, next_begin_));
  }
}

void Connector::on_timer(void* self) {
  auto* connector = static_cast<Connector*>(self);
  const base::Millis now = base::coarse_now();
  if (connector->deadline_ != 0 && now >= connector->deadline_) {
    return connector->finish(base::Unexpected{base::Error{
        base::Errc::ConnectTimedOut, base::Side::Upstream, true, 0, "connecting to the target"}});
  }
  connector->next_attempt();
}

void Connector::finish(Result<base::Fd> outcome) {
  cancel();
  callback_(owner_, std::move(outcome));
}

}  // namespace prox::net
