#pragma once

#include <string>

#include "prox/base/json.h"
#include "prox/config/diagnostic.h"
#include "prox/config/json5.h"

namespace prox::config {

// A JSON5 value as JSON, and that as compact text: keys in the order written, the shortest digits that give the same number back, nothing
// escaped that JSON does not ask for. NaN and Infinity, which JSON has not, are reported.
base::Json json_of(const json5::Value& value, Diagnostics& diagnostics);
std::string to_json(const json5::Value& value, Diagnostics& diagnostics);

}  // namespace prox::config
