#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "prox/config/config.h"
#include "prox/config/diagnostic.h"
#include "prox/config/json5.h"

namespace prox::config {

// A config between reading and the checks across its parts: what was understood, and beside it what only those checks need to know.
struct RouteDraft {
  std::size_t index = 0;  // in the service's list, route files spliced in
  Route route;            // its action's name is empty if it has none, or none that could be read
  bool comparable =
      true;  // its match is free of errors and of conditions that are not built in yet
  bool has_balancer = false;
  // Goes with what depends on where the route stands, if its file is a part of several lists of routes.
  std::optional<Diagnostic::Note> use;
  const json5::Value* value =
      nullptr;  // the object as written; outlives the draft, as do those below
};

struct ServiceDraft {
  Service service;
  std::vector<RouteDraft> routes;
  std::size_t route_count = 0;  // those of a wrong form included
  bool lacks_routes = false;    // some could not be read, or stand under a misspelt key
  const json5::Value* value = nullptr;
};

struct ActionDraft {
  Action action;
  bool is_known = false;  // its type is one of ActionType
  bool is_inline = false;
  const json5::Value* value = nullptr;
};

struct PluginDraft {
  Plugin plugin;
  const json5::Value* value = nullptr;
};

struct ResourceDraft {
  Resource resource;
  bool is_inline = false;
};

struct Draft {
  std::vector<ServiceDraft> services;
  std::vector<ActionDraft> actions;
  std::vector<ResourceDraft> resources;
  std::vector<PluginDraft> plugins;
  Process process;
  Logging logging;
  std::optional<Admin> admin;
  std::optional<Place> root;  // the opening { of the root object, if there is one
  const json5::Member* admin_member = nullptr;
  // Whether a name that is not found may be defined in what could not be read: other files, or a misspelt block.
  bool actions_incomplete = false;
  bool resources_incomplete = false;
  bool plugins_incomplete = false;
  // Whether names may be used, or actions written inline, in what could not be read or was forgotten.
  bool uses_incomplete = false;

  ActionDraft* find_action(std::string_view name);
  const ResourceDraft* find_resource(std::string_view name) const;
  // After the last action or resource was added.
  void index_names();

 private:
  std::unordered_map<std::string_view, std::size_t> action_index_;
  std::unordered_map<std::string_view, std::size_t> resource_index_;
};

}  // namespace prox::config
