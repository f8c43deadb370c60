#include "prox/routing/l4_table.h"

#include <algorithm>
#include <utility>

#include "prox/base/assert.h"

namespace prox::routing {

namespace {

using config::Match;

Router router_of(const std::vector<L4Table::Route>& routes) {
  std::vector<RouteMatch> matches(routes.size());
  for (std::size_t i = 0; i < routes.size(); ++i) matches[i].domain = routes[i].domain;
  return Router(std::move(matches));
}

bool conditions_hold(const L4Table::Route& route, const L4Key& key) {
  const auto is_inside = [&](const config::Network& network) {
    return network.contains(key.client);
  };
  const auto is_offered = [&](const std::string& protocol) {
    return std::find(key.protocols.begin(), key.protocols.end(), protocol) != key.protocols.end();
  };
  return (route.clients.empty() ||
          std::any_of(route.clients.begin(), route.clients.end(), is_inside)) &&
         (route.protocols.empty() ||
          std::any_of(route.protocols.begin(), route.protocols.end(), is_offered));
}

// What a route does with a connection that it takes; none if it is not for connections. `match`: of the route.
std::optional<L4Verdict> verdict_of(const Match& match, config::ActionType action) {
  if (action == config::ActionType::Pass) {
    if (match.domain || !match.alpn.empty()) return L4Verdict::Pass;
    return std::nullopt;
  }
  if (!match.domain || match.forward_proxy) return std::nullopt;
  const bool asks_for_more =
      match.path || !match.methods.empty() || !match.headers.empty() || !match.query.empty();
  return action == config::ActionType::Drop && !asks_for_more ? L4Verdict::Drop : L4Verdict::Serve;
}

}  // namespace

L4Table::L4Table(std::vector<Route> routes)
    : routes_(std::move(routes)), domains_(router_of(routes_)) {}

std::optional<L4Hit> L4Table::find(const L4Key& key) const {
  RouteKey host;
  host.host = key.server_name;
  const std::optional<RouteHit> first = domains_.find(host);
  if (!first) return std::nullopt;
  // The first one by domain mostly is the one. Where its other conditions do not hold, those behind it are tried in turn.
  char buffer[256];
  const std::string_view name = normalise_host(key.server_name, buffer);
  for (std::size_t i = first->route; i < routes_.size(); ++i) {
    const Route& route = routes_[i];
    if (!conditions_hold(route, key)) continue;
    if (i == first->route || !route.domain || route.domain->matches(name))
      return L4Hit{route.index, route.verdict};
  }
  return std::nullopt;
}

std::optional<L4Table> compile_l4(const config::Config& config, const config::Service& service) {
  std::vector<L4Table::Route> routes;
  bool passes = false;
  for (std::uint32_t index = 0; index < service.routes.size(); ++index) {
    const config::Route& route = service.routes[index];
    const config::Action* action = config.find_action(route.action.value);
    PROX_ASSERT(action != nullptr);  // validation has seen to it
    passes = passes || action->type() == config::ActionType::Pass;
    if (!route.match) continue;
    const std::optional<L4Verdict> verdict = verdict_of(*route.match, action->type());
    if (!verdict) continue;
    L4Table::Route compiled{index, *verdict, {}, route.match->client, {}};
    if (route.match->domain) compiled.domain.emplace(route.match->domain->value);
    if (*verdict == L4Verdict::Pass) {
      for (const config::Text& protocol : route.match->alpn)
        compiled.protocols.push_back(protocol.value);
    }
    routes.push_back(std::move(compiled));
  }
  if (!passes) return std::nullopt;
  return L4Table(std::move(routes));
}

}  // namespace prox::routing
