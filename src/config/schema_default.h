#pragma once

#include <optional>

#include "config/schema.h"
#include "prox/base/json.h"

namespace prox::config::schema {

// The default of a key as JSON; nothing if it has none, or one that only the run brings.
std::optional<base::Json> default_of(const Key& key);

}  // namespace prox::config::schema
