#pragma once

#include <string>

namespace prox::config {

// The tables of keys as a JSON Schema (draft 2020-12) of the root file, for editors: types, words, ranges, defaults, descriptions.
// Indented, with a line break at the end; conf/prox.schema.json is just this text.
std::string json_schema();

}  // namespace prox::config
