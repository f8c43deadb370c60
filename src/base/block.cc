#include "prox/base/block.h"

#include <new>

#include "prox/base/assert.h"

namespace prox::base {

namespace {

// What an idle worker keeps for the next burst: 256 × 4 KiB and 64 × 32 KiB, 3 MiB. The rest goes back to the heap.
constexpr std::size_t kKeptSmall = 256;
constexpr std::size_t kKeptLarge = 64;

Block* allocate(BlockPool* pool, std::size_t capacity) {
  void* memory = ::operator new(sizeof(Block) + capacity);
  return new (memory) Block{pool, nullptr, static_cast<std::uint32_t>(capacity), 1};
}

}  // namespace

BlockPool::~BlockPool() {
  PROX_ASSERT(in_use_ == 0);
  for (FreeList* list : {&small_, &large_}) {
    while (list->head != nullptr)
      ::operator delete(std::exchange(list->head, list->head->next_free));
  }
}

BlockRef BlockPool::take(std::size_t bytes) {
  ++in_use_;
  if (bytes > kLarge) return BlockRef(allocate(this, bytes));
  const bool is_small = bytes <= kSmall;
  FreeList& list = is_small ? small_ : large_;
  if (list.head == nullptr) return BlockRef(allocate(this, is_small ? kSmall : kLarge));
  Block* block = std::exchange(list.head, list.head->next_free);
  --list.count;
  block->refs = 1;
  return BlockRef(block);
}

void BlockPool::give_back(Block* block) {
  --in_use_;
  const bool is_small = block->capacity == kSmall;
  FreeList& list = is_small ? small_ : large_;
  if (block->capacity > kLarge || list.count >= (is_small ? kKeptSmall : kKeptLarge)) {
    ::operator delete(block);
    return;
  }
  block->next_free = std::exchange(list.head, block);
  ++list.count;
}

}  // namespace prox::base
