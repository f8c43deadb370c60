#include "config/json5_explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "config/json5_token.h"

namespace prox::config::json5 {
namespace {

struct Explanation {
  std::size_t offset = 0;
  std::size_t length = 1;
  std::string message;
  std::string help;
};

// Where a text stopped being JSON5, for what words are found for it.
struct Scene {
  std::string_view text;
  const Builder& builder;
  Wanted wanted;
  std::size_t offset;
  Token found;

  bool found_one_of(std::string_view characters) const {
    return found.kind == Token::Kind::Other && found.text.size() == 1 &&
           characters.find(found.text) != characters.npos;
  }
  bool at_root() const { return builder.open().empty(); }
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view expectation(Wanted wanted) {
  switch (wanted) {
    case Wanted::Value: return "a value";
    case Wanted::ValueOrBracket: return "a value or \"]\"";
    case Wanted::KeyOrBrace: return "a key or \"}\"";
    case Wanted::Colon: return "\":\"";
    case Wanted::CommaOrBracket: return "\",\" or \"]\"";
    case Wanted::CommaOrBrace: return "\",\" or \"}\"";
    case Wanted::EndOfFile: return "end of file";
    case Wanted::Number: return "a number";
    case Wanted::Escape: return "an escape";
    case Wanted::HexDigitOfX:
    case Wanted::HexDigitOfU: return "a hexadecimal digit";
    case Wanted::KeyEscapeU: return "\"u\" behind the backslash";
    case Wanted::LowSurrogate: return "a low surrogate (\\uDC00 to \\uDFFF) behind it";
    case Wanted::HighSurrogate: return "a high surrogate (\\uD800 to \\uDBFF) before it";
    case Wanted::KeyCharacter: return "a letter or another character of an unquoted key";
    case Wanted::StringEnd:
    case Wanted::CommentEnd:
    case Wanted::LessDepth: break;
  }
  return {};
}

// --- Help: each function returns "" where it has nothing to say. ---

std::string help_for_characters(const Scene& s) {
  constexpr std::array<std::string_view, 9> kQuotes = {"‘", "’", "‚", "“", "”", "„", "«", "»", "`"};
  if (std::find(kQuotes.begin(), kQuotes.end(), s.found.text) != kQuotes.end()) {
    return "strings stand in plain quotes: \"...\" or '...'";
  }
  if (s.found_one_of("#")) return "comments begin with // or stand between /* and */";
  if (s.found_one_of(";")) return "values are separated by \",\"";
  return {};
}

struct OtherWord {
  std::string_view word;  // in lower case
  std::string_view help;
};

constexpr std::array<OtherWord, 12> kOtherWords = {{
    {"true", "write true"},
    {"false", "write false"},
    {"null", "write null"},
    {"none", "write null"},
    {"nil", "write null"},
    {"undefined", "write null"},
    {"nan", "write NaN"},
    {"infinity", "write Infinity"},
    {"yes", "write true, or \"yes\" for a string"},
    {"no", "write false, or \"no\" for a string"},
    {"on", "write true, or \"on\" for a string"},
    {"off", "write false, or \"off\" for a string"},
}};

std::string help_for_word(std::string_view word) {
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  for (const OtherWord& other : kOtherWords) {
    if (other.word == lower) return std::string(other.help);
  }
  return {};
}

std::string help_with_quotes(std::string_view text, std::size_t offset) {
  constexpr std::size_t kMaxQuoted = 60;
  const std::string_view meant = unquoted_at(text, offset);
  if (meant.empty() || meant.size() > kMaxQuoted || meant.find('\\') != meant.npos)
    return "strings need quotes";
  return fmt::format("strings need quotes: \"{}\"", meant);
}

// A colon or equals sign behind the word: someone left out the braces around the root object.
bool begins_member(const Scene& s) {
  const std::string_view behind = s.text.substr(s.offset + s.found.text.size());
  const auto next = std::find_if_not(behind.begin(), behind.end(), is_space);
  return next != behind.end() && (*next == ':' || *next == '=');
}

std::string help_for_missing_value(const Scene& s) {
  if (s.wanted == Wanted::ValueOrBracket) return "a value is missing before this \",\"";
  return s.at_root() ? ""
                     : fmt::format("the key \"{}\" has no value", s.builder.open().back().next.key);
}

std::string help_for_value(const Scene& s) {
  if (s.found.kind == Token::Kind::Word) {
    if (s.at_root() && begins_member(s)) return "put { and } around the whole file";
    if (s.found.text.front() == '$') return "variables of the environment are not filled in";
    const std::string help = help_for_word(s.found.text);
    return help.empty() ? help_with_quotes(s.text, s.offset) : help;
  }
  const bool missing = s.found_one_of(",") || (s.found_one_of("}") && s.wanted == Wanted::Value);
  if (missing) return help_for_missing_value(s);
  const bool path_or_address =
      s.found_one_of("/:*~@%$") && unquoted_at(s.text, s.offset).size() > 1;
  return path_or_address ? help_with_quotes(s.text, s.offset) : "";
}

std::string help_for_key(std::string_view text, std::size_t offset) {
  std::string_view meant = unquoted_at(text, offset);
  meant = meant.substr(0, meant.find_first_of(":="));
  if (meant.empty() || meant.find('\\') != meant.npos) return {};
  return fmt::format(
      "a key with other characters than letters, digits, $ and _ needs quotes: \"{}\"", meant);
}

std::string help_for_colon(const Scene& s) {
  if (s.found_one_of("=")) return "write \":\" between a key and its value";
  const Member& member = s.builder.open().back().next;
  if (s.found_one_of(",}") || s.found.kind == Token::Kind::EndOfFile) {
    return fmt::format("the key \"{}\" has no value", member.key);
  }
  const bool key_goes_on = member.key_place.offset + member.key_place.length == s.offset;
  const bool quoted =
      s.text[member.key_place.offset] == '"' || s.text[member.key_place.offset] == '\'';
  return key_goes_on && !quoted ? help_for_key(s.text, member.key_place.offset) : "";
}

std::string help_for_key_or_brace(const Scene& s) {
  if (s.found_one_of(",")) return "there is one \",\" too many";
  if (s.found.kind == Token::Kind::Number) {
    return fmt::format("a key that begins with no letter needs quotes: \"{}\"", s.found.text);
  }
  return s.found_one_of("[]{}") || s.found.kind == Token::Kind::EndOfFile
             ? ""
             : help_for_key(s.text, s.offset);
}

std::string help_for_comma(const Scene& s) {
  const char before = s.offset > 0 ? s.text[s.offset - 1] : '\0';
  const bool behind_quote = before == '"' || before == '\'';
  if (behind_quote && s.found.kind == Token::Kind::Word) {
    return fmt::format("inside a string that stands in {0}, write \\{0}", before);
  }
  if (s.found_one_of(":=") && s.wanted == Wanted::CommaOrBracket) return "keys need an object: { }";
  const bool begins_next = s.found.kind == Token::Kind::Word ||
                           s.found.kind == Token::Kind::String ||
                           s.found.kind == Token::Kind::Number || s.found_one_of("{[");
  return begins_next ? "put a \",\" before it" : "";
}

std::string help_for_end(const Scene& s) {
  if (s.found_one_of("}]")) return fmt::format("there is one {} too many", s.found.shown);
  if (s.found_one_of(":=")) return "put { and } around the whole file";
  return "a file holds one value";
}

std::string help_for_number(const Scene& s) {
  std::string_view digits = s.found.text;
  if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty()) return "a sign stands directly before its number";
  if (digits == "." || digits.starts_with(".e") || digits.starts_with(".E"))
    return "a number needs a digit";
  if (digits == "0x" || digits == "0X") return "0x needs digits behind it: 0 to 9, a to f";
  const bool only_digits = digits.find_first_not_of("0123456789.") == digits.npos;
  if (only_digits && std::count(digits.begin(), digits.end(), '.') <= 1 &&
      digits.starts_with('0')) {
    return "a number may not begin with a 0 that is followed by a digit";
  }
  const bool ends_in_exponent =
      digits.find_last_of("eE") != digits.npos &&
      digits.find_first_not_of("+-", digits.find_last_of("eE") + 1) == digits.npos;
  const bool plain_mantissa = digits.find_first_of("eE") == digits.find_first_not_of("0123456789.");
  if (ends_in_exponent && plain_mantissa) return "the exponent needs digits";
  const bool grouped =
      digits.find('_') != digits.npos && digits.find_first_not_of("0123456789_") == digits.npos;
  if (grouped) return "digits cannot be grouped with _";
  const std::string help = help_for_word(digits);
  return help.empty() ? help_with_quotes(s.text, s.offset) : help;
}

std::string help_of(const Scene& s) {
  switch (s.wanted) {
    case Wanted::Value:
    case Wanted::ValueOrBracket: return help_for_value(s);
    case Wanted::KeyOrBrace: return help_for_key_or_brace(s);
    case Wanted::Colon: return help_for_colon(s);
    case Wanted::CommaOrBracket:
    case Wanted::CommaOrBrace: return help_for_comma(s);
    case Wanted::EndOfFile: return help_for_end(s);
    case Wanted::Number: return help_for_number(s);
    case Wanted::Escape:
      return "a backslash cannot stand before a digit, except in \\0 without a digit behind it";
    case Wanted::HexDigitOfX:
      return "\\x takes two hexadecimal digits; a backslash itself is written \\\\";
    case Wanted::HexDigitOfU:
      return "\\u takes four hexadecimal digits; a backslash itself is written \\\\";
    case Wanted::KeyEscapeU: return "other escapes than \\uHHHH need a key in quotes";
    case Wanted::LowSurrogate:
    case Wanted::HighSurrogate:
      return "a character beyond U+FFFF takes two escapes, such as \\uD83D\\uDE00, or stands as "
             "itself";
    case Wanted::KeyCharacter: return "put quotes around the key";
    case Wanted::StringEnd:
      return "a string ends on its line, unless each line break in it follows a backslash";
    case Wanted::CommentEnd:
    case Wanted::LessDepth: break;
  }
  return {};
}

// --- What each kind of failure points at. ---

Explanation explain_token(const Scene& s) {
  const std::string help = help_for_characters(s);
  return {s.offset, std::max<std::size_t>(1, s.found.text.size()),
          fmt::format("expected {}, found {}", expectation(s.wanted), s.found.shown),
          help.empty() ? help_of(s) : help};
}

Explanation explain_character(const Scene& s) {
  const Token found = character_at(s.text, s.offset);
  return {s.offset, std::max<std::size_t>(1, found.text.size()),
          fmt::format("expected {}, found {}", expectation(s.wanted), found.shown), help_of(s)};
}

Explanation explain_escape(const Scene& s, std::size_t offset, std::size_t length) {
  const std::string_view escape = s.text.substr(offset, length);
  return {offset, length, fmt::format("expected {}, found \"{}\"", expectation(s.wanted), escape),
          help_of(s)};
}

Explanation explain_surrogate(const Scene& s, std::size_t offset) {
  constexpr std::size_t kLength = 6;  // \uD83D
  return {offset, kLength,
          fmt::format("half a character, \"{}\": expected {}", s.text.substr(offset, kLength),
                      expectation(s.wanted)),
          help_of(s)};
}

Explanation explain_string_end(const Scene& s) {
  const std::size_t begin = s.offset - 1;
  const std::size_t end = string_end(s.text, begin);
  return {begin, end - begin,
          fmt::format("expected {} to close this unterminated string, found {}", s.text[begin],
                      character_at(s.text, end).shown),
          help_of(s)};
}

Explanation explain_failure(const Scene& s) {
  switch (s.wanted) {
    case Wanted::StringEnd: return explain_string_end(s);
    case Wanted::CommentEnd:
      return {s.offset - 2, 2, "expected */ to close this comment, found end of file", ""};
    case Wanted::LessDepth:
      return {s.offset, 1,
              fmt::format("arrays and objects are nested more than {} deep", kMaxDepth), ""};
    case Wanted::Escape: return explain_escape(s, s.offset - 1, 2);
    case Wanted::KeyCharacter: return explain_escape(s, s.offset, 6);
    case Wanted::LowSurrogate: return explain_surrogate(s, s.offset - 6);
    case Wanted::HighSurrogate: return explain_surrogate(s, s.offset - 2);
    case Wanted::HexDigitOfX:
    case Wanted::HexDigitOfU:
    case Wanted::KeyEscapeU: return explain_character(s);
    case Wanted::Value:
    case Wanted::ValueOrBracket:
    case Wanted::KeyOrBrace:
    case Wanted::Colon:
    case Wanted::CommaOrBracket:
    case Wanted::CommaOrBrace:
    case Wanted::EndOfFile:
    case Wanted::Number: break;
  }
  return explain_token(s);
}

// A text that ends too early, or closes with the wrong bracket, is best mended where the open one began.
bool wants_opening_shown(const Scene& s) {
  const bool between_tokens = s.wanted <= Wanted::CommaOrBrace;
  if (!between_tokens || s.at_root()) return false;
  const bool wrong_bracket = s.found_one_of(s.builder.open().back().value.as_array() ? "}" : "]");
  return wrong_bracket || s.found.kind == Token::Kind::EndOfFile;
}

}  // namespace

void explain(const Failure& failure, std::string_view text, const Builder& builder,
             Diagnostics& diagnostics) {
  const Scene scene{text, builder, failure.wanted, failure.offset, token_at(text, failure.offset)};
  Explanation e = explain_failure(scene);
  Diagnostic& error = diagnostics.error("syntax", builder.place_of(e.offset, e.length),
                                        std::move(e.message), std::move(e.help));
  if (!wants_opening_shown(scene)) return;
  const std::size_t opened = builder.open().back().value.place.offset;
  error.notes.push_back(
      {builder.place_of(opened, 1), fmt::format("\"{}\" is opened here", text[opened])});
}

}  // namespace prox::config::json5
