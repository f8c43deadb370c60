#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace prox::base {

class BlockPool;

// A run of bytes from a BlockPool, counted by the BlockRefs that hold it (one thread, so a plain count).
struct Block {
  BlockPool* pool;
  Block* next_free;
  std::uint32_t capacity;  // bytes after this header
  std::uint32_t refs;
  char* data() { return reinterpret_cast<char*>(this + 1); }
};

// Holds a block; the last holder gives it back to its pool.
class BlockRef {
 public:
  BlockRef() = default;
  explicit BlockRef(Block* adopted) : block_(adopted) {}  // takes over one count
  BlockRef(const BlockRef& other) : block_(other.block_) {
    if (block_ != nullptr) ++block_->refs;
  }
  BlockRef(BlockRef&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  BlockRef& operator=(BlockRef other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~BlockRef() { reset(); }

  void reset();
  explicit operator bool() const { return block_ != nullptr; }
  char* data() const { return block_->data(); }
  std::size_t capacity() const { return block_->capacity; }
  bool is_shared() const { return block_->refs > 1; }
  bool operator==(const BlockRef& other) const { return block_ == other.block_; }

 private:
  Block* block_ = nullptr;
};

// Free lists of two sizes: small blocks for heads, large ones for bodies. Larger ones come from the heap and go back to
// it. Last in, first out, so that the block in use is the one in the cache. Must outlive every block taken from it.
class BlockPool {
 public:
  static constexpr std::size_t kSmall = 4096 - sizeof(Block);
  static constexpr std::size_t kLarge = 32768 - sizeof(Block);

  BlockPool() = default;
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  ~BlockPool();

  // A block of at least `bytes`.
  BlockRef take(std::size_t bytes);
  // Blocks handed out and not yet given back, for tests and status.
  std::size_t in_use() const { return in_use_; }
  std::size_t free_blocks() const { return small_.count + large_.count; }

 private:
  friend class BlockRef;
  struct FreeList {
    Block* head = nullptr;
    std::size_t count = 0;
  };
  void give_back(Block* block);

  FreeList small_;
  FreeList large_;
  std::size_t in_use_ = 0;
};

inline void BlockRef::reset() {
  Block* block = std::exchange(block_, nullptr);
  if (block != nullptr && --block->refs == 0) block->pool->give_back(block);
}

}  // namespace prox::base
