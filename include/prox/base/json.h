#pragma once

#include <nlohmann/json_fwd.hpp>

namespace prox::base {

// JSON that prox emits or reads from its own processes (control socket, -format json), keys in the order they were added.
// Config files are not read with it: they are JSON5, and every value there has a place (config/json5.h).
using Json = nlohmann::ordered_json;

}  // namespace prox::base
