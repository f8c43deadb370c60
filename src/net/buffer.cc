#include "prox/net/buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "prox/base/assert.h"

namespace prox::net {

namespace {

// To copy less takes less than to write it from its own place.
constexpr std::size_t kWorthSharing = 2048;

}  // namespace

void Buffer::append(const base::BlockRef& block, base::Slice data) {
  if (data.empty()) return;
  char* begin = const_cast<char*>(data.data());
  if (first_ < runs_.size()) {
    Run& last = runs_.back();
    if (!last.is_file() && last.block == block && last.begin + last.size == begin) {
      last.size += data.size();
      bytes_ += data.size();
      return;
    }
  }
  push(block, begin, data.size());
}

void Buffer::append_copy(base::Slice data) {
  if (data.empty()) return;
  std::memcpy(reserve(data.size()), data.data(), data.size());
  commit(data.size());
}

void Buffer::append_file(base::SharedFd file, std::uint64_t offset, std::size_t size) {
  if (size == 0) return;
  files_.push_back({std::move(file), offset});
  runs_.push_back({{}, nullptr, size});
  bytes_ += size;
  held_ += size;
}

void Buffer::append_all(Buffer& other) {
  std::size_t file = 0;
  for (std::size_t i = other.first_; i < other.runs_.size(); ++i) {
    const Run& run = other.runs_[i];
    if (run.is_file()) {
      OpenFile& from = other.files_[file++];
      append_file(std::move(from.fd), from.offset, run.size);
    } else {
      append(run.block, {run.begin, run.size});
    }
  }
  other.clear();
}

void Buffer::share_front(const Buffer& other, std::size_t bytes) {
  for (std::size_t i = other.first_; bytes > 0; ++i) {
    PROX_ASSERT(i < other.runs_.size() && !other.runs_[i].is_file());
    const Run& run = other.runs_[i];
    const std::size_t part = std::min(bytes, run.size);
    append(run.block, {run.begin, part});
    bytes -= part;
  }
}

void Buffer::append_front(Buffer& other, std::size_t bytes) {
  PROX_ASSERT(bytes <= other.bytes_);
  while (bytes > 0) {
    const Run& run = other.runs_[other.first_];
    const std::size_t part = std::min(bytes, run.size);
    if (run.is_file()) {
      append_file(other.files_.front().fd, other.files_.front().offset, part);
    } else if (part < kWorthSharing) {
      append_copy({run.begin, part});
    } else {
      append(run.block, {run.begin, part});
    }
    bytes -= part;
    other.consume(part);
  }
}

char* Buffer::reserve(std::size_t bytes) {
  if (first_ < runs_.size() && !runs_.back().is_file()) {
    // Only behind a run in a block that nobody else holds is the rest of the block ours to fill.
    Run& last = runs_.back();
    char* end = last.begin + last.size;
    const std::size_t used = static_cast<std::size_t>(end - last.block.data());
    if (!last.block.is_shared() && last.block.capacity() - used >= bytes) return end;
  }
  base::BlockRef block = pool_->take(bytes);
  char* begin = block.data();
  push(std::move(block), begin, 0);
  return begin;
}

void Buffer::commit(std::size_t bytes) {
  PROX_ASSERT(first_ < runs_.size());
  runs_.back().size += bytes;
  bytes_ += bytes;
}

int Buffer::gather(iovec* vectors, int max) const {
  int count = 0;
  for (std::size_t i = first_; i < runs_.size() && count < max; ++i) {
    if (runs_[i].is_file()) break;
    if (runs_[i].size == 0) continue;
    vectors[count++] = {runs_[i].begin, runs_[i].size};
  }
  return count;
}

Buffer::FilePart Buffer::front_file() const {
  if (first_ == runs_.size() || !runs_[first_].is_file()) return {};
  return {files_.front().fd.get(), files_.front().offset, runs_[first_].size};
}

void Buffer::consume(std::size_t bytes) {
  PROX_ASSERT(bytes <= bytes_);
  bytes_ -= bytes;
  while (first_ < runs_.size()) {
    Run& run = runs_[first_];
    const std::size_t part = std::min(bytes, run.size);
    if (run.is_file()) {
      files_.front().offset += part;
      held_ -= part;
    } else {
      run.begin += part;
    }
    run.size -= part;
    bytes -= part;
    if (run.size > 0) return;
    pop_front();
  }
}

void Buffer::clear() {
  runs_.clear();
  files_.clear();
  first_ = 0;
  bytes_ = 0;
  held_ = 0;
}

std::string Buffer::to_string() const {
  std::string text;
  for (std::size_t i = first_; i < runs_.size(); ++i) {
    if (runs_[i].is_file()) {
      text.append("<file>");
    } else {
      text.append(runs_[i].begin, runs_[i].size);
    }
  }
  return text;
}

void Buffer::push(base::BlockRef block, char* begin, std::size_t size) {
  const bool same_block = first_ < runs_.size() && runs_.back().block == block;  // never a file's
  if (!same_block) held_ += block.capacity();
  bytes_ += size;
  runs_.push_back({std::move(block), begin, size});
}

void Buffer::pop_front() {
  const std::size_t next = first_ + 1;
  if (runs_[first_].is_file()) {
    files_.erase(files_.begin());
  } else {
    const bool block_goes_on = next < runs_.size() && runs_[next].block == runs_[first_].block;
    if (!block_goes_on) held_ -= runs_[first_].block.capacity();
    runs_[first_].block.reset();
  }
  first_ = next;
  if (first_ == runs_.size()) {
    runs_.clear();
    first_ = 0;
  } else if (first_ >= 64) {
    // A queue that never runs empty must not grow its list for ever.
    runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

}  // namespace prox::net
