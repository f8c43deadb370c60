#include "prox/downstream/connection.h"

#include <utility>

#include "downstream/deadline.h"
#include "downstream/preread.h"
#include "prox/actions/pass.h"
#include "prox/base/assert.h"
#include "prox/downstream/h1_server.h"

namespace prox::downstream {

namespace {

constexpr base::Millis kLingerTime = 2'000;
constexpr int kDropsPerTurn = 16;  // then the other connections have their turn
constexpr std::size_t kDropSize = base::BlockPool::kSmall;

// Which state may come after which; Closed is the end.
constexpr bool may_follow(Connection::State from, Connection::State to) {
  switch (from) {
    case Connection::State::Preread:
      return to != from && to != Connection::State::Lingering && to != Connection::State::Hanging;
    case Connection::State::Handshake:
      return to == Connection::State::Open || to == Connection::State::Lingering ||
             to == Connection::State::Closed;
    case Connection::State::Greeting: return to > Connection::State::Greeting;
    case Connection::State::Open:
      return to == Connection::State::Lingering || to == Connection::State::Hanging ||
             to == Connection::State::Closed;
    case Connection::State::Passing:
    case Connection::State::Lingering:
    case Connection::State::Hanging: return to == Connection::State::Closed;
    case Connection::State::Closed: return false;
  }
  return false;
}

}  // namespace

void Connection::open(ConnectionHost& host, const Entrance& entrance, base::Fd socket,
                      const net::SocketAddress& peer, bool is_handed_over) {
  std::unique_ptr<Connection> made(new Connection(host, entrance, peer));
  // From here on it is owned by itself in the loop's eyes: the list holds it, close() gives it to defer_delete.
  Connection& connection = *made.release();
  // What was kept has no hello before its next request.
  if (entrance.service.l4 && !is_handed_over) return connection.await_hello(std::move(socket));
  connection.serve(std::move(socket), is_handed_over);
}

// False if the kernel will not, and the connection is closed.
bool Connection::watch(std::unique_ptr<net::Transport> transport) {
  if (stream_.open(std::move(transport), &Connection::on_event, this)) return true;
  close();
  return false;
}

// With HTTP/1, unless ALPN says otherwise.
void Connection::start_server(bool is_handed_over) {
  if (tls_ != nullptr && tls_->alpn() == "h2") return speak_h2();
  server_ = std::make_unique<H1Server>(*this);
  server_->start(is_handed_over);
}

Connection::Connection(ConnectionHost& host, const Entrance& entrance,
                       const net::SocketAddress& peer)
    : host_(host),
      entrance_(entrance),
      client_bytes_(peer.ip_bytes()),
      client_ip_(peer.ip_text()),
      stream_(host.context().loop, host.context().blocks),
      drop_more_([](void* self) { static_cast<Connection*>(self)->read_and_drop(); }, this) {
  timer_.init(host.context().loop, &Connection::on_deadline, this);
  ConnectionList& list = host.connections();
  previous_ = list.last_;
  (list.last_ != nullptr ? list.last_->next_ : list.first_) = this;
  list.last_ = this;
  ++list.count_;
  zone::add(host.context().row.connections);
  zone::add(host.context().row.connections_total);
}

Connection::~Connection() = default;

// With HTTP, after TLS where the service has it.
void Connection::serve(base::Fd socket, bool is_handed_over) {
  // Who was handed over speaks HTTP/1, and ALPN tells what is spoken behind a handshake.
  const bool is_known = is_handed_over || !service().h2;
  set_state(is_secure() ? State::Handshake : is_known ? State::Open : State::Greeting);
  if (is_secure()) return begin_handshake(std::move(socket));
  if (watch(std::make_unique<net::PlainTransport>(std::move(socket)))) start_server(is_handed_over);
}

bool Connection::is_idle() const {
  return is_serving() && server_->is_idle() && stream_.input().empty() && stream_.output().empty();
}

bool Connection::is_kept_idle() const { return is_idle() && server_->is_kept(); }

void Connection::drain() {
  if (state_ == State::Hanging) return close();
  if (is_untouched()) return host_.on_idle_while_draining(*this);
  if (is_serving()) server_->drain();
}

base::Fd Connection::detach() {
  base::Fd socket = is_untouched() ? end_preread() : stream_.detach()->release();
  leave();
  return socket;
}

void Connection::abort() { close(is_serving() && server_->is_unfinished()); }

void Connection::close(bool reset) {
  if (state_ == State::Closed) return;
  if (preread_) end_preread();
  if (pass_) pass_->close();
  if (server_) server_->abandon();  // while it can be seen what has not left
  stream_.close(reset);
  leave();
}

void Connection::leave() {
  set_state(State::Closed);
  timer_.cancel();
  drop_more_.cancel();
  ShedList::Entry::leave();
  if (server_) server_->abandon();
  ConnectionList& list = host_.connections();
  (previous_ != nullptr ? previous_->next_ : list.first_) = next_;
  (next_ != nullptr ? next_->previous_ : list.last_) = previous_;
  --list.count_;
  zone::subtract(host_.context().row.connections);
  host_.context().loop.defer_delete(std::unique_ptr<net::Deletable>(this));
  host_.on_connection_closed();
}

void Connection::linger() {
  set_state(State::Lingering);
  if (server_) server_->abandon();
  stream_.shut_down_writes();
  timer_.set_after(kLingerTime);
  read_and_drop();
}

void Connection::hang() {
  set_state(State::Hanging);
  server_->abandon();
  stream_.consume(stream_.input().size());
  if (host_.is_draining()) return close();
  timer_.set_after(hang_time(service().limits.write_timeout));
  host_.hung().enter(*this);
}

bool Connection::on_shed() {
  // A hello that has come, but was not looked at in this turn of the loop, is no reason to leave.
  if (is_untouched()) preread_->look();
  if (is_untouched() || state_ == State::Hanging) close();
  return state_ == State::Closed;
}

void Connection::read_and_drop() {
  for (int reads = 0; reads < kDropsPerTurn; ++reads) {
    stream_.consume(stream_.input().size());
    const base::Result<net::Stream::Fill> got = stream_.fill(kDropSize);
    if (got && *got == net::Stream::Fill::Nothing) return;
    if (!got || *got == net::Stream::Fill::Closed) return close();
  }
  drop_more_.post(host_.context().loop);
}

void Connection::on_event(void* self) {
  auto* connection = static_cast<Connection*>(self);
  switch (connection->state_) {
    case State::Handshake: return connection->shake_hands();
    case State::Greeting: return connection->greet();
    case State::Open: return connection->server_->on_event();
    case State::Lingering: return connection->read_and_drop();
    case State::Hanging:
      if (connection->stream_.peer_is_gone()) connection->close();
      return;
    case State::Preread:
    case State::Passing:
    case State::Closed: return;
  }
}

void Connection::on_deadline(void* self) {
  auto* connection = static_cast<Connection*>(self);
  switch (connection->state_) {
    case State::Handshake: return connection->give_up_handshake();
    case State::Greeting:
    case State::Open: return connection->server_->on_deadline();
    case State::Preread:
    case State::Lingering:
    case State::Hanging: return connection->close();
    case State::Passing:
    case State::Closed: return;
  }
}

void Connection::set_state(State next) {
  PROX_ASSERT(may_follow(state_, next));
  state_ = next;
}

}  // namespace prox::downstream
