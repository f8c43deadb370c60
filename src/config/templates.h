#pragma once

#include "config/context.h"
#include "config/draft.h"

namespace prox::config {

// The `{name}` placeholders of actions.

// For each route and the action that it uses: names in the upstream that this route does not set, and what it becomes with
// those that it does.
void check_templates(const Context& context, const RouteDraft& route, const Action& action);

// What does not depend on a route: upstreams without variables; unknown variables where they are errors; and near misses in
// bodies, where an unknown name stays as text.
void check_shared_templates(const Context& context, const Draft& draft);

}  // namespace prox::config
