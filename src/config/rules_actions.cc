#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>

#include "config/rules.h"

// Actions: keys that go together, and fallbacks.
namespace prox::config {
namespace {

constexpr std::array<int, 5> kRedirects = {301, 302, 303, 307, 308};

void check_serve(const Rules& rules, const ActionDraft& draft, const ServeAction& serve) {
  const Text& name = draft.action.name;
  if (serve.root && serve.file) {
    rules.diagnostics().error(
        "serve-one", name.place,
        called("serve action", name.value) + " cannot have both root and file");
  } else if (rules.lacks(draft.value, "root") && rules.lacks(draft.value, "file")) {
    rules.diagnostics().error("serve-one", name.place,
                              called("serve action", name.value) + " needs root or file");
  }
  check_serve_values(rules, *draft.value, serve);
}

void check_redirect(const Rules& rules, const ActionDraft& draft, const RedirectAction& redirect) {
  const Text& name = draft.action.name;
  const json5::Value* to = draft.value->find("to");
  const bool is_empty = to != nullptr && to->as_string() != nullptr && to->as_string()->empty();
  if (is_empty || rules.lacks(draft.value, "to")) {
    rules.diagnostics().error("redirect-required", is_empty ? to->place : name.place,
                              called("redirect action", name.value) + " needs to say where: to");
  }
  if (std::any_of(redirect.to.value.begin(), redirect.to.value.end(),
                  [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; })) {
    rules.diagnostics().error("redirect-to", redirect.to.place,
                              "\"to\" contains white space or a control character");
  }
  if (redirect.to.value.starts_with("//")) {
    rules.diagnostics().error(
        "redirect-to", redirect.to.place,
        fmt::format(
            "\"to\" begins with two slashes: write the scheme too, for example \"https:{}\"",
            redirect.to.value));
  }
  const bool in_range =
      redirect.status >= kRedirects.front() && redirect.status <= kRedirects.back();
  if (in_range &&
      std::find(kRedirects.begin(), kRedirects.end(), redirect.status) == kRedirects.end()) {
    rules.diagnostics().error("redirect-status", value_place(*draft.value, "status"),
                              fmt::format("status {} is no redirect; known: {}", redirect.status,
                                          fmt::join(kRedirects, ", ")));
  }
}

// Whether nothing that a route fills in can make TLS of it.
bool is_never_tls(std::string_view upstream) {
  const std::size_t end = upstream.find("://");
  if (end == std::string_view::npos)
    return !upstream.empty() && upstream.find('{') == std::string_view::npos;
  const std::string_view scheme = upstream.substr(0, end);
  return scheme == "http" || scheme == "ws" || scheme == "unix";
}

void check_proxy(const Rules& rules, const ActionDraft& draft, const ProxyAction& proxy) {
  const json5::Value* tls = draft.value->find("tls");
  if (tls != nullptr && is_never_tls(proxy.connecting.upstream.value)) {
    rules.diagnostics().warning("tls-unused", key_place(*draft.value, "tls"),
                                "tls has no effect: the upstream is not https");
  }
  if (proxy.tls.cert.has_value() == proxy.tls.key.has_value()) return;
  const bool has_cert = proxy.tls.cert.has_value();
  if (!rules.lacks(tls, has_cert ? "key" : "cert")) return;
  rules.diagnostics().error("upstream-tls-pair", key_place(*tls, has_cert ? "cert" : "key"),
                            "cert and key go together: one of them is missing");
}

// Fallbacks lead from action to action; each way is followed once.
class FallbackRules {
 public:
  explicit FallbackRules(const Rules& rules) : rules_(rules) {}

  void check() {
    for (const ActionDraft& draft : rules_.draft.actions) {
      if (!draft.action.fallback) continue;
      check_target(*draft.action.fallback);
      follow(draft);
    }
  }

 private:
  void check_target(const Text& fallback);
  void follow(const ActionDraft& start);
  void report_cycle(const std::vector<const ActionDraft*>& way, const ActionDraft& again);

  const Rules& rules_;
  std::unordered_map<const ActionDraft*, const ActionDraft*> seen_;  // by whom first
};

void FallbackRules::check_target(const Text& fallback) {
  const ActionDraft* action = rules_.draft.find_action(fallback.value);
  if (action == nullptr || !action->is_known || action->action.as<PassAction>() == nullptr) return;
  rules_.diagnostics().error("fallback-pass", fallback.place, "a pass action cannot be a fallback");
}

void FallbackRules::follow(const ActionDraft& start) {
  std::vector<const ActionDraft*> way;
  for (const ActionDraft* at = &start; at != nullptr && at->action.fallback;
       at = rules_.draft.find_action(at->action.fallback->value)) {
    const auto [by, is_new] = seen_.emplace(at, &start);
    if (!is_new) {
      if (by->second == &start) report_cycle(way, *at);
      return;
    }
    way.push_back(at);
  }
}

// At the cycle's first action in load order, which need not be the one that it was found from.
void FallbackRules::report_cycle(const std::vector<const ActionDraft*>& way,
                                 const ActionDraft& again) {
  const auto begin = std::find(way.begin(), way.end(), &again);
  std::vector<const ActionDraft*> cycle(begin, way.end());
  std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
  std::string names;
  for (const ActionDraft* action : cycle) names += fmt::format("{} → ", action->action.name.value);
  const Action& first = cycle.front()->action;
  rules_.diagnostics().error("fallback-cycle", first.fallback->place,
                             fmt::format("fallback of \"{}\" leads back to itself: {}{}",
                                         first.name.value, names, first.name.value));
}

}  // namespace

void check_action_keys(const Rules& rules) {
  for (const ActionDraft& draft : rules.draft.actions) {
    const Action& action = draft.action;
    if (!draft.is_known) continue;
    if (const auto* serve = action.as<ServeAction>()) check_serve(rules, draft, *serve);
    if (const auto* redirect = action.as<RedirectAction>()) check_redirect(rules, draft, *redirect);
    if (const auto* proxy = action.as<ProxyAction>()) check_proxy(rules, draft, *proxy);
  }
}

void check_fallbacks(const Rules& rules) { FallbackRules(rules).check(); }

}  // namespace prox::config
