#pragma once

#include <string>

#include "config/tree.h"

namespace prox::config {

// All files of a config as one JSON object: definitions merged, route files in their places, every key of the tables that is
// written or has a default, in the order of the tables; durations as "1m30s"; "[REDACTED]" for what nobody should read.
std::string describe_effective(const Tree& tree);

}  // namespace prox::config
