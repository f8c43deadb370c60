#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace prox::config {

// A run of bytes in a file that was read. Line and column are worked out when someone wants to see them.
struct Place {
  std::uint32_t file = 0;    // index into Sources
  std::uint32_t offset = 0;  // bytes from the start of the file's text
  std::uint32_t length = 1;  // bytes under the caret

  bool operator==(const Place&) const = default;
};

// A place as people count: from 1, columns in code points, a tab is one.
struct Position {
  std::size_t line = 1;
  std::size_t column = 1;
  std::size_t end_column = 1;  // one behind the last column, on the same line
};

// The texts of all config files of one load, in load order; places point into them.
class Sources {
 public:
  // `path` as the user wrote it. A leading BOM stays in the text but takes no column.
  std::uint32_t add(std::string path, std::string text);

  std::size_t size() const { return files_.size(); }
  const std::string& path(std::uint32_t file) const { return files_[file].path; }
  const std::string& text(std::uint32_t file) const { return files_[file].text; }
  Position position(Place place) const;
  // The line the place begins in, without its line break (LF, CR or CRLF) and without a leading BOM.
  std::string_view line_text(Place place) const;

 private:
  struct File {
    std::string path;
    std::string text;
    std::vector<std::uint32_t> line_starts;  // offsets, ascending
  };
  struct Line {
    std::size_t number = 1;
    std::size_t start = 0;  // offset of its first byte
    std::string_view text;
  };
  Line line_of(Place place) const;

  std::deque<File> files_;  // a deque, so that texts never move
};

}  // namespace prox::config
