#include "config/draft.h"

namespace prox::config {

ActionDraft* Draft::find_action(std::string_view name) {
  const auto found = action_index_.find(name);
  return found == action_index_.end() ? nullptr : &actions[found->second];
}

const ResourceDraft* Draft::find_resource(std::string_view name) const {
  const auto found = resource_index_.find(name);
  return found == resource_index_.end() ? nullptr : &resources[found->second];
}

void Draft::index_names() {
  for (std::size_t i = 0; i < actions.size(); ++i) {
    action_index_.emplace(actions[i].action.name.value, i);
  }
  for (std::size_t i = 0; i < resources.size(); ++i) {
    resource_index_.emplace(resources[i].resource.name.value, i);
  }
}

}  // namespace prox::config
