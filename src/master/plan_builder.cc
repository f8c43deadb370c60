#include "prox/master/plan_builder.h"

#include <chrono>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "master/plan_answers.h"
#include "master/plan_compression.h"
#include "master/plan_logs.h"
#include "master/plan_redirects.h"
#include "prox/actions/drop.h"
#include "prox/actions/proxy.h"
#include "prox/base/assert.h"
#include "prox/config/placeholders.h"
#include "prox/config/upstream_address.h"
#include "prox/routing/compile.h"

namespace prox::master {

namespace {

using config::Action;
using config::Config;
using config::Service;

// Longest times to connect, without any key for them.
constexpr config::Duration kDialLimit = std::chrono::seconds(30);
constexpr config::Duration kPassDialLimit = std::chrono::seconds(10);

class PlanBuilder {
 public:
  PlanBuilder(const Config& config, const std::vector<worker::Listener>& listeners,
              const TlsContexts& tls)
      : config_(config), tls_(tls), logs_(config), plan_(std::make_unique<worker::Plan>()) {
    plan_->listeners = listeners;
    plan_->logs = logs_.plan();
    plan_->max_peeking = static_cast<std::size_t>(config.process.max_peeking.value_or(0));
    plan_->max_hung = static_cast<std::size_t>(config.process.max_hung);
    plan_->max_compressing = static_cast<std::size_t>(config.process.max_compressing);
    plan_->shutdown_timeout = base::to_millis(config.process.shutdown_timeout);
  }

  std::unique_ptr<worker::Plan> build() {
    for (const Service& service : config_.services) add_service(service);
    return std::move(plan_);
  }

 private:
  void add_service(const Service& service) {
    auto built = std::make_unique<exchange::Service>();
    built->name = service.name.value;
    built->limits = limits_of(service.settings);
    built->h2 = service.h2;
    built->response_edits = response_edits(service, nullptr, nullptr);
    built->compression = compression_of({&service.compress});
    built->access = logs_.rule_of(nullptr, nullptr);
    std::vector<routing::RouteMatch> matches;
    for (const config::Route& route : service.routes) {
      matches.push_back(routing::compile(route.match));
      const Action* action = config_.find_action(route.action.value);
      PROX_ASSERT(action != nullptr);  // validation has seen to it
      exchange::Route made;
      made.id = fmt::format("{}:{}", service.name.value, built->routes.size());
      if (const auto* pass = action->as<config::PassAction>()) {
        made.pass_to = &pass_target(service, route, pass->connecting);
      } else {
        made.action = action_of(service, route, *action);
      }
      made.response_edits = response_edits(service, action, &route);
      made.compression = compression_of({&service.compress, &route.compress});
      made.action_name = action->name.value;
      made.access = logs_.rule_of(action, &route);
      built->routes.push_back(std::move(made));
    }
    built->router = routing::Router(std::move(matches));
    built->l4 = routing::compile_l4(config_, service);
    plan_->services.push_back(std::move(built));
  }

  static exchange::ServiceLimits limits_of(const config::ServiceSettings& settings) {
    exchange::ServiceLimits limits;
    limits.read_timeout = base::to_millis(settings.read_timeout);
    limits.header_timeout = base::to_millis(settings.header_timeout);
    limits.write_timeout = base::to_millis(settings.write_timeout);
    limits.idle_timeout = base::to_millis(settings.idle_timeout);
    limits.tls_handshake_timeout = base::to_millis(settings.tls_handshake_timeout);
    limits.peek_timeout = base::to_millis(settings.peek_timeout);
    limits.head.max_head_bytes = static_cast<std::size_t>(settings.max_header_bytes);
    limits.head.max_uri_bytes = static_cast<std::size_t>(settings.max_uri_bytes);
    limits.head.max_fields = static_cast<std::size_t>(settings.max_header_count);
    limits.max_body_bytes = static_cast<std::uint64_t>(settings.max_body_bytes);
    limits.min_rate = static_cast<std::uint64_t>(settings.min_rate);
    limits.keep_alive_seconds = seconds_of(settings.keep_alive);
    limits.max_requests_per_conn = static_cast<std::uint32_t>(settings.max_requests_per_conn);
    limits.max_streams = static_cast<std::uint32_t>(settings.max_streams);
    limits.h2_stream_window = static_cast<std::uint32_t>(settings.h2_stream_window);
    limits.h2_conn_window = static_cast<std::uint32_t>(settings.h2_conn_window);
    return limits;
  }

  static int seconds_of(config::Duration time) {
    return static_cast<int>(std::chrono::ceil<std::chrono::seconds>(time).count());
  }

  std::unique_ptr<const exchange::Action> action_of(const Service& service,
                                                    const config::Route& route,
                                                    const Action& action) {
    if (const auto* fixed = action.as<config::StaticAction>())
      return make_static(config_, route, *fixed);
    if (const auto* serve = action.as<config::ServeAction>()) return make_serve(route, *serve);
    if (const auto* redirect = action.as<config::RedirectAction>())
      return make_redirect(route, *redirect);
    if (const auto* drop = action.as<config::DropAction>()) return drop_action(*drop);
    const auto* proxy = action.as<config::ProxyAction>();
    PROX_ASSERT(proxy != nullptr);  // the loader refuses what is not built in
    const auto index = static_cast<std::size_t>(&action - config_.actions.data());
    return proxy_action(service, route, *proxy, tls_.actions[index].get());
  }

  static std::unique_ptr<const exchange::Action> drop_action(const config::DropAction& action) {
    return std::make_unique<actions::DropAction>(action.mode == config::DropMode::Hang
                                                     ? exchange::DropMode::Hang
                                                     : exchange::DropMode::Close);
  }

  // The placeholders of an upstream are the route's own `set` names, so each route's address is known here.
  std::unique_ptr<const exchange::Action> proxy_action(const Service& service,
                                                       const config::Route& route,
                                                       const config::ProxyAction& action,
                                                       const tls::ClientContext* tls) {
    actions::ProxyOptions options;
    options.preserve_host = action.preserve_host;
    options.stream = action.stream;
    for (const auto& [name, value] : action.headers)
      options.headers.push_back(edit_of(name.value, value.value, route.set));
    const config::Connecting& connecting = action.connecting;
    const upstream::Target& target =
        target_for(service, connecting, config::fill_in(connecting.upstream.value, route.set),
                   service.settings.dial_timeout.value_or(connecting.timeout.value_or(kDialLimit)),
                   tls, action.h2);
    return std::make_unique<actions::ProxyAction>(target, std::move(options));
  }

  static actions::HeaderEdit edit_of(const std::string& name, const std::string& value,
                                     const config::StringMap& set) {
    actions::HeaderEdit edit{name, value, value.empty()};
    if (routing::Template text(value, set); !text.is_constant()) edit.variables = std::move(text);
    return edit;
  }

  const upstream::Target& pass_target(const Service& service, const config::Route& route,
                                      const config::Connecting& connecting) {
    return target_for(service, connecting, config::fill_in(connecting.upstream.value, route.set),
                      connecting.timeout.value_or(kPassDialLimit), nullptr);
  }

  // Routes of one service that lead to the same place under the same limits share a target, and so its idle connections.
  const upstream::Target& target_for(const Service& service, const config::Connecting& connecting,
                                     const std::string& address, config::Duration connect_limit,
                                     const tls::ClientContext* tls, bool h2 = false) {
    upstream::Target target;
    const auto parsed = config::parse_upstream(address);
    PROX_ASSERT(parsed.has_value());
    target.address = *parsed;
    target.literal = net::SocketAddress::from_literal(parsed->host, parsed->port);
    target.tls = parsed->tls ? tls : nullptr;
    PROX_ASSERT(!parsed->tls || tls != nullptr);
    target.tls_handshake_timeout = base::to_millis(service.settings.tls_handshake_timeout);
    target.pool = static_cast<std::uint32_t>(plan_->targets.size());
    target.service = static_cast<std::uint32_t>(plan_->services.size());
    target.connect_timeout = base::to_millis(connect_limit);
    target.response_header_timeout = base::to_millis(service.settings.response_header_timeout);
    target.tunnel_timeout = base::to_millis(connecting.timeout.value_or(kDialLimit));
    target.h2 = h2;
    target.h2_read_idle_timeout = base::to_millis(service.settings.h2_read_idle_timeout);
    target.h2_ping_timeout = base::to_millis(service.settings.h2_ping_timeout);
    target.h2_stream_window = static_cast<std::uint32_t>(service.settings.h2_stream_window);
    target.h2_conn_window = static_cast<std::uint32_t>(service.settings.h2_conn_window);
    target.keep_alive_seconds = seconds_of(service.settings.keep_alive);
    target.max_idle = static_cast<std::size_t>(service.settings.max_idle_conns);
    target.max_idle_per_host = static_cast<std::size_t>(service.settings.max_idle_conns_per_host);
    for (const auto& known : plan_->targets) {
      if (known->service == target.service && known->connect_timeout == target.connect_timeout &&
          known->tunnel_timeout == target.tunnel_timeout && known->h2 == target.h2 &&
          same_place(*known, target))
        return *known;
    }
    plan_->targets.push_back(std::make_unique<upstream::Target>(std::move(target)));
    return *plan_->targets.back();
  }

  static bool same_place(const upstream::Target& a, const upstream::Target& b) {
    return a.tls == b.tls && a.address.host == b.address.host && a.address.port == b.address.port &&
           a.address.authority == b.address.authority &&
           a.address.base_path == b.address.base_path &&
           a.address.base_query == b.address.base_query;
  }

  const Config& config_;
  const TlsContexts& tls_;
  const LogPlanner logs_;
  std::unique_ptr<worker::Plan> plan_;
};

}  // namespace

std::unique_ptr<worker::Plan> build_plan(const Config& config,
                                         const std::vector<worker::Listener>& listeners,
                                         TlsContexts tls) {
  auto plan = PlanBuilder(config, listeners, tls).build();
  plan->tls = std::move(tls.services);
  plan->upstream_tls = std::move(tls.actions);
  add_redirects(*plan);
  return plan;
}

}  // namespace prox::master
