#pragma once

#include <optional>
#include <string_view>

#include "config/context.h"
#include "prox/config/json5.h"
#include "prox/config/text.h"

namespace prox::config {

// A secret as a string, or from where { env } or { file } says. What is wrong with it is reported, without a word of it; then,
// and if its form was wrong, there is none.
std::optional<Secret> read_secret(const Context& context, const json5::Value& value,
                                  std::string_view key);

}  // namespace prox::config
