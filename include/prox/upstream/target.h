#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "prox/base/clock.h"
#include "prox/config/upstream_address.h"
#include "prox/net/socket.h"
#include "prox/tls/client_context.h"

namespace prox::upstream {

// One upstream address as one service uses it: where to connect and what to keep. Part of the plan, immutable.
struct Target {
  config::UpstreamAddress address;
  std::optional<net::SocketAddress> literal;  // set if the host needs no resolving
  std::uint32_t pool = 0;     // index among the plan's targets, of its pool in each worker
  std::uint32_t service = 0;  // whose connections count together against max_idle
  base::Millis connect_timeout = 30'000;  // 0: none
  base::Millis response_header_timeout = 30'000;
  base::Millis tunnel_timeout = 30'000;  // the answer to CONNECT
  base::Millis tls_handshake_timeout = 10'000;
  const tls::ClientContext* tls = nullptr;     // of the plan; none: the target speaks without TLS
  bool h2 = false;                             // speaks HTTP/2
  base::Millis h2_read_idle_timeout = 30'000;  // silence after which a PING is sent; 0: none is
  base::Millis h2_ping_timeout = 15'000;       // the answer to it; 0: no limit
  std::uint32_t h2_stream_window = 64 * 1024;  // bytes of a response that wait to be taken
  std::uint32_t h2_conn_window = 1024 * 1024;  // of all responses on a connection
  int keep_alive_seconds = 30;                 // TCP keep-alive probes; 0: none
  std::size_t max_idle = 100;  // connections of the service that may stay idle, in this worker
  std::size_t max_idle_per_host = 10;  // to this target
};

}  // namespace prox::upstream
