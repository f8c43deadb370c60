#pragma once

#include <string>

#include "prox/config/diagnostic.h"
#include "prox/config/json5.h"

namespace prox::config {

// A JSON5 value as compact JSON: keys in the order written, the shortest digits that give the same number back, nothing
// escaped that JSON does not ask for. NaN and Infinity, which JSON has not, are reported.
std::string to_json(const json5::Value& value, Diagnostics& diagnostics);

}  // namespace prox::config
