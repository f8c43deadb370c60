#pragma once

#include <string_view>

#include "prox/config/json5.h"

namespace prox::config::json5 {

// The number that `text` stands for; `text` is a whole JSON5Number (§6), sign included. What is too large for a double becomes
// Infinity and what is too small 0, as in ECMAScript.
Number to_number(std::string_view text);

}  // namespace prox::config::json5
