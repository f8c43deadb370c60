#include "http/h2_memory.h"

#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "prox/base/assert.h"
#include "prox/base/pooled.h"

namespace prox::http {

#ifdef PROX_PLAIN_HEAP

nghttp2_mem* h2_memory() { return nullptr; }

#else

namespace {

// Powers of two from 64 bytes, what a header table entry takes, to 8 KiB; what is larger comes and goes with connections only.
constexpr std::size_t kSmallest = 64;
constexpr std::size_t kClasses = 8;
// What stays in the free lists when a burst is over; the rest goes back to the heap.
constexpr std::size_t kKeptBytes = 4 * 1024 * 1024;

// Before each piece of memory; its size keeps what follows aligned for any type.
struct alignas(alignof(std::max_align_t)) Piece {
  Piece* next;        // while it is free
  std::size_t bytes;  // of this header and of what follows
};

class FreeLists {
 public:
  void* take(std::size_t wanted) {
    const std::size_t index = class_of(wanted + sizeof(Piece));
    if (index < kClasses && lists_[index] != nullptr) {
      Piece* piece = lists_[index];
      lists_[index] = piece->next;
      kept_bytes_ -= piece->bytes;
      return piece + 1;
    }
    const std::size_t bytes = index < kClasses ? kSmallest << index : wanted + sizeof(Piece);
    auto* piece = static_cast<Piece*>(std::malloc(bytes));
    PROX_ASSERT(piece != nullptr);
    piece->bytes = bytes;
    return piece + 1;
  }

  void give_back(void* memory) {
    if (memory == nullptr) return;
    Piece* piece = static_cast<Piece*>(memory) - 1;
    const std::size_t index = class_of(piece->bytes);
    if (index >= kClasses || kept_bytes_ + piece->bytes > kKeptBytes) return std::free(piece);
    kept_bytes_ += piece->bytes;
    piece->next = lists_[index];
    lists_[index] = piece;
  }

  static std::size_t room(const void* memory) {
    return (static_cast<const Piece*>(memory) - 1)->bytes - sizeof(Piece);
  }

 private:
  static std::size_t class_of(std::size_t bytes) {
    if (bytes <= kSmallest) return 0;
    return static_cast<std::size_t>(std::bit_width((bytes - 1) / kSmallest));
  }

  std::array<Piece*, kClasses> lists_{};
  std::size_t kept_bytes_ = 0;
};

FreeLists pieces;

void* allocate(std::size_t bytes, void*) { return pieces.take(bytes); }

void release(void* memory, void*) { pieces.give_back(memory); }

void* allocate_zeroed(std::size_t count, std::size_t bytes, void*) {
  PROX_ASSERT(bytes == 0 || count <= SIZE_MAX / bytes);
  void* memory = pieces.take(count * bytes);
  std::memset(memory, 0, count * bytes);
  return memory;
}

void* reallocate(void* memory, std::size_t bytes, void*) {
  if (memory != nullptr && FreeLists::room(memory) >= bytes) return memory;
  void* larger = pieces.take(bytes);
  if (memory != nullptr) std::memcpy(larger, memory, FreeLists::room(memory));
  pieces.give_back(memory);
  return larger;
}

}  // namespace

nghttp2_mem* h2_memory() {
  static nghttp2_mem memory{nullptr, allocate, release, allocate_zeroed, reallocate};
  return &memory;
}

#endif

}  // namespace prox::http
