#pragma once

#include <string_view>

#include "prox/base/error.h"

namespace prox::exchange {

// What an access line calls an error: "connect_refused", "header_timeout". All of them are in prox.json5(5).
std::string_view error_word(const base::Error& error);

}  // namespace prox::exchange
