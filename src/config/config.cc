#include "prox/config/config.h"

#include <algorithm>

namespace prox::config {

const Action* Config::find_action(std::string_view name) const {
  const auto found = std::find_if(actions.begin(), actions.end(),
                                  [&](const Action& action) { return action.name.value == name; });
  return found == actions.end() ? nullptr : &*found;
}

const Resource* Config::find_resource(std::string_view name) const {
  const auto found = std::find_if(resources.begin(), resources.end(),
                                  [&](const Resource& r) { return r.name.value == name; });
  return found == resources.end() ? nullptr : &*found;
}

const Connecting* Action::connecting() const {
  if (const auto* proxy = as<ProxyAction>()) return &proxy->connecting;
  if (const auto* pass = as<PassAction>()) return &pass->connecting;
  return nullptr;
}

}  // namespace prox::config
