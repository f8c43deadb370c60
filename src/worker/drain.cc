// How a worker leaves: it stops accepting, finishes what is open, gives idle connections to the next generation, and goes.

#include <algorithm>
#include <utility>

#include "prox/base/log.h"
#include "worker/worker_process.h"

namespace prox::worker {

namespace {

constexpr base::Millis kFlushWait =
    20;  // until the next generation's worker has read what was handed over

}  // namespace

void WorkerProcess::drain(const ipc::Message& message, base::Fd next_generation) {
  if (message.number > 0) {
    drain_timer_.set_after(static_cast<base::Millis>(message.number));
  } else {
    drain_timer_.cancel();
  }
  // A second Drain, when prox is stopped during a reload, only takes the way to the next generation away.
  next_generation_.reset();
  if (next_generation)
    next_generation_ = std::make_unique<ipc::Channel>(loop_, std::move(next_generation), *this);
  leaving_ = next_generation_ ? message.text : "*";
  pass_on_hand_overs();
  if (state_ != State::Draining) {
    state_ = State::Draining;
    drain_listeners();
  }
  base::log::debug("draining", {{"generation", setup_.generation},
                                {"slot", setup_.slot},
                                {"connections", connections_.size()}});
  connections_.for_each([](downstream::Connection& connection) { connection.drain(); });
  stop_task_.post(loop_);
}

void WorkerProcess::drain_listeners() {
  for (const auto& acceptor : acceptors_) {
    // On an address that stays, the next generation's worker of this slot accepts from the same queue. On one that leaves, this worker goes
    // on until the master has seen the queue empty and shuts the socket down: a client in the queue of a closed socket is reset.
    if (!leaves_config(plan_.listeners[acceptor->listener()].key)) acceptor->pause();
  }
  adopted_.clear();
}

void WorkerProcess::on_accept_ended(Acceptor&) { stop_task_.post(loop_); }

bool WorkerProcess::is_accepting() const {
  return std::any_of(acceptors_.begin(), acceptors_.end(),
                     [](const auto& acceptor) { return acceptor->is_accepting(); });
}

bool WorkerProcess::leaves_config(const std::string& key) const {
  if (leaving_ == "*") return true;
  std::string_view rest = leaving_;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (rest.substr(0, end) == key) return true;
    if (end == std::string_view::npos) return false;
    rest.remove_prefix(end + 1);
  }
  return false;
}

bool WorkerProcess::may_keep(const downstream::Connection& connection) const {
  if (state_ != State::Draining) return true;
  return (connection.is_untouched() || !connection.is_secure()) && next_generation_ != nullptr &&
         !leaves_config(plan_.listeners[connection.listener()].key);
}

// A connection with nothing in flight is only a descriptor if it is plain and kept, or if nothing of it was taken yet: the next generation
// goes on with it, and a request that is on its way is answered there. Without one, prox is stopping, and it is closed. One under TLS, or
// whose address is leaving, waits for its next request, which is answered with `Connection: close`.
void WorkerProcess::on_idle_while_draining(downstream::Connection& connection) {
  if (next_generation_ == nullptr) return connection.close();
  if (!may_keep(connection)) return;
  const std::string& key = plan_.listeners[connection.listener()].key;
  const std::uint64_t untouched = connection.is_untouched() ? 1 : 0;
  base::Fd socket = connection.detach();
  if (socket)
    next_generation_->send({ipc::MessageType::HandOver, untouched, key}, std::move(socket));
}

// What the generation before has handed over and was not read yet goes on to the generation after: reloads may follow each
// other faster than thousands of connections move.
void WorkerProcess::pass_on_hand_overs() {
  if (next_generation_ == nullptr) return;
  for (const auto& from : last_generation_)
    next_generation_->send({ipc::MessageType::TakeOver, 0, {}}, from->release());
  last_generation_.clear();
}

void WorkerProcess::take_over(const std::string& key, base::Fd socket, bool is_untouched) {
  if (!socket || (state_ == State::Draining && next_generation_ == nullptr)) return;
  for (std::uint32_t i = 0; i < plan_.listeners.size(); ++i) {
    if (plan_.listeners[i].key != key) continue;
    const base::Result<net::SocketAddress> peer = net::SocketAddress::peer_of(socket.get());
    if (!peer) return;  // the client has gone meanwhile
    const downstream::Entrance entrance = entrance_of(i);
    // Where a kept one's address has become that of a TLS service, it can only reconnect.
    if (is_untouched || entrance.tls == nullptr)
      downstream::Connection::open(*this, entrance, std::move(socket), *peer, !is_untouched);
    return;
  }
}

void WorkerProcess::on_connection_closed() {
  if (state_ == State::Draining) stop_task_.post(loop_);
}

void WorkerProcess::stop_when_done() {
  if (state_ != State::Draining || is_accepting() || !connections_.empty()) return;
  if (next_generation_ && !next_generation_->is_flushed())
    return resume_timer_.set_after(kFlushWait);
  loop_.stop();
}

void WorkerProcess::stop_now() {
  if (!connections_.empty()) {
    base::log::warn("connections closed at the end of the drain limit",
                    {{"generation", setup_.generation},
                     {"slot", setup_.slot},
                     {"connections", connections_.size()}});
  }
  loop_.stop();
}

}  // namespace prox::worker
