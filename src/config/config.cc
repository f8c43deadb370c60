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

}  // namespace prox::config
