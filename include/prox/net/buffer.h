#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/uio.h>

#include "prox/base/block.h"
#include "prox/base/shared_fd.h"
#include "prox/base/slice.h"

namespace prox::net {

// A queue of bytes on their way out, in runs that lie in blocks it holds, or in files. Bodies enter by sharing the block they were read
// into; only heads and chunk lines are copied in. Keeps its list's capacity while it lives.
class Buffer {
 public:
  // A run that lies in a file.
  struct FilePart {
    int fd = -1;
    std::uint64_t offset = 0;
    std::size_t size = 0;
  };

  explicit Buffer(base::BlockPool& pool) : pool_(&pool) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  bool empty() const { return bytes_ == 0; }
  std::size_t size() const { return bytes_; }
  // Memory kept from reuse by what waits here, the measure for water marks: one byte may hold a whole block. Bytes of a file count as if
  // they were read: whoever sends them wants to be asked again, too.
  std::size_t held_bytes() const { return held_; }

  // Takes part in `block`; `data` lies in it.
  void append(const base::BlockRef& block, base::Slice data);
  void append_copy(base::Slice data);
  // `size` bytes of a file from `offset`. They are read when they are sent; whoever appends them answers for their being there.
  void append_file(base::SharedFd file, std::uint64_t offset, std::size_t size);
  // Moves everything of `other` behind what is here.
  void append_all(Buffer& other);
  // Moves the first `bytes` of `other` behind what is here. Short runs are copied, since each run costs an entry of writev(2).
  void append_front(Buffer& other, std::size_t bytes);
  // The same without taking them away; none of them lies in a file.
  void share_front(const Buffer& other, std::size_t bytes);

  // Room for up to `bytes` at one place, to be filled from its start; commit() says how many were.
  char* reserve(std::size_t bytes);
  void commit(std::size_t bytes);

  // The first runs up to one in a file, for writev(2); returns how many of `max` were filled in.
  int gather(iovec* vectors, int max) const;
  // The first run, if it lies in a file; size 0 if not.
  FilePart front_file() const;
  // Drops bytes from the front.
  void consume(std::size_t bytes);
  void clear();
  // All bytes as one string, for tests; those of files as "<file>".
  std::string to_string() const;

 private:
  struct Run {
    base::BlockRef
        block;  // none for a run in a file: the files of such runs stand in files_, in the same order
    char* begin;
    std::size_t size;

    bool is_file() const { return !block; }
  };
  struct OpenFile {
    base::SharedFd fd;
    std::uint64_t offset;
  };
  void push(base::BlockRef block, char* begin, std::size_t size);
  void pop_front();

  base::BlockPool* pool_;
  std::vector<Run> runs_;
  std::vector<OpenFile> files_;  // few, so erasing the first is cheap
  std::size_t first_ = 0;        // runs_ before it are spent
  std::size_t bytes_ = 0;
  std::size_t held_ = 0;
};

}  // namespace prox::net
