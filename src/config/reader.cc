#include "config/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
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

Draft Reader::read() {
  draft_.actions_incomplete = draft_.resources_incomplete = draft_.plugins_incomplete =
      draft_.uses_incomplete = tree_.is_incomplete;
  if (tree_.root != nullptr && tree_.root->object() != nullptr) read_root(*tree_.root->object());
  std::set<const Document*> read;
  for (const ServiceSource& source : tree_.services) {
    if (source.value == nullptr || source.fragment == nullptr) continue;
    if (read.insert(source.fragment).second) {
      read_definitions(*source.value);
    } else {
      refuse_definitions(source);
    }
  }
  for (const ServiceSource& source : tree_.services) read_service(source);
  draft_.index_names();
  return std::move(draft_);
}

void Reader::read_root(const Value& root) {
  draft_.root = opening(root);
  read_definitions(root);
  const Fields fields(context_, root, schema::kRoot);
  if (const auto process = fields.object("process")) read_process(*process, draft_.process);
  if (const auto logging = fields.object("logging")) read_logging(*logging, draft_.logging);
  if (const auto admin = fields.object("admin")) {
    read_admin(*admin, draft_.admin.emplace());
    draft_.admin_member = member_at(root, "admin");
  }
  if (tree_.is_directory ? tree_.services.empty() && !tree_.is_incomplete : lacks_services(root)) {
    context_.diagnostics.error("no-services", *draft_.root, "no services: at least one is needed");
  }
}

bool Reader::lacks_services(const Value& root) {
  if (is_unreadable(checker_, root, "services")) {
    draft_.uses_incomplete = true;
    return false;
  }
  const Value* services = object_at(root, "services");
  return services == nullptr || services->as_object()->empty();
}

// What a file adds to the pools that all files share.
void Reader::read_definitions(const Value& file) {
  if (is_unreadable(checker_, file, "actions")) draft_.actions_incomplete = true;
  if (is_unreadable(checker_, file, "resources")) draft_.resources_incomplete = true;
  // As an array it is a list of references.
  const Value* registry = file.find("plugins");
  const bool is_list = registry != nullptr && registry->as_array() != nullptr;
  if (!is_list && is_unreadable(checker_, file, "plugins")) draft_.plugins_incomplete = true;
  if (const Value* resources = object_at(file, "resources")) {
    for (const json5::Member& member : *resources->as_object()) {
      define(resource_names_, member);
      read_resource(member.value, {member.key, member.key_place}, false);
    }
  }
  if (const Value* actions = object_at(file, "actions")) {
    for (const json5::Member& member : *actions->as_object()) {
      define(action_names_, member);
      read_action(member.value, {member.key, member.key_place}, false);
    }
  }
  if (const Value* plugins = object_at(file, "plugins")) {
    for (const json5::Member& member : *plugins->as_object()) {
      define(plugin_names_, member);
      if (member.value.as_object() == nullptr) continue;
      PluginDraft& draft = draft_.plugins.emplace_back();
      draft.plugin.name = {member.key, member.key_place};
      draft.value = &member.value;
      read_plugin({context_, member.value, schema::kPlugin}, draft.plugin);
    }
  }
}

// A file that is two services defines what it defines twice.
void Reader::refuse_definitions(const ServiceSource& source) {
  const std::size_t before = context_.diagnostics.all().size();
  const std::pair<std::string_view, Names*> kinds[] = {
      {"resources", &resource_names_}, {"actions", &action_names_}, {"plugins", &plugin_names_}};
  for (const auto& [key, names] : kinds) {
    const Value* definitions = object_at(*source.value, key);
    if (definitions == nullptr) continue;
    for (const json5::Member& member : *definitions->as_object()) define(*names, member);
  }
  context_.diagnostics.add_note(
      before, {source.name.place,
               fmt::format("service \"{}\" is made of the same file", source.name.value)});
}

void Reader::define(Names& names, const json5::Member& member) {
  const auto [first, is_new] = names.places.emplace(member.key, member.key_place);
  if (is_new) return;
  Diagnostic& error =
      context_.diagnostics.error(names.id, member.key_place,
                                 fmt::format("{} \"{}\" is defined twice", names.noun, member.key));
  error.notes.push_back({first->second, "first defined here"});
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
