#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace prox::base {

// Lines on their way to a descriptor that other processes write to as well. They are gathered and leave whole, together, in one write(2).
// Never waits: what the descriptor does not take now (a full disk, a pipe that nobody reads) is dropped by whole lines, and counted. The
// descriptor is not owned; a file is to be open with O_APPEND.
class LineWriter {
 public:
  // As much is gathered; then it leaves.
  static constexpr std::size_t kBatch = 64 * 1024;

  explicit LineWriter(int fd) : fd_(fd) {}

  // Room for up to `bytes` of one more line; commit() takes the end of what was written there, its newline included.
  char* reserve(std::size_t bytes);
  void commit(char* end) { size_ = static_cast<std::size_t>(end - buffer_.get()); }
  void add(std::string_view line);
  bool empty() const { return size_ == 0; }
  void flush();
  // Goes on with another descriptor; what was gathered goes to the one before.
  void move_to(int fd);

  // Lines dropped since the start, and the errno that the last ones were dropped for.
  std::uint64_t lost_lines() const { return lost_; }
  int last_errno() const { return errno_; }

 private:
  enum class Kind : std::uint8_t {
    File,    // takes a batch at once, or the disk is full
    Socket,  // of a journal, perhaps
    Other,  // a pipe or a terminal: it, or who holds the other end, may be shared, and so it may block
  };
  Kind kind() const;
  bool takes(std::string_view piece);
  bool write(std::string_view piece, Kind kind);
  void lose(std::string_view lines);

  int fd_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  std::uint64_t lost_ = 0;
  int errno_ = 0;
  bool is_torn_ = false;  // the last line that came out has no end
};

}  // namespace prox::base
