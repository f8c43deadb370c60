#pragma once

#include <cstdint>
#include <optional>

#include "prox/config/network.h"
#include "prox/config/text.h"

namespace prox::config {

// The PROXY header that accepted connections begin with.
struct ProxyProtocol {
  enum class Version : std::uint8_t { Off, V1, V2, Any };
  Version version = Version::Off;
  Networks from;          // who may send it; empty: everyone
  bool required = false;  // of those

  bool operator==(const ProxyProtocol&) const = default;
};

// A service's `config` block.
struct ServiceSettings {
  Duration read_timeout = std::chrono::seconds(10);
  Duration header_timeout = std::chrono::seconds(10);
  Duration write_timeout = std::chrono::seconds(30);
  Duration idle_timeout = std::chrono::seconds(120);
  Duration response_header_timeout = std::chrono::seconds(30);
  std::optional<Duration> dial_timeout;  // none: the action's timeout
  Duration keep_alive = std::chrono::seconds(30);
  Duration flush_interval = Duration::zero();  // below 0: each chunk at once
  Duration peek_timeout = std::chrono::seconds(5);
  Duration tls_handshake_timeout = std::chrono::seconds(10);
  Duration h2_read_idle_timeout = std::chrono::seconds(30);
  Duration h2_ping_timeout = std::chrono::seconds(15);
  std::int64_t max_idle_conns = 100;
  std::int64_t max_idle_conns_per_host = 10;
  std::int64_t max_header_bytes = 65536;
  std::int64_t max_uri_bytes = 16384;
  std::int64_t max_header_count = 200;
  std::int64_t max_body_bytes = 0;            // 0 = none
  std::int64_t max_requests_per_conn = 1000;  // 0 = unlimited
  std::int64_t max_connections = 0;           // 0 = unlimited
  std::int64_t max_connections_per_ip = 0;    // 0 = unlimited
  std::int64_t max_streams = 128;             // HTTP/2, per connection
  std::int64_t min_rate = 240;                // bytes a second; 0 = none
  std::int64_t h2_stream_window = 65536;      // bytes
  std::int64_t h2_conn_window = 1 << 20;      // bytes
  std::int64_t read_buffer_size = 32768;      // bytes
  std::int64_t write_buffer_size = 32768;     // bytes
  Networks trusted_proxies;
  ProxyProtocol proxy_protocol;

  bool operator==(const ServiceSettings&) const = default;
};

}  // namespace prox::config
