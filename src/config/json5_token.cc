#include "config/json5_token.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/unicode_identifier.h"
#include "config/utf8.h"

namespace prox::config::json5 {
namespace {

constexpr std::size_t kMaxShown = 40;  // characters of a token

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string shortened(std::string_view text) {
  const std::size_t length = bytes_of(text, kMaxShown);
  return length < text.size() ? fmt::format("{}...", text.substr(0, length)) : std::string(text);
}

std::size_t word_length(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const CodePoint c = first_code_point(text.substr(at));
    if (!is_identifier_part(c.value)) break;
    at += c.length;
  }
  return at;
}

// 0 if no number begins here.
std::size_t number_length(std::string_view text) {
  const bool sign = text.starts_with('+') || text.starts_with('-');
  const bool point = text.starts_with('.');
  if (!sign && !point && !is_digit(text.front())) return 0;
  std::size_t at = sign ? 1 : 0;
  const bool hex = text.substr(at, 2) == "0x" || text.substr(at, 2) == "0X";
  while (at < text.size()) {
    const bool in_exponent = !hex && at > 0 && (text[at] == '+' || text[at] == '-') &&
                             (text[at - 1] == 'e' || text[at - 1] == 'E');
    const std::size_t word = word_length(text.substr(at));
    if (word > 0) {
      at += word;
    } else if (text[at] == '.' || in_exponent) {
      ++at;
    } else {
      break;
    }
  }
  return at;
}

}  // namespace

Token token_at(std::string_view text, std::size_t offset) {
  const std::string_view rest = text.substr(offset);
  if (rest.empty()) return character_at(text, offset);
  if (rest.front() == '"' || rest.front() == '\'') {
    const std::string_view string = rest.substr(0, string_end(text, offset) - offset);
    return {Token::Kind::String, string, fmt::format("the string {}", shortened(string))};
  }
  if (const std::size_t length = number_length(rest); length > 0) {
    return {Token::Kind::Number, rest.substr(0, length),
            fmt::format("\"{}\"", shortened(rest.substr(0, length)))};
  }
  if (const std::size_t length = word_length(rest); length > 0) {
    return {Token::Kind::Word, rest.substr(0, length),
            fmt::format("\"{}\"", shortened(rest.substr(0, length)))};
  }
  return character_at(text, offset);
}

Token character_at(std::string_view text, std::size_t offset) {
  const std::string_view rest = text.substr(offset);
  if (rest.empty()) return {Token::Kind::EndOfFile, {}, "end of file"};
  const CodePoint c = first_code_point(rest);
  const std::string_view character = rest.substr(0, c.length);
  Token token{Token::Kind::Other, character, {}};
  if (character == "\n" || character == "\r") {
    token.shown = "end of line";
  } else if (character == "\"") {
    token.shown = "'\"'";
  } else if (c.value < 0x20 || c.value == 0x7F) {
    token.shown = fmt::format("the character U+{:04X}", static_cast<unsigned>(c.value));
  } else if (c.value > 0x7F) {  // may look like ASCII, so it is named too
    token.shown = fmt::format("\"{}\" (U+{:04X})", character, static_cast<unsigned>(c.value));
  } else {
    token.shown = fmt::format("\"{}\"", character);
  }
  return token;
}

std::string_view unquoted_at(std::string_view text, std::size_t offset) {
  const std::string_view rest = text.substr(offset);
  return rest.substr(0, std::min(rest.find_first_of(" \t\r\n\v\f,[]{}\"'"), rest.size()));
}

std::size_t string_end(std::string_view text, std::size_t offset) {
  const char quote = text[offset];
  for (std::size_t at = offset + 1; at < text.size(); ++at) {
    if (text[at] == quote) return at + 1;
    if (text[at] == '\n' || text[at] == '\r') return at;
    if (text[at] == '\\') at += text.substr(at + 1, 2) == "\r\n" ? 2 : 1;
  }
  return text.size();
}

}  // namespace prox::config::json5
