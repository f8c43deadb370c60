#pragma once

#include "config/context.h"
#include "config/draft.h"

namespace prox::config {

// Warns of routes that an earlier one of the service leaves nothing for: whatever they match, it matches first.
void warn_of_unreachable(const Context& context, const ServiceDraft& service, Draft& draft);

}  // namespace prox::config
