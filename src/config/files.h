#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace prox::config {

// Which file it is, by whatever path it was opened.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;

  auto operator<=>(const FileId&) const = default;
};

// What a file holds, and what is worth a word about the file itself.
struct FileContent {
  std::string bytes;
  FileId id;
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

// How the files end that a directory of services is made of.
inline constexpr std::string_view kConfigEnding = ".json5";

bool is_directory(const std::string& path);

// The names of a directory's files that end in `.json5`, in the order of their bytes: dotfiles and subdirectories left out, links
// followed. The error is the reason, as above.
tl::expected<std::vector<std::string>, std::string> list_config_files(const std::string& path);

// "a" for "a/b", "/" for "/b", "" for "b".
std::string directory_of(std::string_view path);
// `path` as seen from `directory`, where "" is the working directory; an absolute one stays as it is.
std::string join(std::string_view directory, std::string_view path);

}  // namespace prox::config
