#pragma once

#include <cstddef>
#include <string_view>

namespace prox::config {

// One character of a UTF-8 text (RFC 3629). `length` in bytes; 0 if the text is empty or does not begin with a valid one.
struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;
};

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

CodePoint first_code_point(std::string_view text);

// True for the second and later bytes of a character.
constexpr bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0u) == 0x80u;
}

// Bytes of the first `count` code points, or of the whole text if it has fewer.
std::size_t bytes_of(std::string_view text, std::size_t count);

}  // namespace prox::config
