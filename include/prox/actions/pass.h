#pragma once

#include <string>

#include "prox/base/clock.h"
#include "prox/base/fd.h"
#include "prox/base/pooled.h"
#include "prox/exchange/exchange.h"
#include "prox/net/connector.h"
#include "prox/net/relay.h"
#include "prox/upstream/target.h"

namespace prox::actions {

// `pass`: carries one client connection to a target, unopened. Connects, then relays every byte, the untouched first one too; how it ends
// is told by its counters and an access line. Keeps copies of what that line says, and nothing of the plan.
class Pass final : public base::Pooled<Pass> {
 public:
  // Called once, when both connections are closed: from the loop, or from start() if there is no way to the target and it is known at once.
  using Callback = void (*)(void* owner);
  struct About {
    std::string service;
    std::string route;
    std::string server_name;
    std::string client;
    std::string action;
    exchange::AccessRule access;
  };

  Pass(exchange::Context& context, About about, Callback callback, void* owner);

  // As Relay::watch_client().
  bool watch_client(int client, std::size_t waiting) {
    return relay_.watch_client(client, waiting);
  }
  void start(const upstream::Target& target, base::Fd client);
  // Ends it from our side, without a call: both peers get RST.
  void close();

 private:
  static void on_connected(void* self, base::Result<base::Fd> outcome);
  static void on_relay_end(void* self, net::Relay::End end);
  void log_failure(const base::Error& error) const;
  void account(std::string_view error);

  exchange::Context& context_;
  About about_;
  std::string target_;
  int keep_alive_seconds_ = 0;
  const base::Micros started_;
  base::Micros connected_ = 0;  // 0: not yet
  Callback callback_;
  void* owner_;
  base::Fd client_;  // until the target is connected
  net::Connector connector_;
  net::Relay relay_;
  bool is_open_ = false;  // begun, and not accounted for yet
};

}  // namespace prox::actions
