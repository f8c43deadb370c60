#include "routing/edge_table.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>

#include "prox/base/assert.h"

namespace prox::routing {

namespace {

constexpr std::size_t kFirstSlots = 8;

std::uint64_t random_word(std::random_device& source) {
  return std::uint64_t{source()} << 32 | source();
}

// Both halves of the 128-bit product. A plain 64-bit multiplication would never carry the upper bits of a word downwards, so that
// differences in them could be cancelled by the next word whatever the key is.
std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{a} * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template <typename Word>
std::uint64_t load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// The last 0 to 8 bytes as one word. Overlapping loads, since a memcpy of variable size is a call; the text's size is hashed too, so
// that what overlaps cannot make two texts alike.
std::uint64_t load_tail(const char* from, std::size_t size) {
  if (size >= 4) return load<std::uint32_t>(from) << 32 | load<std::uint32_t>(from + size - 4);
  if (size == 0) return 0;
  const auto byte = [from](std::size_t i) {
    return std::uint64_t{static_cast<unsigned char>(from[i])};
  };
  return byte(0) << 16 | byte(size / 2) << 8 | byte(size - 1);
}

}  // namespace

EdgeTable::EdgeTable() : slots_(kFirstSlots) {
  std::random_device source;
  seed_ = random_word(source);
  multiplier_ = random_word(source) | 1;
}

std::uint32_t EdgeTable::find(std::uint32_t parent, std::string_view text) const {
  if (text.size() > longest_) return kNone;
  const std::uint64_t key = hash(parent, text);
  const auto tag = static_cast<std::uint32_t>(key >> 32);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = key & mask;; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if (slot.child == kNone) return kNone;
    if (slot.tag == tag && slot.parent == parent && text_of(slot) == text) return slot.child;
  }
}

void EdgeTable::insert(std::uint32_t parent, std::string_view text, std::uint32_t child) {
  PROX_ASSERT(child != kNone && texts_.size() + text.size() < kNone);
  if (2 * ++used_ > slots_.size()) grow();
  const std::uint64_t key = hash(parent, text);
  place({static_cast<std::uint32_t>(key >> 32), child, parent,
         static_cast<std::uint32_t>(texts_.size()), static_cast<std::uint32_t>(text.size())},
        key);
  texts_ += text;
  longest_ = std::max(longest_, text.size());
}

std::uint64_t EdgeTable::hash(std::uint32_t parent, std::string_view text) const {
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t state =
      fold(seed_ ^ (std::uint64_t{parent} << 32 | (left & UINT32_MAX)), multiplier_);
  for (; left > 8; left -= 8, at += 8) state = fold(state ^ load<std::uint64_t>(at), multiplier_);
  return fold(state ^ load_tail(at, left), multiplier_);
}

void EdgeTable::place(const Slot& slot, std::uint64_t hash) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = hash & mask;
  while (slots_[i].child != kNone) i = (i + 1) & mask;
  slots_[i] = slot;
}

void EdgeTable::grow() {
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(2 * slots_.size()));
  for (const Slot& slot : old) {
    if (slot.child != kNone) place(slot, hash(slot.parent, text_of(slot)));
  }
}

}  // namespace prox::routing
