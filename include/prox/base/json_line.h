#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "prox/base/clock.h"

namespace prox::base {

// What one byte of a text may become in JSON: "\u001f".
inline constexpr std::size_t kMostJsonBytes = 6;

// Writes `text` as it stands between the quotes of a JSON string (RFC 8259 §7); returns the end. Bytes that are not UTF-8 become U+FFFD,
// since they would make the whole document invalid (§8.1). Takes text.size() * kMostJsonBytes at most.
char* write_json_text(std::string_view text, char* to);

// One line of a log: a flat JSON object, written into memory that its user has made large enough. Without a library, since a line a request
// must cost no more than copying what it says.
class JsonLine {
 public:
  // At most this many bytes for a field with that text, or with a number.
  static constexpr std::size_t room(std::string_view key, std::string_view text) {
    return key.size() + kPunctuation + text.size() * kMostJsonBytes;
  }
  static constexpr std::size_t room(std::string_view key) {
    return key.size() + kPunctuation + kMaxNumber;
  }
  static constexpr std::size_t kEnds = 4;  // braces and line end

  explicit JsonLine(char* to) : begin_(to), at_(to) {}

  // Keys are ours: they need no escaping. Most are known to the compiler, which then writes them in a few moves.
  void text(std::string_view key, std::string_view value) {
    put_key(key);
    put_text(value);
  }
  void number(std::string_view key, std::int64_t value) {
    put_key(key);
    put_number(value);
  }
  void boolean(std::string_view key, bool value) {
    put_key(key);
    put(value ? "true" : "false");
  }
  // In milliseconds with three decimals: 12.345.
  void millis(std::string_view key, Micros value) {
    put_key(key);
    put_millis(value);
  }
  void time(std::string_view key, std::int64_t nanos_since_1970, int digits) {
    put_key(key);
    put_time(nanos_since_1970, digits);
  }
  // Ends a line that has at least one field; returns its end.
  char* end();

 private:
  static constexpr std::size_t kPunctuation = 6;  // ,"":""
  static constexpr std::size_t kMaxNumber = 32;

  void put(std::string_view bytes) {
    std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  // The first comma becomes the brace in the end.
  void put_key(std::string_view name) {
    put(",\"");
    put(name);
    put("\":");
  }
  void put_text(std::string_view value);
  void put_number(std::int64_t value);
  void put_millis(Micros value);
  void put_time(std::int64_t nanos_since_1970, int digits);

  char* const begin_;
  char* at_;
};

}  // namespace prox::base
