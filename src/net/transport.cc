#include "prox/net/transport.h"

#include <algorithm>
#include <cerrno>

#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

namespace prox::net {

namespace {

using base::Errc;
using base::Side;

// The side is filled in by the owner, who knows on which side of the proxy the peer is.
base::Unexpected failure(std::string_view context) {
  const bool reset =
      errno == ECONNRESET || errno == EPIPE || errno == ETIMEDOUT || errno == EHOSTUNREACH;
  return base::Unexpected{base::Error{reset ? Errc::PeerReset : Errc::SystemCall, Side::Internal,
                                      false, errno, context}};
}

base::Unexpected file_has_ended() {
  return base::fail(Errc::BadData, Side::Internal, "sending a file that has become shorter");
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

}  // namespace

Result<std::size_t> PlainTransport::read(char* into, std::size_t room) {
  for (;;) {
    const ssize_t n = ::recv(socket_.get(), into, room, 0);
    if (n > 0) return static_cast<std::size_t>(n);
    if (n == 0) return base::fail(Errc::PeerClosed, Side::Internal, "reading");
    if (errno == EINTR) continue;
    if (would_block()) return std::size_t{0};
    return failure("reading");
  }
}

Result<std::size_t> PlainTransport::write(const iovec* vectors, int count) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(vectors);
  message.msg_iovlen = static_cast<std::size_t>(count);
  for (;;) {
    const ssize_t n = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno == EINTR) continue;
    if (would_block()) return std::size_t{0};
    return failure("writing");
  }
}

Result<std::size_t> Transport::send_file(int file, std::uint64_t offset, std::size_t size) {
  static char piece[32 * 1024];  // of the one thread that sends
  ssize_t got = 0;
  do {
    got = ::pread(file, piece, std::min(size, sizeof piece), static_cast<off_t>(offset));
  } while (got == -1 && errno == EINTR);
  if (got == -1) return base::Unexpected{base::from_errno("reading a file")};
  if (got == 0) return file_has_ended();
  const iovec vector{piece, static_cast<std::size_t>(got)};
  return write(&vector, 1);
}

Result<std::size_t> PlainTransport::send_file(int file, std::uint64_t offset, std::size_t size) {
  for (;;) {
    auto at = static_cast<off_t>(offset);
    const ssize_t n = ::sendfile(socket_.get(), file, &at, size);
    if (n > 0) return static_cast<std::size_t>(n);
    if (n == 0) return file_has_ended();
    if (errno == EINTR) continue;
    if (would_block()) return std::size_t{0};
    // A file system without sendfile.
    if (errno == EINVAL || errno == ENOSYS) return Transport::send_file(file, offset, size);
    return failure("sending a file");
  }
}

Transport::Pending PlainTransport::peek() {
  // Not recv(2) with MSG_PEEK: that shows unread bytes first, and a reset only behind them.
  pollfd socket{socket_.get(), POLLIN | POLLRDHUP, 0};
  if (::poll(&socket, 1, 0) != 1) return Pending::Nothing;
  if ((socket.revents & (POLLERR | POLLHUP)) != 0) return Pending::Reset;
  return (socket.revents & POLLRDHUP) != 0 ? Pending::End : Pending::Data;
}

void PlainTransport::shut_down_writes() { ::shutdown(socket_.get(), SHUT_WR); }

}  // namespace prox::net
