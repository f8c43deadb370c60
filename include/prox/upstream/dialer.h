#pragma once

#include <memory>
#include <string>

#include "prox/base/block.h"
#include "prox/base/result.h"
#include "prox/net/connector.h"
#include "prox/net/loop.h"
#include "prox/net/resolver.h"
#include "prox/net/stream.h"
#include "prox/net/timer.h"
#include "prox/tls/transport.h"
#include "prox/upstream/target.h"

namespace prox::upstream {

// A connection to a target on which bytes can flow.
struct Dialed {
  std::unique_ptr<net::Transport> transport;
  std::string protocol;  // that ALPN agreed on (RFC 7301); empty: none
};

// Opens one connection to a target, whatever protocol is spoken on it then: connects, and where the target speaks TLS, shakes hands. Each
// step has its own time limit. Destroying it ends the attempt.
class Dialer {
 public:
  // The connection, or why there is none, its side Upstream. The dialer must not be destroyed in it.
  using Callback = void (*)(void* owner, base::Result<Dialed> outcome);

  Dialer(net::Loop& loop, base::BlockPool& blocks, Callback callback, void* owner);

  // The callback comes later, or before this returns when the failure is known at once. Resumes the TLS session in `session`, if there is
  // one, and whoever reads from the connection puts newer ones there: it outlives the connection.
  // `protocol`: what is to be spoken, by its ALPN name.
  void dial(net::Resolver& resolver, const Target& target, std::string protocol,
            tls::SessionPtr& session);

 private:
  static void on_connected(void* self, base::Result<base::Fd> outcome);
  static void on_event(void* self);
  static void on_deadline(void* self);
  void begin_handshake(base::Fd socket);
  void shake_hands();
  void fail(base::Error error);

  base::BlockPool& blocks_;
  Callback callback_;
  void* owner_;
  const Target* target_ = nullptr;
  std::string protocol_;
  tls::SessionPtr* session_ = nullptr;
  net::Connector connector_;
  net::Stream stream_;             // while hands are shaken
  tls::Transport* tls_ = nullptr;  // its transport
  net::Timer timer_;
};

}  // namespace prox::upstream
