#include "prox/net/relay.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "prox/net/connector.h"
#include "prox/net/socket.h"

namespace prox::net {

namespace {

// At most this often in one direction; then the other connections have their turn.
constexpr int kMovesPerTurn = 16;
// What one splice may bring: no limit, the pipe is one.
constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;
constexpr int kMaxVectors = 64;
// After splice(2) has found nothing more, until the socket is asked for an urgent byte.
constexpr base::Millis kLookAgain = 1'000;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

// What a socket says whose peer has reset it, or whom it has told so: nothing more can leave it.
bool is_reset(int error) { return error == ECONNRESET || error == EPIPE; }

// To a socket whose peer is gone it raises SIGPIPE, which workers ignore.
ssize_t splice_some(int from, int to, std::size_t bytes) {
  ssize_t n = -1;
  do n = ::splice(from, nullptr, to, nullptr, bytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  while (n == -1 && errno == EINTR);
  return n;
}

}  // namespace

Relay::Relay(Loop& loop, base::BlockPool& blocks, PipePool& pipes, Callback callback, void* owner)
    : loop_(loop),
      pipes_(pipes),
      callback_(callback),
      owner_(owner),
      resume_(&Relay::on_resume, this),
      to_target_(client_, target_, blocks),
      to_client_(target_, client_, blocks) {
  client_.relay = target_.relay = this;
  keep_alive_timer_.init(loop_, &Relay::on_keep_alive, this);
  look_again_timer_.init(loop_, &Relay::on_look_again, this);
}

Relay::~Relay() { close(true); }

bool Relay::watch_client(int client, std::size_t waiting) {
  client_.readable = true;
  client_.waiting = waiting;
  return watch(client_, client, EV_READ | EV_CLOSED);
}

bool Relay::watch_target(int target) {
  target_.watches_writes = true;
  return watch(target_, target, Connector::kWatched);
}

bool Relay::start(base::Fd client, base::Fd target, int keep_alive_seconds) {
  client_.socket = std::move(client);
  target_.socket = std::move(target);
  const bool is_watched = (client_.event.is_added() || watch_client(client_.socket.get(), 0)) &&
                          (target_.event.is_added() || watch_target(target_.socket.get()));
  if (!is_watched) {
    close(true);
    return false;
  }
  keep_alive_seconds_ = keep_alive_seconds;
  if (keep_alive_seconds > 0) keep_alive_timer_.set_after(keep_alive_seconds * 1000);
  resume_.post(loop_);
  return true;
}

void Relay::close(bool reset) {
  resume_.cancel();
  keep_alive_timer_.cancel();
  look_again_timer_.cancel();
  for (Side* side : {&client_, &target_}) {
    side->event.remove();
    if (!side->socket) continue;
    if (reset && !side->is_dead) {
      const linger at_once{1, 0};
      ::setsockopt(side->socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    side->socket.reset();
  }
  for (Flow* flow : {&to_target_, &to_client_}) {
    give_pipe_back(*flow);
    flow->pipe = {};  // what is in it is not for the next one
    flow->unsent.clear();
  }
}

bool Relay::watch(Side& side, int socket, short what) {
  return side.event.add(loop_, socket, static_cast<short>(what | EV_ET | EV_PERSIST),
                        &Relay::on_event, &side);
}

void Relay::on_event(int, short what, void* self) {
  auto* side = static_cast<Side*>(self);
  Relay& relay = *side->relay;
  if ((what & (EV_READ | EV_CLOSED)) != 0) {
    side->readable = true;
    side->waiting = 0;
  }
  if ((what & EV_WRITE) != 0) side->writable = true;
  if (!relay.target_.socket) return;  // not started
  relay.move_all();
  // libevent never tells of an end and an error at once.
  if ((what & EV_READ) == 0 || (what & EV_CLOSED) != 0 || !side->socket) return;
  const Flow& flow = side == &relay.client_ ? relay.to_target_ : relay.to_client_;
  if (relay.is_broken(*side, flow)) relay.finish(End::Reset);
}

// The kernel counts the silence from the last byte that came, also where it is told late: most connections end before it is.
void Relay::on_keep_alive(void* self) {
  auto* relay = static_cast<Relay*>(self);
  for (const Side* side : {&relay->client_, &relay->target_})
    set_keep_alive(side->socket.get(), relay->keep_alive_seconds_);
}

// To splice(2) there is nothing behind TCP's urgent mark; recv(2) steps over it, and leaves the urgent byte out.
void Relay::on_look_again(void* self) {
  auto* relay = static_cast<Relay*>(self);
  for (Flow* flow : {&relay->to_target_, &relay->to_client_}) {
    if (::sockatmark(flow->from.socket.get()) == 1) flow->is_at_mark = flow->from.readable = true;
  }
  relay->move_all();
}

void Relay::on_resume(void* self) { static_cast<Relay*>(self)->move_all(); }

void Relay::move_all() {
  if (!move(to_target_, to_client_) || !move(to_client_, to_target_)) return finish(End::Reset);
  if (to_target_.is_done && to_client_.is_done) finish(End::Closed);
}

// A reset shows in reading; where nothing is read, because the other side is slow or the end was read, it has to be asked for.
bool Relay::is_broken(Side& side, const Flow& flow) {
  if (!flow.has_ended && flow.held() == 0) return false;
  const int error = take_error(side.socket.get());
  side.is_dead = is_reset(error);
  return error != 0;
}

base::Unexpected Relay::broken(Side& side) {
  side.is_dead = is_reset(errno);
  return base::Unexpected{
      base::Error{base::Errc::PeerReset, base::Side::Internal, false, errno, "relaying"}};
}

Result<void> Relay::move(Flow& flow, const Flow& back) {
  for (int moves = 0; !flow.is_done; ++moves) {
    if (moves == kMovesPerTurn) {
      resume_.post(loop_);
      return {};
    }
    if (flow.held() == 0 && !flow.has_ended) {
      if (flow.from.readable) {
        if (Result<void> taken = take_some(flow); !taken) return taken;
      }
      if (!flow.from.readable && flow.held() == 0 && !flow.has_ended) break;
    }
    if (flow.held() > 0) {
      if (!flow.to.writable) return {};
      if (Result<void> passed = pass_some(flow); !passed) return passed;
    }
    if (flow.held() == 0 && flow.has_ended) {
      flow.is_done = true;
      // When the other way has ended too, both are closed.
      if (!back.is_done) ::shutdown(flow.to.socket.get(), SHUT_WR);
    }
  }
  give_pipe_back(flow);
  return {};
}

Result<void> Relay::take_some(Flow& flow) {
  if (std::exchange(flow.is_at_mark, false) || !flow.can_splice) return take_copy(flow);
  if (!flow.pipe) flow.pipe = pipes_.take();
  return flow.pipe ? take_spliced(flow) : take_copy(flow);
}

Result<void> Relay::take_spliced(Flow& flow) {
  const ssize_t n = splice_some(flow.from.socket.get(), flow.pipe.in.get(), kMostAtOnce);
  if (n > 0) {
    flow.in_pipe = static_cast<std::size_t>(n);
    flow.from.took(flow.in_pipe);
    return {};
  }
  if (n == 0) {
    flow.has_ended = true;
    return {};
  }
  if (errno == EINVAL) {
    flow.can_splice = false;
    return {};
  }
  if (!would_block()) return broken(flow.from);
  flow.from.readable = false;
  if (look_again_timer_.deadline() == 0) look_again_timer_.set_after(kLookAgain);
  return {};
}

Result<void> Relay::take_copy(Flow& flow) {
  constexpr std::size_t kMost = base::BlockPool::kLarge;
  char* into = flow.unsent.reserve(kMost);
  const ssize_t n = ::recv(flow.from.socket.get(), into, kMost, 0);
  if (n > 0) {
    flow.unsent.commit(static_cast<std::size_t>(n));
    flow.from.took(static_cast<std::size_t>(n));
    return {};
  }
  flow.unsent.clear();
  if (n == 0) {
    flow.has_ended = true;
    return {};
  }
  if (errno == EINTR) return {};
  if (!would_block()) return broken(flow.from);
  flow.from.readable = false;
  return {};
}

Result<void> Relay::pass_some(Flow& flow) {
  Result<std::size_t> passed = 0;
  if (!flow.unsent.empty()) {
    passed = pass_copy(flow);
  } else {
    const ssize_t n = splice_some(flow.pipe.out.get(), flow.to.socket.get(), flow.in_pipe);
    if (n == -1 && !would_block()) return broken(flow.to);
    passed = n > 0 ? static_cast<std::size_t>(n) : 0;
    flow.in_pipe -= *passed;
  }
  if (!passed) return base::Unexpected{passed.error()};
  flow.bytes += *passed;
  if (flow.held() == 0) return {};
  flow.to.writable = false;
  // As in Stream: writes are watched from the first one that was cut short, and registering anew loses no edge.
  if (!std::exchange(flow.to.watches_writes, true) &&
      !watch(flow.to, flow.to.socket.get(), Connector::kWatched))
    return broken(flow.to);
  return {};
}

Result<std::size_t> Relay::pass_copy(Flow& flow) {
  iovec vectors[kMaxVectors];
  msghdr message{};
  message.msg_iov = vectors;
  message.msg_iovlen = static_cast<std::size_t>(flow.unsent.gather(vectors, kMaxVectors));
  ssize_t n = -1;
  do n = ::sendmsg(flow.to.socket.get(), &message, MSG_NOSIGNAL);
  while (n == -1 && errno == EINTR);
  if (n == -1 && !would_block()) return broken(flow.to);
  const std::size_t passed = n > 0 ? static_cast<std::size_t>(n) : 0;
  flow.unsent.consume(passed);
  return passed;
}

void Relay::give_pipe_back(Flow& flow) {
  if (flow.pipe && flow.in_pipe == 0) pipes_.give_back(std::exchange(flow.pipe, {}));
}

void Relay::finish(End end) {
  close(end == End::Reset);
  callback_(owner_, end);
}

}  // namespace prox::net
