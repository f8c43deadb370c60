#include "config/validate.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/reachable.h"
#include "config/rules.h"
#include "config/templates.h"

namespace prox::config {
namespace {

class Validator {
 public:
  Validator(const Context& context, Draft& draft) : context_(context), draft_(draft) {}

  void references();
  void actions();
  void unused();

 private:
  const ActionDraft* find_action(const Text& name, std::string_view id);
  void find_body(const Text& name);
  std::vector<std::string_view> action_names() const;
  std::vector<std::string_view> resource_names() const;

  const Context& context_;
  Draft& draft_;
  std::set<std::string_view> used_actions_;
  std::set<std::string_view> used_resources_;
  bool has_unknown_action_ = false;
};

std::vector<std::string_view> Validator::action_names() const {
  std::vector<std::string_view> names;
  for (const ActionDraft& action : draft_.actions) {
    if (!action.is_inline) names.push_back(action.action.name.value);
  }
  return names;
}

std::vector<std::string_view> Validator::resource_names() const {
  std::vector<std::string_view> names;
  for (const ResourceDraft& resource : draft_.resources) {
    if (!resource.is_inline) names.push_back(resource.resource.name.value);
  }
  return names;
}

const ActionDraft* Validator::find_action(const Text& name, std::string_view id) {
  const ActionDraft* action = draft_.find_action(name.value);
  if (action != nullptr) {
    used_actions_.insert(action->action.name.value);
    return action;
  }
  has_unknown_action_ = true;
  if (draft_.actions_incomplete) return nullptr;
  std::string help;
  if (const auto meant = nearest(name.value, action_names())) {
    const Text& defined = draft_.find_action(*meant)->action.name;
    used_actions_.insert(defined.value);  // by its misspelt name
    help = fmt::format("did you mean \"{}\"? ({})", *meant, context_.show(defined.place));
  }
  context_.diagnostics.error(id, name.place, fmt::format("no action is named \"{}\"", name.value),
                             std::move(help));
  return nullptr;
}

void Validator::find_body(const Text& name) {
  if (const ResourceDraft* resource = draft_.find_resource(name.value)) {
    used_resources_.insert(resource->resource.name.value);
    return;
  }
  if (draft_.resources_incomplete) return;
  std::string help;
  if (const auto meant = nearest(name.value, resource_names())) {
    const Text& defined = draft_.find_resource(*meant)->resource.name;
    used_resources_.insert(defined.value);
    help = fmt::format("did you mean \"{}\"? ({})", *meant, context_.show(defined.place));
  }
  context_.diagnostics.error("body-unknown", name.place,
                             fmt::format("no resource is named \"{}\"", name.value),
                             std::move(help));
}

void Validator::references() {
  for (const ServiceDraft& service : draft_.services) {
    for (const RouteDraft& route : service.routes) {
      if (route.route.action.value.empty()) continue;
      const ActionDraft* action = find_action(route.route.action, "action-unknown");
      const std::size_t before = context_.diagnostics.all().size();
      if (action != nullptr && action->is_known) check_templates(context_, route, action->action);
      if (route.use) context_.diagnostics.add_note(before, *route.use);
    }
  }
}

void Validator::actions() {
  for (const ActionDraft& draft : draft_.actions) {
    if (draft.action.fallback) find_action(*draft.action.fallback, "fallback-unknown");
    const auto* fixed = draft.action.as<StaticAction>();
    if (fixed != nullptr && fixed->body_ref) find_body(*fixed->body_ref);
  }
  if (draft_.actions.empty() && !draft_.actions_incomplete && !draft_.uses_incomplete &&
      !has_unknown_action_) {
    Diagnostic& error = context_.diagnostics.error("no-actions", draft_.root.value_or(Place{}),
                                                   "no actions are defined");
    error.has_place = draft_.root.has_value();
  }
}

void Validator::unused() {
  if (draft_.uses_incomplete) return;
  for (const ActionDraft& draft : draft_.actions) {
    const Text& name = draft.action.name;
    if (draft.is_inline || used_actions_.count(name.value) != 0) continue;
    context_.diagnostics.warning("action-unused", name.place,
                                 fmt::format("action \"{}\" is never used", name.value));
  }
  for (const ResourceDraft& draft : draft_.resources) {
    const Text& name = draft.resource.name;
    if (draft.is_inline || used_resources_.count(name.value) != 0) continue;
    context_.diagnostics.warning("resource-unused", name.place,
                                 fmt::format("resource \"{}\" is never used", name.value));
  }
}

}  // namespace

void validate(const Context& context, const Checker& checker, Draft& draft) {
  Validator validator(context, draft);
  validator.references();
  validator.actions();
  validator.unused();
  check_shared_templates(context, draft);
  const Rules rules{context, checker, draft};
  check_addresses(rules);
  check_admin(rules);
  check_tls(rules);
  check_acme(rules);
  check_guards(rules);
  check_plugins(rules);
  check_balancers(rules);
  check_pass_routes(rules);
  check_speeds(rules);
  check_action_keys(rules);
  check_fallbacks(rules);
  check_file_places(rules);
  check_logs(rules);
  for (const ServiceDraft& service : draft.services) warn_of_unreachable(context, service, draft);
}

}  // namespace prox::config
