#include "prox/ipc/channel.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "prox/base/assert.h"

namespace prox::ipc {

namespace {

// What goes before the text. Both ends are the same program on the same machine, so the layout is the compiler's.
struct Header {
  std::uint16_t type = 0;
  std::array<std::uint16_t, 3> zero{};
  std::uint64_t number = 0;
};
static_assert(sizeof(Header) == 16);

// One descriptor; the size a control buffer has for it leaves room for a second one, which a reader must not leak.
union Control {
  cmsghdr align;
  std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

bool is_known(std::uint16_t type) {
  return type <= static_cast<std::uint16_t>(MessageType::HandOver);
}

struct Received {
  base::Fd passed;
  bool too_many = false;
};

Received take_descriptors(msghdr& header) {
  Received result;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
      base::Fd owned(fd);
      if (result.passed) {
        result.too_many = true;
      } else {
        result.passed = std::move(owned);
      }
    }
  }
  return result;
}

std::optional<Message> decode(std::string_view datagram) {
  Header header;
  if (datagram.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, datagram.data(), sizeof header);
  if (!is_known(header.type)) return std::nullopt;
  datagram.remove_prefix(sizeof header);
  return Message{static_cast<MessageType>(header.type), header.number, std::string(datagram)};
}

ssize_t send_one(int socket, const Message& message, int passed) {
  Header header;
  header.type = static_cast<std::uint16_t>(message.type);
  header.number = message.number;
  std::array<iovec, 2> parts = {iovec{&header, sizeof header},
                                iovec{const_cast<char*>(message.text.data()), message.text.size()}};
  msghdr out{};
  out.msg_iov = parts.data();
  out.msg_iovlen = parts.size();
  Control control{};
  if (passed >= 0) {
    out.msg_control = control.bytes.data();
    out.msg_controllen = CMSG_SPACE(sizeof(int));
    cmsghdr* c = CMSG_FIRSTHDR(&out);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(c), &passed, sizeof passed);
  }
  ssize_t sent;
  do {
    sent = ::sendmsg(socket, &out, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent == -1 && errno == EINTR);
  return sent;
}

// ETOOMANYREFS: too many descriptors of this user are under way (unix(7)); there is room again when the other end has read some.
bool is_full(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ETOOMANYREFS;
}

}  // namespace

Result<std::pair<base::Fd, base::Fd>> Channel::make_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == -1) {
    return base::Unexpected{base::from_errno("making a channel")};
  }
  return std::pair(base::Fd(ends[0]), base::Fd(ends[1]));
}

Channel::Channel(net::Loop& loop, base::Fd socket, Owner& owner)
    : loop_(loop), owner_(owner), socket_(std::move(socket)) {
  PROX_ASSERT(
      read_event_.add(loop_, socket_.get(), EV_READ | EV_PERSIST, &Channel::on_event, this));
}

base::Fd Channel::release() {
  read_event_.remove();
  write_event_.remove();
  closed_ = true;
  return std::move(socket_);
}

void Channel::send(Message message, base::Fd passed) {
  if (closed_ || peer_gone_) return;
  if (message.text.size() > kMaxText) message.text.resize(kMaxText);
  queue_.emplace_back(std::move(message), std::move(passed));
  if (queue_.size() == 1) write_queue();
}

void Channel::on_event(int, short what, void* self) {
  auto* channel = static_cast<Channel*>(self);
  if ((what & EV_WRITE) != 0) {
    channel->write_queue();
  } else {
    channel->read_messages();
  }
}

void Channel::read_messages() {
  std::array<char, sizeof(Header) + kMaxText> buffer;
  while (!closed_) {
    iovec part{buffer.data(), buffer.size()};
    Control control{};
    msghdr in{};
    in.msg_iov = &part;
    in.msg_iovlen = 1;
    in.msg_control = control.bytes.data();
    in.msg_controllen = control.bytes.size();
    const ssize_t size = ::recvmsg(socket_.get(), &in, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (size == -1 && errno == EINTR) continue;
    if (size == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (size <= 0) return close();

    Received received = take_descriptors(in);
    const auto message = decode(std::string_view(buffer.data(), static_cast<std::size_t>(size)));
    if (!message || received.too_many || (in.msg_flags & MSG_TRUNC) != 0) return close();
    owner_.on_message(*this, *message, std::move(received.passed));
  }
}

void Channel::write_queue() {
  while (!queue_.empty()) {
    auto& [message, passed] = queue_.front();
    if (send_one(socket_.get(), message, passed.get()) == -1) {
      if (is_full(errno)) {
        if (!write_event_.is_added()) {
          PROX_ASSERT(write_event_.add(loop_, socket_.get(), EV_WRITE | EV_PERSIST,
                                       &Channel::on_event, this));
        }
        return;
      }
      // The other end is gone, but its last words may still be unread: the reading side reports the end.
      peer_gone_ = true;
      queue_.clear();
      break;
    }
    queue_.pop_front();
  }
  write_event_.remove();
}

void Channel::close() {
  closed_ = true;
  read_event_.remove();
  write_event_.remove();
  queue_.clear();
  socket_.reset();
  owner_.on_channel_closed(*this);
}

}  // namespace prox::ipc
