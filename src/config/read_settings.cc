#include <fmt/format.h>

#include "config/read_parts.h"

// A service's `config` block and its TLS keys.
namespace prox::config {
namespace {

void read_proxy_protocol(const Fields& settings, ProxyProtocol& to) {
  settings.read("proxy_protocol", to.version);
  const std::optional<Fields> object = settings.object("proxy_protocol");
  if (!object) return;
  to.version = ProxyProtocol::Version::Any;
  object->read("version", to.version);
  object->read("from", to.from);
  object->read("required", to.required);
}

// Values that have a meaning, but not in this version.
void check_built(const Fields& settings, ServiceSettings& to) {
  const Context& context = settings.context();
  if (to.flush_interval > Duration::zero()) {
    context.not_built(settings.find("flush_interval")->place, "a flush_interval above 0");
    to.flush_interval = Duration::zero();
  }
  bool disable_compression = true;
  settings.read("disable_compression", disable_compression);
  if (disable_compression) return;
  context.diagnostics.error(
      "disable-compression", settings.find("disable_compression")->place,
      "disable_compression cannot be false: prox never changes the coding of what an upstream "
      "sends",
      "leave the key out; clients and upstreams settle compression between themselves");
}

}  // namespace

void read_settings(const Fields& settings, ServiceSettings& to) {
  settings.read("read_timeout", to.read_timeout);
  settings.read("header_timeout", to.header_timeout);
  settings.read("write_timeout", to.write_timeout);
  settings.read("idle_timeout", to.idle_timeout);
  settings.read("response_header_timeout", to.response_header_timeout);
  settings.read("dial_timeout", to.dial_timeout);
  settings.read("keep_alive", to.keep_alive);
  settings.read("flush_interval", to.flush_interval);
  settings.read("peek_timeout", to.peek_timeout);
  settings.read("tls_handshake_timeout", to.tls_handshake_timeout);
  settings.read("h2_read_idle_timeout", to.h2_read_idle_timeout);
  settings.read("h2_ping_timeout", to.h2_ping_timeout);
  settings.read("max_idle_conns", to.max_idle_conns);
  settings.read("max_idle_conns_per_host", to.max_idle_conns_per_host);
  settings.read("max_header_bytes", to.max_header_bytes);
  settings.read("max_uri_bytes", to.max_uri_bytes);
  settings.read("max_header_count", to.max_header_count);
  settings.read("max_body_bytes", to.max_body_bytes);
  settings.read("max_requests_per_conn", to.max_requests_per_conn);
  settings.read("max_connections", to.max_connections);
  settings.read("max_connections_per_ip", to.max_connections_per_ip);
  settings.read("max_streams", to.max_streams);
  settings.read("min_rate", to.min_rate);
  settings.read("h2_stream_window", to.h2_stream_window);
  settings.read("h2_conn_window", to.h2_conn_window);
  settings.read("read_buffer_size", to.read_buffer_size);
  settings.read("write_buffer_size", to.write_buffer_size);
  settings.read("trusted_proxies", to.trusted_proxies);
  read_proxy_protocol(settings, to.proxy_protocol);
  check_built(settings, to);
}

void read_tls(const Fields& service, TlsSettings& to) {
  service.read("tls", to.on);
  service.read("tls_cert", to.cert);
  service.read("tls_key", to.key);
  service.read("tls_min_version", to.min_version);
  service.read("tls_ciphers", to.ciphers);
  service.read("tls_curves", to.curves);
  service.read("client_ca", to.client_ca);
  service.read("client_auth", to.client_auth);
  service.read("ocsp_file", to.ocsp_file);
  service.read("http_redirect", to.http_redirect);
}

}  // namespace prox::config
