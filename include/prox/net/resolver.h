#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "prox/base/clock.h"
#include "prox/base/result.h"
#include "prox/net/loop.h"
#include "prox/net/socket.h"

namespace prox::net {

using base::Result;
using AddressList = std::vector<SocketAddress>;

// A wait for a name's addresses, embedded in whoever waits; going out of scope ends the wait.
class ResolveWait {
 public:
  using Callback = void (*)(void* owner, const Result<AddressList>& addresses);

  ResolveWait() = default;
  ResolveWait(const ResolveWait&) = delete;
  ResolveWait& operator=(const ResolveWait&) = delete;
  ~ResolveWait() { cancel(); }

  void cancel();
  bool is_waiting() const { return previous_ != nullptr; }

 private:
  friend class Resolver;
  Callback callback_ = nullptr;
  void* owner_ = nullptr;
  ResolveWait* next_ = nullptr;
  ResolveWait** previous_ = nullptr;
};

// Names to addresses on the loop, by c-ares: the system's resolver settings and hosts file, IPv4 and IPv6. Answers are kept for their TTL
// (1 s to 1 h; 5 s for a name from the hosts file, which has none); when servers fail, the last good answer serves on. A failure is kept
// for 1 s, so that a dead name is not asked for with every request.
class Resolver {
 public:
  // `servers`: whom to ask instead of the system's, as "ip:port,ip:port"; nullptr for the system's.
  explicit Resolver(Loop& loop, const char* servers = nullptr);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  // The addresses of `host` (a name or a literal, without brackets) with that port: at once if they are known, which calls nobody and
  // leaves `wait` idle; else nothing, and `wait` is called later. Errors: ResolveFailed, side Upstream.
  const Result<AddressList>* lookup(std::string_view host, std::uint16_t port, ResolveWait& wait,
                                    ResolveWait::Callback callback, void* owner);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace prox::net
