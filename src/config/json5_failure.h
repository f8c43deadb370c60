#pragma once

#include <cstddef>
#include <cstdint>

namespace prox::config::json5 {

// What the grammar needed at the place where a text stopped being JSON5.
enum class Wanted : std::uint8_t {
  Value,           // offset: the token found instead; so for the next seven
  ValueOrBracket,  // in an array, where it may also end
  KeyOrBrace,      // in an object, where it may also end
  Colon,
  CommaOrBracket,
  CommaOrBrace,
  EndOfFile,
  Number,       // something that begins like a number is none
  StringEnd,    // offset: behind the opening quote
  CommentEnd,   // offset: behind the opening /*
  Escape,       // offset: the digit behind the backslash
  HexDigitOfX,  // offset: the character found instead; so for the next two
  HexDigitOfU,
  KeyEscapeU,     // in an unquoted key a backslash can only begin \uHHHH
  LowSurrogate,   // offset: behind an escaped high surrogate
  HighSurrogate,  // offset: the digits of an escaped low surrogate that follows no high one
  KeyCharacter,   // offset: an escape that stands for what an unquoted key cannot hold there
  LessDepth,      // offset: the bracket that opens one level too many
};

// Thrown by the grammar's rules and actions, caught in json5.cc.
struct Failure {
  Wanted wanted;
  std::size_t offset;  // bytes from the start of the text
};

}  // namespace prox::config::json5
