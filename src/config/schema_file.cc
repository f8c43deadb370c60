#include <algorithm>
#include <vector>

#include "config/schema.h"

// What stands at the top of each kind of file beside the root file.
namespace prox::config::schema {
namespace {

constexpr std::string_view kDirectoryHelp =
    "in a directory of services, _global.json5 stands for the root file";
constexpr Foreign kRootOnly[] = {
    {"services", "fragment-root-key", "is only allowed in the root file", ""},
    {"logging", "fragment-root-key", "is only allowed in the root file", kDirectoryHelp},
    {"admin", "fragment-root-key", "is only allowed in the root file", kDirectoryHelp},
    {"process", "fragment-root-key", "is only allowed in the root file", kDirectoryHelp},
};
constexpr Foreign kServicesElsewhere[] = {
    {"services", "global-services",
     "has no place here: each other file of the directory is a service", ""},
};

// A service's keys, and what else its file may define. `plugins` is a list or a registry; the value's form tells which.
std::vector<Key> fragment_keys(bool has_plugin_list) {
  std::vector<Key> keys(kService.keys.begin(), kService.keys.end());
  for (const std::string_view shared : {"actions", "resources"})
    keys.push_back(*kRoot.find(shared));
  Key list = *kService.find("plugins");
  list.name = "service_plugins";
  keys.push_back(list);
  if (!has_plugin_list) {
    const auto plugins = std::find_if(keys.begin(), keys.end(),
                                      [](const Key& key) { return key.name == "plugins"; });
    *plugins = *kRoot.find("plugins");
    plugins->type.text = "an object of plugins or an array of names";
  }
  return keys;
}

std::vector<Key> global_keys() {
  std::vector<Key> keys;
  std::copy_if(kRoot.keys.begin(), kRoot.keys.end(), std::back_inserter(keys),
               [](const Key& key) { return key.name != "services"; });
  return keys;
}

// Strings are reported as nested includes by whoever follows includes.
constexpr Type kIncludedRoute = {
    .forms = kObject | kString, .text = "an object", .object = &kRoute};
constexpr Type kIncludedRoutes = array_of(kIncludedRoute, "an array of routes");
constexpr Key kRouteFileKeys[] = {
    {"routes", kIncludedRoutes, kRequired, "",
     "the routes that stand in the place of the file's name"},
};

}  // namespace

const Object& fragment(bool has_plugin_list) {
  static const std::vector<Key> kWithList = fragment_keys(true);
  static const std::vector<Key> kWithRegistry = fragment_keys(false);
  static const Object kListing = {"service", "this service", kWithList, {}, kRootOnly};
  static const Object kDefining = {"service", "this service", kWithRegistry, {}, kRootOnly};
  return has_plugin_list ? kListing : kDefining;
}

const Object& global_file() {
  static const std::vector<Key> kKeys = global_keys();
  static const Object kGlobal = {"_global.json5", "_global.json5", kKeys, {}, kServicesElsewhere};
  return kGlobal;
}

const Type kRouteFile = {.forms = kObject | kArray,
                         .text = "an array or an object",
                         .object = &kRouteFileObject,
                         .items = &kIncludedRoute};
const Object kRouteFileObject = {"route file", "this route file", kRouteFileKeys, {}};

}  // namespace prox::config::schema
