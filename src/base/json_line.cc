#include "prox/base/json_line.h"

#include <array>
#include <charconv>
#include <cstdint>
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

// Whether all of eight bytes do. Each term sets the high bit of the lowest byte that does not, if there is one.
bool are_plain(std::uint64_t eight) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = 0x80 * kOnes;
  const auto below = [](std::uint64_t bytes, std::uint64_t limit) {
    return (bytes - limit * kOnes) & ~bytes;
  };
  const std::uint64_t special = eight | below(eight, 0x20) | below(eight ^ ('"' * kOnes), 1) |
                                below(eight ^ ('\\' * kOnes), 1);
  return (special & kHighs) == 0;
}

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

// U+0080 to U+009F: some terminals heed them (ECMA-48 §8.3), and these lines are shown on one.
bool is_control(std::string_view sequence) {
  return byte_at(sequence, 0) == 0xc2 && byte_at(sequence, 1) < 0xa0;
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

// Copies them if they are plain.
bool copy_eight(const char* from, char* to) {
  std::uint64_t eight = 0;
  std::memcpy(&eight, from, 8);
  if (!are_plain(eight)) return false;
  std::memcpy(to, &eight, 8);
  return true;
}

// As many bytes as are plain in front of the first that is not; returns their number. What is left behind eights is copied with some of
// those in front of it: most texts are short, and most of all are plain.
std::size_t copy_plain(const char* from, std::size_t size, char* to) {
  std::size_t done = 0;
  while (done + 8 <= size && copy_eight(from + done, to + done)) done += 8;
  if (size >= 8 && done + 8 > size && copy_eight(from + size - 8, to + size - 8)) return size;
  while (done < size && kPlain[static_cast<unsigned char>(from[done])]) {
    to[done] = from[done];
    ++done;
  }
  return done;
}

}  // namespace

char* write_json_text(std::string_view text, char* to) {
  for (;;) {
    const std::size_t plain = copy_plain(text.data(), text.size(), to);
    to += plain;
    if (plain == text.size()) return to;
    text.remove_prefix(plain);
    std::size_t size = 1;
    if (byte_at(text, 0) < 0x80) {
      to = write_escaped(byte_at(text, 0), to);
    } else if (const std::size_t whole = multibyte_size(text); whole > 0) {
      size = whole;
      to = is_control(text) ? write_escaped(byte_at(text, 1), to) : copy(text.substr(0, whole), to);
    } else {
      to = copy("\\ufffd", to);
    }
    text.remove_prefix(size);
  }
}

void JsonLine::put_text(std::string_view value) {
  *at_++ = '"';
  at_ = write_json_text(value, at_);
  *at_++ = '"';
}

void JsonLine::put_number(std::int64_t value) {
  at_ = std::to_chars(at_, at_ + kMaxNumber, value).ptr;
}

void JsonLine::put_millis(Micros value) {
  put_number(value / 1000);
  *at_++ = '.';
  Micros rest = value % 1000;
  for (int digit = 2; digit >= 0; --digit) {
    at_[digit] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }
  at_ += 3;
}

void JsonLine::put_time(std::int64_t nanos_since_1970, int digits) {
  *at_++ = '"';
  at_ = write_timestamp(nanos_since_1970, digits, at_);
  *at_++ = '"';
}

char* JsonLine::end() {
  *begin_ = '{';
  put("}\n");
  return at_;
}

}  // namespace prox::base
