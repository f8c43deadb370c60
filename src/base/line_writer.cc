#include "prox/base/line_writer.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace prox::base {

namespace {

constexpr std::size_t kFirstRoom = 4096;  // most files of a worker see few lines at a time

// As many whole lines as fit into `limit`; at least one.
std::string_view whole_lines(std::string_view lines, std::size_t limit) {
  if (lines.size() <= limit) return lines;
  const std::size_t last = lines.rfind('\n', limit - 1);
  return lines.substr(0, (last != lines.npos ? last : lines.find('\n')) + 1);
}

}  // namespace

char* LineWriter::reserve(std::size_t bytes) {
  if (size_ > 0 && size_ + bytes > kBatch) flush();
  if (size_ + bytes > capacity_) {
    const std::size_t doubled = std::min(std::max(2 * capacity_, kFirstRoom), kBatch);
    capacity_ = std::max(size_ + bytes, doubled);
    auto larger = std::make_unique_for_overwrite<char[]>(capacity_);
    std::copy_n(buffer_.get(), size_, larger.get());
    buffer_ = std::move(larger);
  }
  return buffer_.get() + size_;
}

void LineWriter::add(std::string_view line) {
  char* const to = reserve(line.size());
  commit(std::copy(line.begin(), line.end(), to));
}

void LineWriter::flush() {
  std::string_view rest(buffer_.get(), size_);
  size_ = 0;
  const Kind to = rest.empty() ? Kind::File : kind();
  while (!rest.empty()) {
    // A pipe takes that much at once, and whole, if it takes anything (pipe(7)).
    const std::string_view piece = to == Kind::Other ? whole_lines(rest, PIPE_BUF) : rest;
    if ((to == Kind::Other && !takes(piece)) || !write(piece, to)) {
      lose(rest.substr(piece.size()));
      break;
    }
    rest.remove_prefix(piece.size());
  }
  // What one huge line needed is not kept.
  if (capacity_ > kBatch) {
    buffer_.reset();
    capacity_ = 0;
  }
}

void LineWriter::move_to(int fd) {
  flush();
  fd_ = fd;
  is_torn_ = false;
}

// Asked each time: what stands behind stderr may change.
LineWriter::Kind LineWriter::kind() const {
  struct stat status {};
  if (::fstat(fd_, &status) == -1) return Kind::Other;
  return S_ISREG(status.st_mode)    ? Kind::File
         : S_ISSOCK(status.st_mode) ? Kind::Socket
                                    : Kind::Other;
}

// Whether a write would not wait.
bool LineWriter::takes(std::string_view piece) {
  pollfd out{fd_, POLLOUT, 0};
  const bool has_room = ::poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) != 0;
  const bool may_wait = piece.size() > PIPE_BUF && (::fcntl(fd_, F_GETFL) & O_NONBLOCK) == 0;
  if (has_room && !may_wait) return true;
  errno_ = may_wait ? EMSGSIZE : EAGAIN;
  lose(piece);
  return false;
}

// False if not all of it left; its lines are counted then.
bool LineWriter::write(std::string_view piece, Kind kind) {
  std::array<iovec, 2> parts = {iovec{const_cast<char*>("\n"), 1},
                                iovec{const_cast<char*>(piece.data()), piece.size()}};
  msghdr message{};
  message.msg_iov = is_torn_ ? parts.data() : parts.data() + 1;
  message.msg_iovlen = is_torn_ ? 2 : 1;
  ssize_t n = -1;
  do {
    n = kind == Kind::Socket ? ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL)
                             : ::writev(fd_, message.msg_iov, static_cast<int>(message.msg_iovlen));
  } while (n == -1 && errno == EINTR);
  if (n > 0 && is_torn_) {
    is_torn_ = false;
    --n;
  }
  const std::size_t left = n > 0 ? static_cast<std::size_t>(n) : 0;
  if (left == piece.size()) return true;
  errno_ = n == -1 ? errno : ENOSPC;
  // What came out of the line that was cut is ended with the next ones.
  const std::size_t whole = left == 0 ? 0 : piece.rfind('\n', left - 1) + 1;
  is_torn_ = is_torn_ || whole < left;
  lose(piece.substr(whole));
  return false;
}

void LineWriter::lose(std::string_view lines) {
  lost_ += static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
}

}  // namespace prox::base
