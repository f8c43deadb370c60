#include "master/slots.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

#include "prox/base/log.h"

namespace prox::master {

namespace {

namespace log = base::log;

// The kernel cuts it to net.core.somaxconn (listen(2)), 4096 since Linux 5.4.
constexpr int kBacklog = 65535;
// A draining worker empties a queue within one turn of its loop; after this long it is stuck or out of descriptors.
constexpr base::Millis kRetireLimit = 2000;
constexpr base::Millis kRetirePoll = 20;
constexpr mode_t kUnixMask = 0117;  // leaves 0660

bool set_option(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

base::Fd open_socket(const Address& address) {
  return base::Fd(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// ":8080" on a host without IPv6.
Address as_ipv4_wildcard(const Address& address) {
  Address ipv4 = address;
  ipv4.storage = {};
  auto* in = reinterpret_cast<sockaddr_in*>(&ipv4.storage);
  in->sin_family = AF_INET;
  in->sin_addr.s_addr = htonl(INADDR_ANY);
  in->sin_port = htons(address.port());
  ipv4.length = sizeof *in;
  return ipv4;
}

// Drops SYNs, so that no new client gets in: it tries again a second later, and by then is refused, or another socket has the address.
// Connections that are queued or half made go on, which neither close(2) nor shutdown(2) grants. A socket filter sees a segment from its
// TCP header on; connections inherit it, and have no use for a SYN either.
void refuse_newcomers(int fd) {
  constexpr std::uint32_t kFlags = 13;  // offset of the flags' byte (RFC 9293 §3.1)
  constexpr std::uint32_t kSyn = 0x02;
  constexpr std::uint32_t kAll = 0xffffffff;
  sock_filter drop_syn[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlags),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kSyn, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, kAll),
  };
  const sock_fprog program{std::size(drop_syn), drop_syn};
  ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

// For a listening socket tcpi_unacked is the length of its accept queue (tcp(7) leaves that out).
bool is_queue_empty(int fd) {
  tcp_info info{};
  socklen_t length = sizeof info;
  return ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_unacked == 0;
}

void add_failure(const Address& address, int error, config::Diagnostics& diagnostics) {
  diagnostics.error("listen-bind", address.place,
                    fmt::format("service \"{}\" cannot listen on {}: {}", address.service_name,
                                address.text(), std::strerror(error)));
}

bool contains(const std::vector<Address>& addresses, const std::string& key) {
  return std::any_of(addresses.begin(), addresses.end(),
                     [&](const Address& address) { return address.key == key; });
}

}  // namespace

Slots::Slots(net::Loop& loop) {
  retire_timer_.init(
      loop, [](void* self) { static_cast<Slots*>(self)->finish_retired(); }, this);
}

bool Slots::bind(const std::vector<Address>& addresses, std::size_t count,
                 config::Diagnostics& diagnostics) {
  bool all_bound = true;
  for (const Address& address : addresses) {
    Group* group = find(address.key);
    if (group != nullptr && group->retire_at != 0) {
      // It left the config a moment ago and is wanted again, but workers that drain may end its sockets at any time.
      shut_down(*group);
      std::erase_if(groups_, [group](const auto& each) { return each.get() == group; });
      group = nullptr;
    }
    if (group == nullptr) {
      group = groups_.emplace_back(std::make_unique<Group>()).get();
      group->address = address;
    }
    all_bound &= extend(*group, address.is_unix() ? 1 : count, diagnostics);
  }
  if (!all_bound) discard_unused();
  return all_bound;
}

bool Slots::extend(Group& group, std::size_t count, config::Diagnostics& diagnostics) {
  while (group.sockets.size() < count) {
    int error = 0;
    base::Fd fd = bind_socket(group, group.sockets.empty(), error);
    if (!fd) {
      add_failure(group.address, error, diagnostics);
      return false;
    }
    group.sockets.push_back({std::move(fd), false});
  }
  return true;
}

base::Fd Slots::bind_socket(Group& group, bool is_first, int& error) {
  if (group.address.is_unix()) return bind_unix(group, error);
  base::Fd fd = bind_inet(group, is_first, error);
  const bool has_no_ipv6 = !fd && is_first && (error == EAFNOSUPPORT || error == EADDRNOTAVAIL);
  if (!has_no_ipv6 || !group.address.dual_stack || group.address.storage.ss_family != AF_INET6)
    return fd;
  group.address = as_ipv4_wildcard(group.address);
  return bind_inet(group, is_first, error);
}

base::Fd Slots::bind_inet(Group& group, bool is_first, int& error) {
  Address& address = group.address;
  base::Fd fd = open_socket(address);
  const auto fail = [&error] {
    error = errno;
    return base::Fd();
  };
  if (!fd || !set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1)) return fail();
  const bool is_ipv6 = address.storage.ss_family == AF_INET6;
  if (is_ipv6 && !set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, address.dual_stack ? 0 : 1))
    return fail();
  // Slot 0 asks for the address alone, so that a second prox is refused, and shares it with the other slots afterwards.
  if (!is_first && !set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) return fail();
  if (::bind(fd.get(), address.get(), address.length) == -1) {
    // ":8080" became "127.0.0.1:8080": what is in the way is our own.
    if (errno != EADDRINUSE || !is_first || !is_our_port(address)) return fail();
    if (!set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) return fail();
    if (::bind(fd.get(), address.get(), address.length) == -1) return fail();
  }
  if (is_first && !set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1)) return fail();
  if (address.port() == 0) {
    socklen_t length = sizeof address.storage;
    if (::getsockname(fd.get(), address.get(), &length) == -1) return fail();
    log::info("the kernel picked a port",
              {{"service", address.service_name}, {"addr", address.text()}});
  }
  return fd;
}

base::Fd Slots::bind_unix(Group& group, int& error) {
  auto bound = UnixSocket::bind(group.address.unix_path(), kUnixMask);
  if (!bound) {
    error = bound.error();
    return {};
  }
  base::Fd fd = bound->take_fd();
  group.unix_name = std::move(*bound);
  return fd;
}

// Another address of ours, one of the two a wildcard, has the port.
bool Slots::is_our_port(const Address& address) const {
  return std::any_of(groups_.begin(), groups_.end(), [&](const auto& group) {
    return group->address.key != address.key && group->address.port() == address.port() &&
           !group->sockets.empty();
  });
}

bool Slots::listen(const std::vector<Address>& addresses, config::Diagnostics& diagnostics) {
  std::vector<Socket*> opened;
  for (const Address& address : addresses) {
    for (Socket& socket : find(address.key)->sockets) {
      if (socket.is_listening) continue;
      if (::listen(socket.fd.get(), kBacklog) == -1) {
        add_failure(address, errno, diagnostics);
        for (Socket* each : opened) close_again(*each);
        discard_unused();
        return false;
      }
      socket.is_listening = true;
      opened.push_back(&socket);
    }
  }
  return true;
}

// Nobody will ever accept on it.
void Slots::close_again(Socket& socket) {
  ::shutdown(socket.fd.get(), SHUT_RDWR);
  socket.is_listening = false;
}

void Slots::discard_unused() {
  for (const auto& group : groups_) {
    std::erase_if(group->sockets, [](const Socket& socket) { return !socket.is_listening; });
  }
  std::erase_if(groups_, [](const auto& group) { return group->sockets.empty(); });
}

void Slots::retire_all_but(const std::vector<Address>& addresses) {
  for (const auto& group : groups_) {
    if (group->retire_at != 0 || contains(addresses, group->address.key)) continue;
    group->retire_at = base::coarse_now() + kRetireLimit;
    if (group->address.is_unix()) {
      group->unix_name.remove_path();
    } else {
      for (const Socket& socket : group->sockets) refuse_newcomers(socket.fd.get());
    }
    retire_timer_.set_after(kRetirePoll);
  }
}

// Workers hold the sockets too: only shutdown(2) ends them for all.
void Slots::shut_down(Group& group) {
  log::info("stopped listening",
            {{"service", group.address.service_name}, {"addr", group.address.text()}});
  for (const Socket& socket : group.sockets) ::shutdown(socket.fd.get(), SHUT_RDWR);
}

void Slots::finish_retired() {
  std::erase_if(groups_, [this](const auto& group) {
    if (group->retire_at == 0) return false;
    const bool is_drained = !group->address.is_unix() &&
                            std::all_of(group->sockets.begin(), group->sockets.end(),
                                        [](const Socket& s) { return is_queue_empty(s.fd.get()); });
    if (!is_drained && base::coarse_now() < group->retire_at) return false;
    shut_down(*group);
    return true;
  });
  const auto is_retiring = [](const auto& group) { return group->retire_at != 0; };
  if (std::any_of(groups_.begin(), groups_.end(), is_retiring))
    retire_timer_.set_after(kRetirePoll);
}

std::vector<SlotSocket> Slots::sockets_of(const std::vector<Address>& addresses, std::size_t slot,
                                          std::size_t count) const {
  std::vector<SlotSocket> sockets;
  for (std::uint32_t listener = 0; listener < addresses.size(); ++listener) {
    for (const auto& group : groups_) {
      if (group->address.key != addresses[listener].key) continue;
      const bool is_shared = group->address.is_unix();
      for (std::uint32_t j = 0; j < group->sockets.size(); ++j) {
        if (is_shared || j % count == slot)
          sockets.push_back({listener, j, group->sockets[j].fd.get(), is_shared});
      }
    }
  }
  return sockets;
}

const Address* Slots::find_bound(const std::string& key) const {
  const auto found = std::find_if(groups_.begin(), groups_.end(),
                                  [&](const auto& group) { return group->address.key == key; });
  return found == groups_.end() ? nullptr : &(*found)->address;
}

Slots::Group* Slots::find(const std::string& key) {
  const auto found = std::find_if(groups_.begin(), groups_.end(),
                                  [&](const auto& group) { return group->address.key == key; });
  return found == groups_.end() ? nullptr : found->get();
}

}  // namespace prox::master
