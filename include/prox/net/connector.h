#pragma once

#include <array>
#include <cstddef>

#include "prox/base/fd.h"
#include "prox/base/result.h"
#include "prox/net/loop.h"
#include "prox/net/resolver.h"
#include "prox/net/socket.h"
#include "prox/net/timer.h"

namespace prox::net {

// Opens one TCP connection to a host: its name is resolved, then its addresses are raced, each begun 250 ms after the one
// before, or at once when that one failed (RFC 8305 §5). Embedded in its owner; destroying it ends the attempt.
class Connector {
 public:
  // What it watches of a socket that is being connected.
  static constexpr short kWatched = EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST;
  // The connected socket, or why the last attempt failed.
  using Callback = void (*)(void* owner, Result<base::Fd> outcome);
  // Called just before the callback with a socket of which no more than its connection was told, and which is still watched: for an owner
  // who goes on watching the same, of which the kernel then need not be told.
  using Connected = void (*)(void* owner, int socket);

  Connector(Loop& loop, Callback callback, void* owner, Connected connected = nullptr);

  // The callback comes later, or before this returns when the failure is known at once. `time_limit`: for all of it, names included;
  // 0 for none. When it ends: ConnectTimedOut.
  void connect(Resolver& resolver, std::string_view host, std::uint16_t port,
               base::Millis time_limit, int keep_alive_seconds);
  // The same for an address that is known.
  void connect(const SocketAddress& address, base::Millis time_limit, int keep_alive_seconds);
  void cancel();

 private:
  static constexpr std::size_t kMaxAttempts = 8;  // addresses tried of one answer
  struct Attempt {
    base::Fd socket;
    Event event;
  };

  static void on_resolved(void* self, const Result<AddressList>& addresses);
  static void on_event(int fd, short what, void* self);
  static void on_timer(void* self);
  void begin(base::Millis time_limit, int keep_alive_seconds);
  void next_attempt();
  void attempt_failed(Attempt& attempt, const base::Error& error);
  void set_timer();
  void finish(Result<base::Fd> outcome);

  Loop& loop_;
  Callback callback_;
  void* owner_;
  Connected connected_;
  ResolveWait wait_;
  Timer timer_;
  AddressList addresses_;
  std::array<Attempt, kMaxAttempts> attempts_;
  std::size_t begun_ = 0;
  std::size_t open_ = 0;
  base::Millis deadline_ = 0;    // of the whole, 0 for none
  base::Millis next_begin_ = 0;  // when the next address joins the race, 0 for never
  base::Error last_error_{base::Errc::ConnectFailed, base::Side::Upstream, true, 0,
                          "connecting to the target"};
  int keep_alive_seconds_ = 0;
};

}  // namespace prox::net
