#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace prox::routing {

// No node, no entry.
inline constexpr std::uint32_t kNone = UINT32_MAX;

// The edges of a trie in one hash table: (parent node, text) → child node. Open addressing over 20-byte slots, so that a lookup
// touches one or two cache lines whatever the number of edges, and builds no string. The hash has a random key per table: whoever
// chooses hosts, paths or patterns cannot choose where they land.
class EdgeTable {
 public:
  EdgeTable();

  // The child, or kNone.
  std::uint32_t find(std::uint32_t parent, std::string_view text) const;
  // The edge must not be there yet.
  void insert(std::uint32_t parent, std::string_view text, std::uint32_t child);

 private:
  struct Slot {
    std::uint32_t tag = 0;  // upper half of the hash
    std::uint32_t child = kNone;
    std::uint32_t parent = 0;
    std::uint32_t offset = 0;  // of the text in texts_
    std::uint32_t size = 0;
  };

  std::uint64_t hash(std::uint32_t parent, std::string_view text) const;
  std::string_view text_of(const Slot& slot) const {
    return {texts_.data() + slot.offset, slot.size};
  }
  void place(const Slot& slot, std::uint64_t hash);
  void grow();

  std::vector<Slot> slots_;  // a power of two, at most half full
  std::string texts_;
  std::size_t used_ = 0;
  std::size_t longest_ = 0;  // bytes; a longer text is refused without hashing it
  std::uint64_t seed_;
  std::uint64_t multiplier_;
};

}  // namespace prox::routing
