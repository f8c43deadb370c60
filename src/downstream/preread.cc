#include "downstream/preread.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "prox/net/socket.h"

namespace prox::downstream {

namespace {

// Where all peeks of a worker are looked at, one after the other: a waiting connection needs no memory of its own.
struct PeekRoom {
  char bytes[tls::ClientHelloParser::kMaxBytes];
  tls::ClientHelloParser parser;
};

PeekRoom& peek_room() {
  static PeekRoom room;
  return room;
}

void set_low_water(int socket, int bytes) {
  ::setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
}

}  // namespace

bool Preread::start(net::Loop& loop, base::Fd socket) {
  socket_ = std::move(socket);
  return event_.add(loop, socket_.get(), EV_READ | EV_CLOSED | EV_ET | EV_PERSIST,
                    &Preread::on_event, this);
}

base::Fd Preread::release() {
  event_.remove();
  if (waits_for_more_) set_low_water(socket_.get(), 1);
  return std::move(socket_);
}

void Preread::on_event(int, short what, void* self) {
  static_cast<Preread*>(self)->look((what & EV_CLOSED) != 0);
}

void Preread::look(bool client_has_ended) {
  PeekRoom& room = peek_room();
  ssize_t n = -1;
  do n = ::recv(socket_.get(), room.bytes, sizeof room.bytes, MSG_PEEK);
  while (n == -1 && errno == EINTR);
  if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
  ++peeks_;
  const base::Slice come(room.bytes, n > 0 ? static_cast<std::size_t>(n) : 0);
  waiting_ = client_has_ended || come.size() == sizeof room.bytes ? 0 : come.size();
  if (come.empty()) return callback_(owner_, Outcome::Failed, {});
  if (come[0] != tls::ClientHelloParser::kHandshakeRecord)
    return callback_(owner_, Outcome::NotTls, {});
  const base::Result<std::size_t> missing = room.parser.parse(come);
  if (!missing || (*missing > 0 && client_has_ended)) return callback_(owner_, Outcome::Failed, {});
  if (*missing == 0) return callback_(owner_, Outcome::Hello, room.parser.hello());
  if (net::take_error(socket_.get()) != 0) return callback_(owner_, Outcome::Failed, {});
  wait_for(come.size() + *missing);
}

// The kernel caps it at half the largest receive buffer, and calls at once if that much has come meanwhile (tcp(7), SO_RCVLOWAT).
void Preread::wait_for(std::size_t bytes) {
  waits_for_more_ = true;
  set_low_water(socket_.get(), static_cast<int>(bytes));
}

}  // namespace prox::downstream
