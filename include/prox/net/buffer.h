#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <sys/uio.h>

#include "prox/base/block.h"
#include "prox/base/slice.h"

namespace prox::net {

// A queue of bytes on their way out, in runs that lie in blocks it holds. Bodies enter by sharing the block they were read into;
// only heads and chunk lines are copied in. Keeps its list's capacity while it lives.
class Buffer {
 public:
  explicit Buffer(base::BlockPool& pool) : pool_(&pool) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  bool empty() const { return bytes_ == 0; }
  std::size_t size() const { return bytes_; }
  // Memory kept from reuse by what waits here, the measure for water marks: one byte may hold a whole block.
  std::size_t held_bytes() const { return held_; }

  // Takes part in `block`; `data` lies in it.
  void append(const base::BlockRef& block, base::Slice data);
  void append_copy(base::Slice data);
  // Moves everything of `other` behind what is here.
  void append_all(Buffer& other);

  // Room for up to `bytes` at one place, to be filled from its start; commit() says how many were.
  char* reserve(std::size_t bytes);
  void commit(std::size_t bytes);

  // The first runs, for writev(2); returns how many of `max` were filled in.
  int gather(iovec* vectors, int max) const;
  // Drops bytes from the front.
  void consume(std::size_t bytes);
  void clear();
  // All bytes as one string, for tests.
  std::string to_string() const;

 private:
  struct Run {
    base::BlockRef block;
    char* begin;
    std::size_t size;
  };
  void push(base::BlockRef block, char* begin, std::size_t size);
  void pop_front();

  base::BlockPool* pool_;
  std::vector<Run> runs_;
  std::size_t first_ = 0;  // runs_ before it are spent
  std::size_t bytes_ = 0;
  std::size_t held_ = 0;
};

}  // namespace prox::net
