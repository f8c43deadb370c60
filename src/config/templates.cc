#include "config/templates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "prox/config/placeholders.h"
#include "prox/config/upstream_address.h"

namespace prox::config {
namespace {

constexpr std::array<std::string_view, 13> kOfRequest = {"domain",
                                                         "domain.pattern",
                                                         "match.domain",
                                                         "match.glob",
                                                         "path",
                                                         "match.path",
                                                         "method",
                                                         "host",
                                                         "uri",
                                                         "client",
                                                         "sni",
                                                         "tls.client.subject",
                                                         "tls.client.fingerprint"};
constexpr std::array<std::string_view, 2> kBeginnings = {"header.", "cookie."};  // a name follows
constexpr std::size_t kShortestNearMiss = 3;  // below, every name is near every other

bool is_of_request_by_name(std::string_view name) {
  return std::any_of(kBeginnings.begin(), kBeginnings.end(), [&](std::string_view beginning) {
    return name.size() > beginning.size() && name.starts_with(beginning);
  });
}

bool contains(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string help_for(std::string_view name, const std::vector<std::string_view>& known) {
  const std::optional<std::string_view> meant = nearest(name, known);
  return meant ? fmt::format("did you mean {{{}}}?", *meant) : std::string();
}

void check_kind(const Context& context, const UpstreamAddress& address, Place place) {
  if (address.is_unix) context.not_built(place, "\"unix:\"");
}

tl::expected<UpstreamAddress, std::string> parse(const Action& action, std::string_view text) {
  return action.as<PassAction>() != nullptr ? parse_pass_upstream(text) : parse_upstream(text);
}

// What the template gives with these variables; `place` is where the last of them comes from.
void check_filled_in(const Context& context, const Action& action, const StringMap& variables,
                     Place place) {
  const Text& upstream = action.connecting()->upstream;
  const std::string filled = fill_in(upstream.value, variables);
  const tl::expected<UpstreamAddress, std::string> address = parse(action, filled);
  if (address) return check_kind(context, *address, place);
  Diagnostic& error = context.diagnostics.error(
      "upstream-syntax", place,
      fmt::format("\"{}\" is not an upstream address: {}", filled, address.error()));
  error.notes.push_back({upstream.place, "the upstream is written here"});
}

void check_upstream_syntax(const Context& context, const Action& action) {
  if (action.connecting() == nullptr) return;
  const Text& upstream = action.connecting()->upstream;
  if (upstream.value.empty() || !placeholders(upstream.value).empty()) return;
  const tl::expected<UpstreamAddress, std::string> address = parse(action, upstream.value);
  if (address) return check_kind(context, *address, upstream.place);
  context.diagnostics.error(
      "upstream-syntax", upstream.place,
      fmt::format("\"{}\" is not an upstream address: {}", upstream.value, address.error()));
}

// Where an unknown variable could only ever be empty.
void check_variables(const Context& context, const Text& text,
                     const std::vector<std::string_view>& known) {
  for (const std::string_view name : placeholders(text.value)) {
    if (contains(known, name) || is_of_request_by_name(name)) continue;
    const auto begin = static_cast<std::size_t>(name.data() - text.value.data());
    context.diagnostics.error("template-var", context.inside(text, begin - 1, name.size() + 2),
                              fmt::format("{{{}}} is not a variable", name), help_for(name, known));
  }
}

void check_edits(const Context& context, const HeaderEdits& edits,
                 const std::vector<std::string_view>& known) {
  for (const NamedText& edit : edits) check_variables(context, edit.value, known);
}

void check_keys(const Context& context, const Service& service, const Route* route,
                const std::vector<std::string_view>& known) {
  const Guards& guards = route == nullptr ? service.guards : route->guards;
  if (guards.limit) check_variables(context, guards.limit->key, known);
  if (route != nullptr && route->balancer) check_variables(context, route->balancer->key, known);
  check_edits(context, route == nullptr ? service.response_headers : route->response_headers,
              known);
}

void check_body(const Context& context, const Text& body, std::string_view content,
                const std::vector<std::string_view>& known) {
  for (const std::string_view name : placeholders(content)) {
    if (name.size() < kShortestNearMiss || contains(known, name) || is_of_request_by_name(name))
      continue;
    const std::string help = help_for(name, known);
    if (help.empty()) continue;
    context.diagnostics.warning("body-var", body.place,
                                fmt::format("{{{}}} in {} is no variable, and stays as it is", name,
                                            called("resource", body.value)),
                                help);
  }
}

void check_action(const Context& context, const Draft& draft, const ActionDraft& action,
                  const std::vector<std::string_view>& known) {
  check_upstream_syntax(context, action.action);
  check_edits(context, action.action.response_headers, known);
  if (const auto* proxy = action.action.as<ProxyAction>()) {
    check_edits(context, proxy->headers, known);
  }
  if (const auto* redirect = action.action.as<RedirectAction>()) {
    check_variables(context, redirect->to, known);
  }
  const auto* fixed = action.action.as<StaticAction>();
  if (fixed == nullptr) return;
  check_edits(context, fixed->headers, known);
  if (!fixed->body_ref) return;
  const ResourceDraft* body = draft.find_resource(fixed->body_ref->value);
  if (body != nullptr) check_body(context, *fixed->body_ref, body->resource.content, known);
}

}  // namespace

void check_templates(const Context& context, const RouteDraft& route, const Action& action) {
  if (action.connecting() == nullptr) return;
  const Text& upstream = action.connecting()->upstream;
  std::vector<std::string_view> known;
  for (const auto& [name, value] : route.route.set) known.push_back(name);
  if (route.has_balancer) known.push_back("target");
  const std::vector<std::string_view> names = placeholders(upstream.value);
  const bool has_target = contains(names, "target");
  bool complete = !names.empty() && (!has_target || route.route.balancer);
  for (const std::string_view name : names) {
    if (contains(known, name)) continue;
    complete = false;
    if (name == "target") {
      context.diagnostics.error("target-without-balancer", route.route.action.place,
                                fmt::format("{} uses {{target}}, but this route has no balancer",
                                            called("action", action.name.value)));
      continue;
    }
    Diagnostic& error = context.diagnostics.error(
        "upstream-var", route.route.action.place,
        fmt::format("upstream of {} uses {{{}}}, which this route does not set",
                    called("action", action.name.value), name),
        help_for(name, known));
    error.notes.push_back({upstream.place, "the upstream is written here"});
  }
  if (!complete) return;
  if (!has_target) {
    return check_filled_in(context, action, route.route.set, route.route.action.place);
  }
  StringMap variables = route.route.set;
  variables.emplace_back("target", "");
  for (const BalancerTarget& target : route.route.balancer->targets) {
    if (target.address.value.empty()) continue;
    variables.back().second = target.address.value;
    check_filled_in(context, action, variables, target.address.place);
  }
}

void check_shared_templates(const Context& context, const Draft& draft) {
  std::vector<std::string_view> known(kOfRequest.begin(), kOfRequest.end());
  known.push_back("target");
  std::set<std::string_view> set_names;
  for (const ServiceDraft& service : draft.services) {
    for (const RouteDraft& route : service.routes) {
      for (const auto& [name, value] : route.route.set) set_names.insert(name);
    }
  }
  known.insert(known.end(), set_names.begin(), set_names.end());
  for (const ServiceDraft& service : draft.services) {
    check_keys(context, service.service, nullptr, known);
    for (const RouteDraft& route : service.routes) {
      check_keys(context, service.service, &route.route, known);
    }
  }
  for (const ActionDraft& action : draft.actions) check_action(context, draft, action, known);
}

}  // namespace prox::config
