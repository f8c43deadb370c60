#pragma once

#include <string_view>

#include "config/context.h"
#include "prox/config/text.h"

namespace prox::config {

// Reports names that are none, that prox writes itself, or that come twice, and values that could not be sent.
void check_header_edits(const Context& context, const HeaderEdits& edits);

// Whether a field can have that name (RFC 9110 §5.1).
bool is_field_name(std::string_view text);

}  // namespace prox::config
