#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "prox/config/config.h"

namespace prox::config {

// `[A-Za-z_][A-Za-z0-9_.-]*`: what may stand between the braces of a template.
bool is_variable_name(std::string_view text);

// The names of all `{name}` in a template, in order, each once.
std::vector<std::string_view> placeholders(std::string_view text);

// The template with the values of `set` filled in, in one pass.
std::string fill_in(std::string_view text, const StringMap& set);

}  // namespace prox::config
