#pragma once

#include "config/check.h"
#include "config/context.h"
#include "config/draft.h"

namespace prox::config {

// The checks that need more than one part of the config: names that are referred to, addresses in use, variables of
// templates, routes that can never be reached, definitions that nobody uses.
void validate(const Context& context, const Checker& checker, Draft& draft);

}  // namespace prox::config
