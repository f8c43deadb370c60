#pragma once

#include <array>
#include <bit>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "prox/base/slice.h"

namespace prox::http {

using base::Slice;

// What a byte may be part of; one table for all grammars, so that a head touches four cache lines of tables.
enum CharClass : std::uint8_t {
  kTokenChar = 1,   // RFC 9110 §5.6.2
  kTargetChar = 2,  // of a request target: 0x21–0x7E but "#", and 0x80–0xFF
  kPathChar = 4,    // of a request target, up to its query: the same without "?"
  kHostChar =
      8,  // of a reg-name (RFC 3986 §3.2.2), percent triples aside; see is_valid_host about the comma
  kTextChar = 16,  // of a field value or reason: HTAB, SP, VCHAR, obs-text
};

constexpr std::array<std::uint8_t, 256> make_char_classes() {
  std::array<std::uint8_t, 256> classes{};
  auto add = [&classes](Slice chars, unsigned bits) {
    for (const char c : chars)
      classes[static_cast<unsigned char>(c)] |= static_cast<std::uint8_t>(bits);
  };
  for (std::size_t c = 0x20; c < 256; ++c) {
    if (c == 0x7f) continue;
    classes[c] |= kTextChar;
    if (c != ' ' && c != '#') classes[c] |= kTargetChar;
    if (c != ' ' && c != '#' && c != '?') classes[c] |= kPathChar;
  }
  add("\t", kTextChar);
  add("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", kTokenChar | kHostChar);
  add("!#$%&'*+-.^_`|~", kTokenChar);
  add("-._~!$&'()*+;=", kHostChar);
  return classes;
}

inline constexpr std::array<std::uint8_t, 256> kCharClasses = make_char_classes();

constexpr bool is_in(CharClass char_class, char c) {
  return (kCharClasses[static_cast<unsigned char>(c)] & char_class) != 0;
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_space(char c) { return c == ' ' || c == '\t'; }

// The value of a hexadecimal digit, -1 for any other character.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

#if defined(__SSE2__)
// A bit for each of 16 bytes that may not be of the class; one without a bit certainly is. Heads are made of runs of such
// bytes, and this takes about one instruction a byte where the table takes five.
template <CharClass kClass>
unsigned doubtful_bytes(const char* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  auto equal = [&](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
  auto at_least = [](__m128i values, char c) {
    return _mm_cmpeq_epi8(_mm_max_epu8(values, _mm_set1_epi8(c)), values);
  };
  auto at_most = [](__m128i values, char c) {
    return _mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(c)), values);
  };
  auto bits = [](__m128i flags) { return static_cast<unsigned>(_mm_movemask_epi8(flags)); };
  if constexpr (kClass == kTokenChar || kClass == kHostChar) {
    const __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    const __m128i letters = _mm_and_si128(at_least(lower, 'a'), at_most(lower, 'z'));
    const __m128i digits = _mm_and_si128(at_least(bytes, '0'), at_most(bytes, '9'));
    const __m128i marks = _mm_or_si128(equal('-'), equal('.'));
    return bits(_mm_or_si128(_mm_or_si128(letters, digits), marks)) ^ 0xffff;
  } else if constexpr (kClass == kTextChar) {
    return bits(_mm_or_si128(at_most(bytes, 0x1f), equal(0x7f)));
  } else {
    static_assert(kClass == kTargetChar || kClass == kPathChar);
    const __m128i marks = _mm_or_si128(equal('#'), equal(kClass == kPathChar ? '?' : '#'));
    return bits(_mm_or_si128(_mm_or_si128(at_most(bytes, 0x20), equal(0x7f)), marks));
  }
}
#endif

// The first byte in [p, end) that is not of the class, or `end`. For runs that are short as a rule.
template <CharClass kClass>
const char* skip_few(const char* p, const char* end) {
  for (; end - p >= 4; p += 4) {
    if (!is_in(kClass, p[0])) return p;
    if (!is_in(kClass, p[1])) return p + 1;
    if (!is_in(kClass, p[2])) return p + 2;
    if (!is_in(kClass, p[3])) return p + 3;
  }
  while (p != end && is_in(kClass, *p)) ++p;
  return p;
}

// The same for longer runs. Inlined, so that the constants of the loop stay in registers from field to field.
template <CharClass kClass>
[[gnu::always_inline]] inline const char* skip(const char* p, const char* end) {
#if defined(__SSE2__)
  while (end - p >= 16) {
    const unsigned doubtful = doubtful_bytes<kClass>(p);
    if (doubtful == 0) {
      p += 16;
      continue;
    }
    p += std::countr_zero(doubtful);
    if (!is_in(kClass, *p)) return p;
    ++p;
  }
#endif
  return skip_few<kClass>(p, end);
}

inline bool is_text(Slice text) {
  const char* const end = text.data() + text.size();
  return skip<kTextChar>(text.data(), end) == end;
}

inline Slice slice_between(const char* begin, const char* end) {
  return Slice(begin, static_cast<std::size_t>(end - begin));
}

// Without the spaces and tabs at both ends.
inline Slice trim(Slice text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace prox::http
