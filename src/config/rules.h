#pragma once

#include <string>
#include <string_view>

#include "config/check.h"
#include "config/context.h"
#include "config/draft.h"

// The rules of a config, by what they are about. Each goes through the whole draft, and reports what it finds.
namespace prox::config {

struct Rules {
  const Context& context;
  const Checker& checker;
  Draft& draft;

  Diagnostics& diagnostics() const { return context.diagnostics; }
  // The action that a route uses, if it is known what it does.
  const ActionDraft* action_of(const RouteDraft& route) const;
  // Whether one of the objects was written without that key; not if it may only be misspelt.
  bool lacks(const json5::Value* object, std::string_view key) const;
  // For each key that must be there and is not: `"rate" is missing in this limit`. Nothing is said without the object.
  void require_keys(const json5::Value* object, const schema::Object& table) const;
};

// Where a key stands in the object, or its value; where the object begins, if it is not there.
Place key_place(const json5::Value& object, std::string_view key);
Place value_place(const json5::Value& object, std::string_view key);

void check_tls(const Rules& rules);
void check_addresses(const Rules& rules);  // listeners of services, redirects and the admin API
void check_admin(const Rules& rules);
void check_logs(const Rules& rules);
void check_acme(const Rules& rules);
void check_guards(const Rules& rules);
void check_plugins(const Rules& rules);
void check_balancers(const Rules& rules);
void check_pass_routes(const Rules& rules);
void check_speeds(const Rules& rules);
void check_action_keys(const Rules& rules);
void check_serve_values(const Rules& rules, const json5::Value& action, const ServeAction& serve);
void check_fallbacks(const Rules& rules);
void check_file_places(const Rules& rules);

}  // namespace prox::config
