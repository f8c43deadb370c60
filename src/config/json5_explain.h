#pragma once

#include <string_view>

#include "config/json5_builder.h"
#include "config/json5_failure.h"
#include "prox/config/diagnostic.h"

namespace prox::config::json5 {

// Adds the error (id "syntax") for a text that is not JSON5: what was expected, what was found, and the way out of the common slips.
// `builder` is as the parse left it: it knows which brackets are open and which key came last.
void explain(const Failure& failure, std::string_view text, const Builder& builder,
             Diagnostics& diagnostics);

}  // namespace prox::config::json5
