#include "worker/acceptor.h"

#include <cerrno>
#include <climits>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "prox/base/log.h"

namespace prox::worker {

namespace {

constexpr int kAcceptsPerTurn = 32;  // then the open connections have their turn

// What is wrong with the one connection that was to be accepted, not with us (accept(2), "Error handling").
bool is_connection_fault(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH: return true;
    default: return false;
  }
}

}  // namespace

Acceptor::Acceptor(net::Loop& loop, int socket, std::uint32_t listener, Owner& owner)
    : loop_(loop), socket_(socket), listener_(listener), owner_(owner) {}

bool Acceptor::start() {
  // Accepted sockets inherit it: one call here instead of one each.
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return event_.add(loop_, socket_, EV_READ | EV_PERSIST, &Acceptor::on_event, this);
}

void Acceptor::on_event(int, short, void* self) {
  static_cast<Acceptor*>(self)->accept_all(kAcceptsPerTurn);
}

void Acceptor::accept_all(int limit) {
  for (int i = 0; i < limit; ++i) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    base::Fd socket(::accept4(socket_, reinterpret_cast<sockaddr*>(&address), &length,
                              SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      owner_.on_accepted(*this, std::move(socket),
                         net::SocketAddress(reinterpret_cast<const sockaddr*>(&address), length));
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    if (is_connection_fault(errno)) continue;
    if (errno == EINVAL) {  // shut down: it listens no more
      pause();
      return owner_.on_accept_ended(*this);
    }
    return owner_.on_accept_exhausted(errno);
  }
}

void Acceptor::drain_and_close() {
  pause();
  accept_all(INT_MAX);
  ::shutdown(socket_, SHUT_RD);
}

}  // namespace prox::worker
