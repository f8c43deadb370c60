#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <tl/expected.hpp>

namespace prox::config {

// What a file holds, and what is worth a word about the file itself.
struct FileContent {
  std::string bytes;
  bool writable_by_all = false;
  bool readable_by_all = false;
};

enum class FileKind : std::uint8_t {
  Any,      // pipes and devices, too: a config may be given as /dev/stdin
  Regular,  // nothing that could block, or never end
};

// Reads at most `limit` bytes. The error is the reason, to go behind `cannot read "x": `.
tl::expected<FileContent, std::string> read_file(const std::string& path, FileKind kind,
                                                 std::size_t limit);

bool is_directory(const std::string& path);

}  // namespace prox::config
