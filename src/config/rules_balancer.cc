#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "config/rules.h"
#include "prox/config/placeholders.h"

// Balancers, and the routes and actions that they stand beside.
namespace prox::config {
namespace {

constexpr std::string_view kTypeNames[] = {"proxy", "static", "serve", "pass", "drop", "redirect"};

class BalancerRules {
 public:
  BalancerRules(const Rules& rules, const ServiceDraft& service, const RouteDraft& route)
      : rules_(rules),
        service_(service),
        route_(route),
        balancer_(*route.route.balancer),
        value_(*route.value->find("balancer")) {}

  void check() {
    if (rules_.lacks(&value_, "type")) {
      rules_.diagnostics().error("balancer-type-required", key(), "a balancer needs a type");
    }
    rules_.require_keys(value_.find("sticky"), schema::kSticky);
    check_targets();
    const std::size_t before = rules_.diagnostics().all().size();
    check_supply();
    if (const ActionDraft* action = rules_.action_of(route_)) check_action(action->action);
    if (route_.use) rules_.diagnostics().add_note(before, *route_.use);
  }

 private:
  Place key() const { return key_place(*route_.value, "balancer"); }
  void check_targets();
  void check_supply();
  void check_action(const Action& action);
  bool has_supplier() const;

  const Rules& rules_;
  const ServiceDraft& service_;
  const RouteDraft& route_;
  const Balancer& balancer_;
  const json5::Value& value_;
};

// Whether a plugin may bring targets later.
bool BalancerRules::has_supplier() const {
  const auto& plugins = rules_.draft.plugins;
  if (std::any_of(plugins.begin(), plugins.end(),
                  [](const PluginDraft& p) { return p.plugin.autostart; })) {
    return true;
  }
  const ActionDraft* action = rules_.action_of(route_);
  if (action == nullptr) return true;  // nobody can tell
  return !service_.service.plugins.empty() || !route_.route.plugins.empty() ||
         !action->action.plugins.empty();
}

void BalancerRules::check_supply() {
  const json5::Value* targets = value_.find("targets");
  const bool is_empty = targets == nullptr
                            ? rules_.lacks(&value_, "targets")
                            : targets->as_array() != nullptr && targets->as_array()->empty();
  if (is_empty && !has_supplier()) {
    rules_.diagnostics().error("balancer-targets", targets == nullptr ? key() : targets->place,
                               "this balancer has no targets and no plugin to supply them");
  }
}

void BalancerRules::check_targets() {
  Diagnostics& diagnostics = rules_.diagnostics();
  const json5::Value* targets = value_.find("targets");
  if (targets != nullptr && targets->as_array() != nullptr) {
    for (const json5::Value& item : *targets->as_array()) {
      if (item.as_object() != nullptr) rules_.require_keys(&item, schema::kTarget);
    }
  }
  std::unordered_map<std::string_view, Place> seen;
  for (const BalancerTarget& target : balancer_.targets) {
    const Text& address = target.address;
    if (address.value.empty()) {
      if (address.place.length != 1)  // else it is an object without an address
        diagnostics.error("balancer-target-empty", address.place, "empty target");
      continue;
    }
    const auto [first, is_new] = seen.emplace(address.value, address.place);
    if (is_new) continue;
    diagnostics
        .error("balancer-target-duplicate", address.place,
               fmt::format("target \"{}\" is listed twice", address.value))
        .notes.push_back({first->second, "first listed here"});
  }
}

void BalancerRules::check_action(const Action& action) {
  const Connecting* connecting = action.connecting();
  if (connecting == nullptr) {
    rules_.diagnostics().error(
        "balancer-action", key(),
        fmt::format("a balancer works only with proxy and pass actions; {} is {}",
                    called("action", action.name.value),
                    kTypeNames[static_cast<std::size_t>(action.type())]));
    return;
  }
  const std::string& upstream = connecting->upstream.value;
  const auto names = placeholders(upstream);
  if (upstream.empty() || std::find(names.begin(), names.end(), "target") != names.end()) return;
  Diagnostic& error = rules_.diagnostics().error(
      "balancer-placeholder", key(),
      fmt::format("upstream of {} does not use {{target}}", called("action", action.name.value)));
  error.notes.push_back({connecting->upstream.place, "the upstream is written here"});
}

}  // namespace

void check_balancers(const Rules& rules) {
  for (const ServiceDraft& service : rules.draft.services) {
    for (const RouteDraft& route : service.routes) {
      if (route.route.balancer) BalancerRules(rules, service, route).check();
    }
  }
}

}  // namespace prox::config
