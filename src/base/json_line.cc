#include "prox/base/json_line.h"

#include <array>
#include <charconv>
#include <cstring>

#include "prox/base/timestamp.h"

namespace prox::base {

namespace {

unsigned char byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

// Bytes that stand for themselves.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

// The size of the well-formed UTF-8 sequence of two or more bytes (RFC 3629 §4) that `text` starts with, or 0.
std::size_t multibyte_size(std::string_view text) {
  const unsigned char lead = byte_at(text, 0);
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  std::uint32_t point = lead & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte_at(text, i) & 0xc0) != 0x80) return 0;
    point = point << 6 | (byte_at(text, i) & 0x3fU);
  }
  const bool overlong = (size == 3 && point < 0x800) || (size == 4 && point < 0x10000);
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  return overlong || surrogate || point > 0x10ffff ? 0 : size;
}

char* copy(std::string_view bytes, char* to) {
  std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

char* write_escaped(unsigned char byte, char* to) {
  switch (byte) {
    case '"': return copy("\\\"", to);
    case '\\': return copy("\\\\", to);
    case '\n': return copy("\\n", to);
    case '\r': return copy("\\r", to);
    case '\t': return copy("\\t", to);
    default: break;
  }
  constexpr char kDigits[] = "0123456789abcdef";
  to = copy("\\u00", to);
  *to++ = kDigits[byte >> 4];
  *to++ = kDigits[byte & 15];
  return to;
}

}  // namespace

char* write_json_text(std::string_view text, char* to) {
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && kPlain[byte_at(text, plain)]) ++plain;
    to = copy(text.substr(0, plain), to);
    text.remove_prefix(plain);
    if (text.empty()) break;
    std::size_t size = 1;
    if (byte_at(text, 0) < 0x80) {
      to = write_escaped(byte_at(text, 0), to);
    } else if (const std::size_t whole = multibyte_size(text); whole > 0) {
      size = whole;
      to = copy(text.substr(0, whole), to);
    } else {
      to = copy("\\ufffd", to);
    }
    text.remove_prefix(size);
  }
  return to;
}

void JsonLine::text(std::string_view name, std::string_view value) {
  key(name);
  *at_++ = '"';
  at_ = write_json_text(value, at_);
  *at_++ = '"';
}

void JsonLine::number(std::string_view name, std::int64_t value) {
  key(name);
  put_number(value);
}

void JsonLine::boolean(std::string_view name, bool value) {
  key(name);
  put(value ? "true" : "false");
}

void JsonLine::millis(std::string_view name, Micros value) {
  key(name);
  put_number(value / 1000);
  *at_++ = '.';
  Micros rest = value % 1000;
  for (int digit = 2; digit >= 0; --digit) {
    at_[digit] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }
  at_ += 3;
}

void JsonLine::time(std::string_view name, std::int64_t nanos_since_1970, int digits) {
  key(name);
  *at_++ = '"';
  at_ = write_timestamp(nanos_since_1970, digits, at_);
  *at_++ = '"';
}

char* JsonLine::end() {
  put("}\n");
  return at_;
}

void JsonLine::put(std::string_view bytes) { at_ = copy(bytes, at_); }

void JsonLine::put_number(std::int64_t value) {
  at_ = std::to_chars(at_, at_ + kMaxNumber, value).ptr;
}

void JsonLine::key(std::string_view name) {
  if (!is_first_) *at_++ = ',';
  is_first_ = false;
  *at_++ = '"';
  put(name);
  put("\":");
}

}  // namespace prox::base
