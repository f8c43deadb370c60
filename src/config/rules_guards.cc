#include <fmt/format.h>

#include "config/rules.h"

// Keys that a block cannot be without, if it is there; and what is not built of it.
namespace prox::config {
namespace {

void check_holder(const Rules& rules, const json5::Value* holder) {
  if (holder == nullptr) return;
  rules.require_keys(holder->find("limit"), schema::kLimit);
  rules.require_keys(holder->find("basic_auth"), schema::kBasicAuth);
}

}  // namespace

void check_guards(const Rules& rules) {
  for (const ServiceDraft& service : rules.draft.services) {
    check_holder(rules, service.value);
    for (const RouteDraft& route : service.routes) check_holder(rules, route.value);
  }
}

void check_speeds(const Rules& rules) {
  for (const ServiceDraft& service : rules.draft.services) {
    for (const RouteDraft& route : service.routes) {
      if (!route.route.speed) continue;
      const json5::Value& value = *route.value->find("speed");
      bool has_limit = false;
      bool is_unclear = false;
      for (const std::string_view key : {"download_mbps", "upload_mbps"}) {
        const json5::Value* rate = value.find(key);
        const json5::Number* number = rate == nullptr ? nullptr : rate->as_number();
        has_limit = has_limit || (number != nullptr && number->value > 0);
        is_unclear =
            is_unclear || (rate == nullptr ? !rules.lacks(&value, key) : number == nullptr);
        if (number == nullptr || !(number->value < 0)) continue;
        is_unclear = true;
        rules.diagnostics().error("speed-negative", rate->place,
                                  fmt::format("{} must not be negative", key));
      }
      if (has_limit || is_unclear) continue;
      rules.diagnostics().error("speed-none", key_place(*route.value, "speed"),
                                "speed needs download_mbps or upload_mbps above 0");
    }
  }
}

}  // namespace prox::config
