#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace prox::config::json5 {

// What stands at some place of a text, right or wrong JSON5: for messages.
struct Token {
  enum class Kind : std::uint8_t { EndOfFile, String, Word, Number, Other };

  Kind kind = Kind::EndOfFile;
  std::string_view text;  // as written; empty at the end of the file
  std::string
      shown;  // `"x"`, `the string "x"`, `"“" (U+201C)`, `end of file`: fits behind "found "
};

// The string, word, number or single character that begins at `offset`. A Number is what begins like one, valid or not.
Token token_at(std::string_view text, std::size_t offset);
// The single character at `offset`, as it matters inside a string.
Token character_at(std::string_view text, std::size_t offset);
// What someone who forgot the quotes may have meant as a string: up to white space, a quote, a comma or a bracket.
std::string_view unquoted_at(std::string_view text, std::size_t offset);
// Where the string whose opening quote is at `offset` ends: behind its closing quote, or at the line break or end of file that cut it off.
std::size_t string_end(std::string_view text, std::size_t offset);

}  // namespace prox::config::json5
