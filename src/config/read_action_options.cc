#include "config/read_parts.h"

// The keys of actions, type by type.
namespace prox::config {
namespace {

void read(const Fields& action, Connecting& to) {
  action.read("upstream", to.upstream);
  action.read("timeout", to.timeout);
  action.read("retries", to.retries);
  action.read("retry_on", to.retry_on);
  action.read("retry_budget", to.retry_budget);
  action.read("send_proxy_protocol", to.send_proxy_protocol);
  if (const auto limits = action.object("limits")) read_target_limits(*limits, to.limits);
}

void read(const Fields& tls, UpstreamTls& to) {
  tls.read("ca", to.ca);
  tls.read("server_name", to.server_name);
  tls.read("insecure_skip_verify", to.insecure_skip_verify);
  tls.read("cert", to.cert);
  tls.read("key", to.key);
  tls.read("alpn", to.alpn);
}

void read(const Fields& action, ProxyAction& to) {
  read(action, to.connecting);
  action.read("preserve_host", to.preserve_host);
  action.read("headers", to.headers);
  Text proto;
  if (action.read("proto", proto)) to.h2 = proto.value == "h2";
  action.read("stream", to.stream);
  action.read("strip_prefix", to.strip_prefix);
  if (const auto tls = action.object("tls")) read(*tls, to.tls);
}

// A body that is written inline is for whoever collects resources.
void read(const Fields& action, StaticAction& to) {
  std::int64_t status = 0;
  if (action.read("status", status)) to.status = static_cast<int>(status);
  action.read("headers", to.headers);
  action.read("body_ref", to.body_ref);
}

void read(const Fields& action, ServeAction& to) {
  action.read("root", to.root);
  action.read("file", to.file);
  action.read("index", to.index);
  action.read("browse", to.browse);
  action.read("try", to.try_paths);
  action.read("precompressed", to.precompressed);
  action.read("mime", to.mime);
  action.read("cache_control", to.cache_control);
  action.read("error_page", to.error_page);
}

void read(const Fields& action, PassAction& to) { read(action, to.connecting); }

void read(const Fields& action, DropAction& to) { action.read("mode", to.mode); }

void read(const Fields& action, RedirectAction& to) {
  action.read("to", to.to);
  std::int64_t status = 0;
  if (action.read("status", status)) to.status = static_cast<int>(status);
}

}  // namespace

void read_action_options(const Fields& action, Action& to) {
  action.read("plugins", to.plugins);
  action.read("response_headers", to.response_headers);
  action.read("fallback", to.fallback);
  read_access_log(action, to.access_log);
  std::visit([&](auto& options) { read(action, options); }, to.options);
}

}  // namespace prox::config
