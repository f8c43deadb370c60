#pragma once

#include "config/context.h"
#include "prox/config/text.h"

namespace prox::config {

// Reports names that are none, that prox writes itself, or that come twice, and values that could not be sent.
void check_header_edits(const Context& context, const HeaderEdits& edits);

}  // namespace prox::config
