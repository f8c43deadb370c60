#include "prox/net/resolver.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include <ares.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include "prox/base/assert.h"
#include "prox/base/log.h"
#include "prox/net/timer.h"

namespace prox::net {

namespace {

using base::Millis;

constexpr Millis kMinTtl = 1'000;
constexpr Millis kMaxTtl = 3'600'000;
constexpr Millis kHostsFileTtl =
    5'000;  // the hosts file has no TTL; a change is seen within seconds
constexpr Millis kFailureTtl = 1'000;
constexpr Millis kServeStale =
    60'000;  // how long an expired answer still serves while a new one is fetched

Result<AddressList> not_resolved() {
  return base::Unexpected{base::Error{base::Errc::ResolveFailed, base::Side::Upstream, true, 0,
                                      "resolving the target's name"}};
}

}  // namespace

void ResolveWait::cancel() {
  if (previous_ == nullptr) return;
  *previous_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  previous_ = nullptr;
  next_ = nullptr;
}

struct Resolver::Impl {
  struct Entry {
    std::string host;
    std::uint16_t port = 0;
    Result<AddressList> answer = not_resolved();
    bool has_answer = false;
    bool is_asking = false;
    Millis expires = 0;
    ResolveWait* waiters = nullptr;
    Impl* resolver = nullptr;
  };

  // A c-ares socket's event on our loop.
  struct Watch {
    Event event;
    Impl* resolver = nullptr;
  };

  Impl(Loop& l, const char* servers) : loop(l) {
    PROX_ASSERT(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS);
    ares_options options{};
    options.sock_state_cb = &Impl::on_socket_state;
    options.sock_state_cb_data = this;
    PROX_ASSERT(ares_init_options(&channel, &options, ARES_OPT_SOCK_STATE_CB) == ARES_SUCCESS);
    if (servers != nullptr)
      PROX_ASSERT(ares_set_servers_ports_csv(channel, servers) == ARES_SUCCESS);
    timer.init(
        loop,
        [](void* self) { static_cast<Impl*>(self)->process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); },
        this);
  }

  ~Impl() {
    // Ends every query; their callbacks find no waiters.
    for (auto& [key, entry] : entries) {
      while (entry.waiters != nullptr) entry.waiters->cancel();
    }
    ares_destroy(channel);
    watches.clear();
    ares_library_cleanup();
  }

  static void on_socket_state(void* self, ares_socket_t fd, int readable, int writable) {
    auto* resolver = static_cast<Impl*>(self);
    if (readable == 0 && writable == 0) {
      resolver->watches.erase(fd);
      return;
    }
    Watch& watch = resolver->watches[fd];
    watch.resolver = resolver;
    const int what = EV_PERSIST | (readable != 0 ? EV_READ : 0) | (writable != 0 ? EV_WRITE : 0);
    watch.event.add(resolver->loop, fd, static_cast<short>(what), &Impl::on_socket_event, resolver);
  }

  static void on_socket_event(int fd, short what, void* self) {
    static_cast<Impl*>(self)->process((what & EV_READ) != 0 ? fd : ARES_SOCKET_BAD,
                                      (what & EV_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
  }

  void process(ares_socket_t readable, ares_socket_t writable) {
    ares_process_fd(channel, readable, writable);
    set_timer();
  }

  void set_timer() {
    timeval storage{};
    const timeval* wait = ares_timeout(channel, nullptr, &storage);
    if (wait == nullptr) {
      timer.cancel();
    } else {
      timer.set_after(Millis{wait->tv_sec} * 1000 + wait->tv_usec / 1000 + 1);
    }
  }

  void ask(Entry& entry) {
    if (entry.is_asking) return;
    entry.is_asking = true;
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel, entry.host.c_str(), nullptr, &hints, &Impl::on_answer, &entry);
    set_timer();
  }

  static void on_answer(void* arg, int status, int, ares_addrinfo* result) {
    auto* entry = static_cast<Entry*>(arg);
    entry->is_asking = false;
    if (status == ARES_EDESTRUCTION) return;
    entry->resolver->store(*entry, status, result);
    if (result != nullptr) ares_freeaddrinfo(result);
    while (entry->waiters != nullptr) {
      ResolveWait* wait = entry->waiters;
      wait->cancel();
      wait->callback_(wait->owner_, entry->answer);
    }
  }

  void store(Entry& entry, int status, const ares_addrinfo* result) {
    const Millis now = base::coarse_now();
    AddressList found;
    Millis ttl = kMaxTtl;
    for (const ares_addrinfo_node* node = result != nullptr ? result->nodes : nullptr;
         node != nullptr; node = node->ai_next) {
      add_address(found, *node, entry.port);
      ttl = std::min(ttl, node->ai_ttl > 0 ? Millis{node->ai_ttl} * 1000 : kHostsFileTtl);
    }
    if (!found.empty()) {
      entry.answer = std::move(found);
      entry.expires = now + std::max(ttl, kMinTtl);
    } else {
      base::log::warn("name not resolved",
                      {{"host", entry.host}, {"reason", ares_strerror(status)}});
      if (!entry.answer) entry.answer = not_resolved();  // else the last good answer serves on
      entry.expires = now + kFailureTtl;
    }
    entry.has_answer = true;
  }

  static void add_address(AddressList& found, const ares_addrinfo_node& node, std::uint16_t port) {
    if (node.ai_family != AF_INET && node.ai_family != AF_INET6) return;
    sockaddr_storage copy{};
    std::copy_n(reinterpret_cast<const char*>(node.ai_addr), node.ai_addrlen,
                reinterpret_cast<char*>(&copy));
    if (node.ai_family == AF_INET) {
      reinterpret_cast<sockaddr_in*>(&copy)->sin_port = htons(port);
    } else {
      reinterpret_cast<sockaddr_in6*>(&copy)->sin6_port = htons(port);
    }
    found.emplace_back(reinterpret_cast<const sockaddr*>(&copy), node.ai_addrlen);
  }

  Entry& entry_for(std::string_view host, std::uint16_t port) {
    std::string key = fmt::format("{}:{}", host, port);
    auto [it, is_new] = entries.try_emplace(std::move(key));
    Entry& entry = it->second;
    if (is_new) {
      entry.host = host;
      entry.port = port;
      entry.resolver = this;
      if (auto literal = SocketAddress::from_literal(host, port)) {
        entry.answer = AddressList{*literal};
        entry.has_answer = true;
        entry.expires = INT64_MAX;
      }
    }
    return entry;
  }

  Loop& loop;
  ares_channel channel = nullptr;
  Timer timer;
  std::map<ares_socket_t, Watch> watches;
  // Names come from the config, so their number is bounded; nodes never move, c-ares holds their address.
  std::unordered_map<std::string, Entry> entries;
};

Resolver::Resolver(Loop& loop, const char* servers)
    : impl_(std::make_unique<Impl>(loop, servers)) {}
Resolver::~Resolver() = default;

const Result<AddressList>* Resolver::lookup(std::string_view host, std::uint16_t port,
                                            ResolveWait& wait, ResolveWait::Callback callback,
                                            void* owner) {
  Impl::Entry& entry = impl_->entry_for(host, port);
  const Millis now = base::coarse_now();
  if (entry.has_answer && now < entry.expires) return &entry.answer;
  const bool may_serve_stale =
      entry.has_answer && entry.answer && now < entry.expires + kServeStale;
  impl_->ask(entry);  // may answer at once, from the hosts file
  if (entry.has_answer && now < entry.expires) return &entry.answer;
  if (may_serve_stale) return &entry.answer;
  wait.callback_ = callback;
  wait.owner_ = owner;
  wait.next_ = entry.waiters;
  wait.previous_ = &entry.waiters;
  if (wait.next_ != nullptr) wait.next_->previous_ = &wait.next_;
  entry.waiters = &wait;
  return nullptr;
}

}  // namespace prox::net
