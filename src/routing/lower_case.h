#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace prox::routing {

// Eight characters at once: every request's host goes through this. Bit 7 of each byte of a sum below tells whether the byte's lower
// seven bits have reached a bound; no sum carries into the next byte.
inline std::uint64_t lower_eight(std::uint64_t word) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  const std::uint64_t low = word & (kEach * 0x7f);
  const std::uint64_t from_a = low + kEach * (0x80 - 'A');
  const std::uint64_t beyond_z = low + kEach * (0x80 - 'Z' - 1);
  const std::uint64_t upper = from_a & ~beyond_z & ~word & (kEach * 0x80);
  return word | upper >> 2;  // 0x80 >> 2 is 'a' - 'A'
}

// Copies `from` to `to` with A-Z in lower case; other bytes of a name have no case here. `to` may be where `from` is.
inline void copy_lower(std::string_view from, char* to) {
  std::size_t at = 0;
  for (std::uint64_t word; at + sizeof word <= from.size(); at += sizeof word) {
    std::memcpy(&word, from.data() + at, sizeof word);
    word = lower_eight(word);
    std::memcpy(to + at, &word, sizeof word);
  }
  for (; at < from.size(); ++at)
    to[at] = static_cast<char>(lower_eight(static_cast<unsigned char>(from[at])));
}

}  // namespace prox::routing
