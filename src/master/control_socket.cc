#include "master/control_socket.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include <nlohmann/json.hpp>

#include "prox/base/assert.h"
#include "prox/base/fd.h"
#include "prox/base/json.h"
#include "prox/base/log.h"

namespace prox::master {

namespace {

constexpr mode_t kMask = 0177;  // leaves 0600
constexpr int kBacklog = 16;
constexpr std::size_t kMaxRequest = 4096;
constexpr std::size_t kMaxClients = 64;  // scripts in a loop must not eat the master's descriptors

bool is_exhausted(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

// One connection. Ends when the other side does, or when it sends what is no request.
class ControlSocket::Client final : public net::Deletable {
 public:
  Client(ControlSocket& socket, Asker asker, base::Fd fd)
      : socket_(socket), asker_(asker), fd_(std::move(fd)) {
    const auto on_readable = [](int, short, void* self) { static_cast<Client*>(self)->read(); };
    PROX_ASSERT(read_event_.add(socket_.loop_, fd_.get(), EV_READ | EV_PERSIST, on_readable, this));
  }

  Asker asker() const { return asker_; }

  void send(std::string_view line) {
    out_.append(line);
    out_.push_back('\n');
    write();
  }

  void close() {
    read_event_.remove();
    write_event_.remove();
    fd_.reset();
  }

 private:
  void read() {
    std::array<char, kMaxRequest> buffer;
    const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (size == -1 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) return socket_.forget(asker_);
    in_.append(buffer.data(), static_cast<std::size_t>(size));
    for (std::size_t end; (end = in_.find('\n')) != std::string::npos;) {
      const std::string line = in_.substr(0, end);
      in_.erase(0, end + 1);
      socket_.handle_line(*this, line);
    }
    if (in_.size() > kMaxRequest) socket_.forget(asker_);
  }

  void write() {
    while (!out_.empty()) {
      const ssize_t size = ::send(fd_.get(), out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (size == -1 && errno == EINTR) continue;
      if (size == -1) {
        if (errno == EAGAIN) return await_writable();
        out_.clear();  // the reading side sees the end
        break;
      }
      out_.erase(0, static_cast<std::size_t>(size));
    }
    write_event_.remove();
  }

  void await_writable() {
    if (write_event_.is_added()) return;
    const auto on_writable = [](int, short, void* self) { static_cast<Client*>(self)->write(); };
    PROX_ASSERT(
        write_event_.add(socket_.loop_, fd_.get(), EV_WRITE | EV_PERSIST, on_writable, this));
  }

  ControlSocket& socket_;
  Asker asker_;
  base::Fd fd_;
  std::string in_;
  std::string out_;
  net::Event read_event_;
  net::Event write_event_;
};

tl::expected<std::unique_ptr<ControlSocket>, int> ControlSocket::open(net::Loop& loop,
                                                                      const std::string& path,
                                                                      Owner& owner) {
  auto socket = UnixSocket::bind(path, kMask);
  if (!socket) return tl::unexpected<int>{socket.error()};
  if (::listen(socket->fd(), kBacklog) == -1) return tl::unexpected<int>{errno};
  return std::unique_ptr<ControlSocket>(new ControlSocket(loop, std::move(*socket), owner));
}

ControlSocket::ControlSocket(net::Loop& loop, UnixSocket socket, Owner& owner)
    : loop_(loop), socket_(std::move(socket)), owner_(owner) {
  rest_timer_.init(
      loop_, [](void* self) { PROX_ASSERT(static_cast<ControlSocket*>(self)->listen()); }, this);
  PROX_ASSERT(listen());
}

ControlSocket::~ControlSocket() = default;

bool ControlSocket::listen() {
  const auto on_readable = [](int, short, void* self) {
    static_cast<ControlSocket*>(self)->accept();
  };
  return accept_event_.add(loop_, socket_.fd(), EV_READ | EV_PERSIST, on_readable, this);
}

void ControlSocket::accept() {
  base::Fd fd(::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd && is_exhausted(errno)) {  // the client stays in the queue, and the socket readable
    base::log::warn("no descriptor for a client of the control socket");
    accept_event_.remove();
    return rest_timer_.set_after(kRest);
  }
  if (!fd || clients_.size() >= kMaxClients) return;
  const Asker asker = next_asker_++;
  clients_.emplace(asker, std::make_unique<Client>(*this, asker, std::move(fd)));
}

void ControlSocket::handle_line(Client& client, std::string_view line) {
  const auto request = base::Json::parse(line, nullptr, false);
  if (!request.is_object() || !request.contains("command") || !request["command"].is_string()) {
    client.send(R"({"ok":false,"error":"a request is one JSON object with a command"})");
    return;
  }
  owner_.on_command(client.asker(), request["command"].get_ref<const std::string&>());
}

void ControlSocket::answer(Asker asker, std::string line) {
  const auto found = clients_.find(asker);
  if (found != clients_.end()) found->second->send(line);
}

void ControlSocket::forget(Asker asker) {
  const auto found = clients_.find(asker);
  if (found == clients_.end()) return;
  found->second->close();
  loop_.defer_delete(std::move(found->second));
  clients_.erase(found);
}

}  // namespace prox::master
