#include "config/rules.h"

#include <fmt/format.h>

#include "config/reader.h"

namespace prox::config {

const ActionDraft* Rules::action_of(const RouteDraft& route) const {
  const ActionDraft* action = draft.find_action(route.route.action.value);
  return action != nullptr && action->is_known ? action : nullptr;
}

bool Rules::lacks(const json5::Value* object, std::string_view key) const {
  return object != nullptr && object->as_object() != nullptr && checker.lacks(*object, key);
}

void Rules::require_keys(const json5::Value* object, const schema::Object& table) const {
  for (const schema::Key& key : table.keys) {
    if (key.preset != schema::kRequired || !lacks(object, key.name)) continue;
    diagnostics().error("required-key", opening(*object),
                        fmt::format("\"{}\" is missing in {}", key.name, table.thing));
  }
}

Place key_place(const json5::Value& object, std::string_view key) {
  const json5::Member* member = member_at(object, key);
  return member == nullptr ? opening(object) : member->key_place;
}

Place value_place(const json5::Value& object, std::string_view key) {
  const json5::Value* value = object.find(key);
  return value == nullptr ? opening(object) : value->place;
}

}  // namespace prox::config
