#include <fmt/format.h>

#include <array>
#include <string>

#include "config/rules.h"
#include "prox/config/placeholders.h"

// Routes that pass connections on unopened: only what a ClientHello tells can decide on them.
namespace prox::config {
namespace {

struct Condition {
  std::string_view key;
  std::string_view id;
  std::string_view what;
};
// What only a request could tell.
constexpr std::array<Condition, 5> kNotBeforeTls = {{
    {"path", "pass-path", "match a path"},
    {"methods", "pass-methods", "match methods"},
    {"headers", "pass-headers", "match headers"},
    {"query", "pass-query", "match a query"},
    {"forward_proxy", "pass-forward-proxy", "match requests to a forward proxy"},
}};
// What only a response, or a request, could be changed or refused by.
constexpr std::array<std::string_view, 5> kWithoutEffect = {"response_headers", "compress",
                                                            "compress_min", "limit", "basic_auth"};

bool is_off(const json5::Value& condition) {
  if (const bool* flag = condition.as_bool()) return !*flag;
  return condition.as_array() != nullptr && condition.as_array()->empty();
}

void check_match(const Rules& rules, const RouteDraft& route) {
  const json5::Value* match = route.value->find("match");
  if (match != nullptr && match->as_object() == nullptr) return;
  const bool lacks_domain =
      match == nullptr ? rules.lacks(route.value, "match") : rules.lacks(match, "domain");
  const bool has_protocols = route.route.match && !route.route.match->alpn.empty();
  if (lacks_domain && !has_protocols) {
    rules.diagnostics().error("pass-domain", route.route.place,
                              "a pass route needs a domain (it is matched by SNI)");
  }
  if (match == nullptr) return;
  for (const Condition& condition : kNotBeforeTls) {
    const json5::Value* value = match->find(condition.key);
    if (value == nullptr || is_off(*value)) continue;
    rules.diagnostics().error(
        condition.id, key_place(*match, condition.key),
        fmt::format("a pass route cannot {}: TLS is not opened", condition.what));
  }
}

bool uses_variables(const RouteDraft& route, const PassAction& action) {
  for (const std::string_view name : placeholders(action.connecting.upstream.value)) {
    for (const auto& variable : route.route.set) {
      if (variable.first == name) return true;
    }
  }
  return false;
}

void check_options(const Rules& rules, const RouteDraft& route, const PassAction& action) {
  const auto warn = [&](std::string_view key) {
    rules.diagnostics().warning("pass-options", key_place(*route.value, key),
                                fmt::format("\"{}\" has no effect on a pass route", key));
  };
  if (!route.route.set.empty() && !uses_variables(route, action)) warn("set");
  for (const std::string_view key : kWithoutEffect) {
    if (route.value->find(key) != nullptr) warn(key);
  }
}

// Whether no ClientHello can choose the route, though a reader may think that it comes first.
bool is_unseen(const RouteDraft& route) {
  if (!route.comparable) return false;
  return !route.route.match || (!route.route.match->domain && !route.route.match->forward_proxy);
}

void warn_of_alpn(const Rules& rules, const RouteDraft& route) {
  if (!route.route.match || route.route.match->alpn.empty()) return;
  rules.diagnostics().warning("alpn-unused", key_place(*route.value->find("match"), "alpn"),
                              "alpn has no effect here: only pass routes are chosen by it");
}

void check_route(const Rules& rules, const RouteDraft& route, const PassAction& action,
                 const RouteDraft* shadow) {
  check_match(rules, route);
  check_options(rules, route, action);
  if (shadow == nullptr || !route.route.match || !route.route.match->domain) return;
  Diagnostic& warning = rules.diagnostics().warning(
      "pass-shadowed", route.route.place,
      fmt::format("this pass route wins over route #{}, which has no domain and is not seen "
                  "before TLS",
                  shadow->index));
  warning.notes.push_back({shadow->route.place, "that route is here"});
  if (route.use) warning.notes.push_back(*route.use);
}

}  // namespace

void check_pass_routes(const Rules& rules) {
  for (const ServiceDraft& service : rules.draft.services) {
    const RouteDraft* shadow = nullptr;
    for (const RouteDraft& route : service.routes) {
      const ActionDraft* action = rules.action_of(route);
      const PassAction* pass = action == nullptr ? nullptr : action->action.as<PassAction>();
      if (pass != nullptr) {
        check_route(rules, route, *pass, shadow);
      } else {
        if (shadow == nullptr && is_unseen(route)) shadow = &route;
        warn_of_alpn(rules, route);
      }
    }
  }
}

}  // namespace prox::config
