#pragma once

#include <optional>

#include "prox/config/config.h"
#include "prox/routing/router.h"

namespace prox::routing {

// A route's match, as the router wants it. The config's checks must have found no error in it. None: every request.
RouteMatch compile(const std::optional<config::Match>& match);

}  // namespace prox::routing
