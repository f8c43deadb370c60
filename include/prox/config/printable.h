#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace prox::config {

// Fit for a terminal: each line break, other control character, mark of direction, and each byte that is not UTF-8 replaced by U+FFFD, so
// that nothing else is shown than what the text holds.
std::string printable(std::string_view text);

// Columns: one a code point. Also meaningful for text that is not UTF-8: each byte that continues nothing is not counted.
std::size_t width(std::string_view text);

}  // namespace prox::config
