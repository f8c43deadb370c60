#include "prox/routing/explain.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "prox/http/fields.h"
#include "prox/http/query.h"

namespace prox::routing {

namespace {

std::optional<std::string> check_kind(const RouteMatch& match, const RouteKey& key) {
  if (match.before_tls_only)
    return "the route is looked at before TLS only, since it asks for alpn";
  if (match.forward_proxy == key.forward_proxy) return std::nullopt;
  return match.forward_proxy
             ? "this is no forward-proxy request, and the route takes nothing else"
             : "this is a forward-proxy request, and the route has no forward_proxy: true";
}

// `nobody`: what is said of a host that is not there.
std::optional<std::string> check_host(const std::optional<DomainPattern>& domain,
                                      std::string_view name, std::string_view nobody) {
  if (!domain) return std::nullopt;
  char buffer[256];
  const std::string_view host = normalise_host(name, buffer);
  if (domain->matches(host)) return std::nullopt;
  if (host.empty()) return fmt::format("{}, and the route wants {}", nobody, domain->text());
  return fmt::format("domain {} is not {}", host, domain->text());
}

std::optional<std::string> check_domain(const RouteMatch& match, const RouteKey& key) {
  return check_host(match.domain, key.host, "the request names no host");
}

// `path /x is not /y`, or `path /x is none of /y, /z/*`
std::string is_none_of(std::string_view what, std::string_view value,
                       const std::vector<std::string_view>& wanted) {
  return fmt::format("{} {} is {} {}", what, value, wanted.size() == 1 ? "not" : "none of",
                     fmt::join(wanted, ", "));
}

std::optional<std::string> check_path(const RouteMatch& match, const RouteKey& key) {
  std::vector<std::string_view> wanted;
  for (const PathPattern& pattern : match.paths) {
    if (pattern.matches(key.path)) return std::nullopt;
    wanted.push_back(pattern.text);
  }
  if (wanted.empty()) return std::nullopt;
  if (key.path.empty())
    return fmt::format("{} has no path, and the route wants {}", key.method_text,
                       fmt::join(wanted, ", "));
  return is_none_of("path", key.path, wanted);
}

std::optional<std::string> check_method(const RouteMatch& match, const RouteKey& key) {
  const std::vector<std::string_view> wanted(match.methods.begin(), match.methods.end());
  if (wanted.empty() || std::count(wanted.begin(), wanted.end(), key.method_text) != 0)
    return std::nullopt;
  return is_none_of("method", key.method_text, wanted);
}

// `what`: "field X-Env" or "parameter debug". `found`: the values that it has.
std::string why_not(const FieldPattern& pattern, const std::string& what,
                    const std::vector<std::string>& found) {
  if (pattern.wants_absence()) return fmt::format("there is a {}", what);
  if (pattern.wants_presence()) return fmt::format("there is no {}", what);
  if (pattern.is_negated())
    return fmt::format("{} is {}, and the route wants {}", what, fmt::join(found, ", "),
                       pattern.text());
  if (found.empty())
    return fmt::format("there is no {}, and the route wants {}", what, pattern.text());
  return fmt::format("{} is {}, not {}", what, fmt::join(found, ", "), pattern.text());
}

std::vector<std::string> values_of(std::string_view name, const RouteKey& key) {
  std::vector<std::string> values;
  if (key.head == nullptr) return values;
  if (http::equal_ignoring_case(name, "Host"))
    return key.host.empty() ? values : std::vector<std::string>{std::string(key.host)};
  for (const http::Field& field : key.head->fields) {
    if (http::equal_ignoring_case(field.name, name)) values.emplace_back(field.value);
  }
  return values;
}

std::optional<std::string> check_headers(const RouteMatch& match, const RouteKey& key) {
  for (const FieldPattern& pattern : match.headers) {
    if (key.head != nullptr && pattern.holds_for_headers(*key.head)) continue;
    return why_not(pattern, "field " + pattern.name(), values_of(pattern.name(), key));
  }
  return std::nullopt;
}

std::optional<std::string> check_query(const RouteMatch& match, const RouteKey& key) {
  const std::string_view query = key.head == nullptr ? std::string_view{} : key.head->query;
  for (const FieldPattern& pattern : match.query) {
    if (key.head != nullptr && pattern.holds_for_query(query)) continue;
    std::vector<std::string> found;
    http::for_each_parameter(query, [&](http::DecodedText name, http::DecodedText value) {
      if (name == pattern.name()) found.emplace_back(value.begin(), value.end());
      return true;
    });
    return why_not(pattern, "parameter " + pattern.name(), found);
  }
  return std::nullopt;
}

std::string is_outside(std::string_view client, const config::Networks& wanted) {
  std::vector<std::string> networks;
  for (const config::Network& network : wanted) networks.push_back(config::to_text(network));
  return fmt::format("client {} is not in {}", client, fmt::join(networks, ", "));
}

std::optional<std::string> check_client(const RouteMatch& match, const RouteKey& key) {
  if (match.clients.empty() || (key.head != nullptr && is_in(match.clients, key.client)))
    return std::nullopt;
  return is_outside(key.client, match.clients);
}

std::optional<std::string> check_client(const L4Table::Route& route, const L4Key& key) {
  const bool is_inside =
      std::any_of(route.clients.begin(), route.clients.end(),
                  [&](const auto& network) { return network.contains(key.client); });
  if (route.clients.empty() || is_inside) return std::nullopt;
  return is_outside(config::to_text(config::Network{key.client, 128}), route.clients);
}

std::optional<std::string> check_protocols(const L4Table::Route& route, const L4Key& key) {
  const std::vector<std::string_view> wanted(route.protocols.begin(), route.protocols.end());
  const bool is_offered = std::find_first_of(wanted.begin(), wanted.end(), key.protocols.begin(),
                                             key.protocols.end()) != wanted.end();
  if (wanted.empty() || is_offered) return std::nullopt;
  if (key.protocols.empty())
    return fmt::format("the client offers no protocol, and the route wants {}",
                       fmt::join(wanted, ", "));
  return is_none_of("alpn", fmt::format("{}", fmt::join(key.protocols, ", ")), wanted);
}

struct Check {
  Condition condition;
  std::optional<std::string> (*why)(const RouteMatch&, const RouteKey&);
};
constexpr Check kChecks[] = {
    {Condition::Kind, check_kind},       {Condition::Domain, check_domain},
    {Condition::Path, check_path},       {Condition::Method, check_method},
    {Condition::Headers, check_headers}, {Condition::Query, check_query},
    {Condition::Client, check_client},
};

}  // namespace

std::optional<Mismatch> find_mismatch(const RouteMatch& match, const RouteKey& key) {
  for (const Check& check : kChecks) {
    if (auto why = check.why(match, key)) return Mismatch{check.condition, std::move(*why)};
  }
  return std::nullopt;
}

std::optional<Mismatch> find_mismatch(const L4Table::Route& route, const L4Key& key) {
  if (auto why = check_host(route.domain, key.server_name, "the client names no server"))
    return Mismatch{Condition::Domain, std::move(*why)};
  if (auto why = check_client(route, key)) return Mismatch{Condition::Client, std::move(*why)};
  if (auto why = check_protocols(route, key)) return Mismatch{Condition::Alpn, std::move(*why)};
  return std::nullopt;
}

}  // namespace prox::routing
