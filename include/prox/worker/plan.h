#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "prox/base/clock.h"
#include "prox/exchange/service.h"
#include "prox/tls/client_context.h"
#include "prox/tls/server_context.h"
#include "prox/upstream/target.h"

namespace prox::worker {

// A service's listening address. The key is the address in one canonical spelling: the master finds a socket that is already open by it,
// and a connection that is handed over finds its service in the next plan.
struct Listener {
  std::string key;            // "127.0.0.1:8080", "[::]:443 dual"
  std::uint32_t service = 0;  // index into Plan::services
  std::uint16_t port = 0;     // 0 for a Unix socket, or if the kernel picks it
  bool redirects = false;     // the service's http_redirect: whoever comes here is sent to https
};

// One accepted config, compiled: what workers need and nothing else. Built by the master before fork, immutable afterwards.
struct Plan {
  std::vector<Listener> listeners;
  std::vector<std::unique_ptr<upstream::Target>> targets;  // by their `pool`
  std::vector<std::unique_ptr<exchange::Service>> services;
  std::vector<std::unique_ptr<const tls::ServerContext>> tls;           // by service; null: plain
  std::vector<std::unique_ptr<const tls::ClientContext>> upstream_tls;  // of the targets
  exchange::LogPlan logs;
  // Connections whose ClientHello a worker awaits; 0: a quarter of its descriptors.
  std::size_t max_peeking = 0;
  std::size_t max_hung = 1024;             // requests that drop routes leave hanging, in a worker
  std::size_t max_compressing = 256;       // bodies encoded at a time, in a worker
  base::Millis shutdown_timeout = 15'000;  // for a worker whose master is gone; 0: none
};

}  // namespace prox::worker
