#include "config/reader.h"

#include <algorithm>
#include <utility>

#include "config/read_parts.h"

namespace prox::config {
namespace {

using json5::Value;

// Whether the block is there, but in no form that could be read; or not there and something else may be a misspelling of it.
bool is_unreadable(const Checker& checker, const Value& root, std::string_view key) {
  return root.find(key) == nullptr ? !checker.lacks(root, key) : object_at(root, key) == nullptr;
}

}  // namespace

Draft Reader::read(const Value& root) {
  draft_.root = opening(root);
  draft_.actions_incomplete = is_unreadable(checker_, root, "actions");
  draft_.resources_incomplete = is_unreadable(checker_, root, "resources");
  if (const Value* resources = object_at(root, "resources")) {
    for (const json5::Member& member : *resources->as_object()) {
      read_resource(member.value, {member.key, member.key_place}, false);
    }
  }
  if (const Value* actions = object_at(root, "actions")) {
    for (const json5::Member& member : *actions->as_object()) {
      read_action(member.value, {member.key, member.key_place}, false);
    }
  }
  read_services(root);
  const Fields fields(context_, root, schema::kRoot);
  for (const json5::Member& member : fields.members("plugins")) {
    if (member.value.as_object() == nullptr) continue;
    Plugin& plugin = draft_.plugins.emplace_back();
    plugin.name = {member.key, member.key_place};
    read_plugin({context_, member.value, schema::kPlugin}, plugin);
  }
  if (const auto process = fields.object("process")) read_process(*process, draft_.process);
  if (const auto logging = fields.object("logging")) read_logging(*logging, draft_.logging);
  if (const auto admin = fields.object("admin")) read_admin(*admin, draft_.admin.emplace());
  draft_.index_names();
  return std::move(draft_);
}

void Reader::read_services(const Value& root) {
  const Value* services = object_at(root, "services");
  draft_.uses_incomplete = is_unreadable(checker_, root, "services");
  if (services == nullptr ? !draft_.uses_incomplete : services->as_object()->empty()) {
    context_.diagnostics.error("no-services", draft_.root, "no services: at least one is needed");
  }
  if (services == nullptr) return;
  for (const json5::Member& member : *services->as_object()) read_service(member);
}

const json5::Member* member_at(const Value& object, std::string_view key) {
  const json5::Members& members = *object.as_object();
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const json5::Member& member) { return member.key == key; });
  return found == members.end() ? nullptr : &*found;
}

const Value* object_at(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  return value == nullptr || value->as_object() == nullptr ? nullptr : value;
}

}  // namespace prox::config
