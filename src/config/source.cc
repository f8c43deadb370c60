#include "prox/config/source.h"

#include <algorithm>
#include <utility>

#include "config/utf8.h"
#include "prox/config/printable.h"

namespace prox::config {
namespace {

// U+2028 and U+2029 end a line for JSON5's comments, but not for the editor that the user looks for line 12 with.
std::vector<std::uint32_t> find_line_starts(std::string_view text) {
  std::vector<std::uint32_t> starts = {0};
  for (std::size_t at = text.find_first_of("\r\n"); at != text.npos;
       at = text.find_first_of("\r\n", at)) {
    at += text.substr(at, 2) == "\r\n" ? 2 : 1;
    starts.push_back(static_cast<std::uint32_t>(at));
  }
  return starts;
}

}  // namespace

std::uint32_t Sources::add(std::string path, std::string text) {
  std::vector<std::uint32_t> line_starts = find_line_starts(text);
  files_.push_back({std::move(path), std::move(text), std::move(line_starts)});
  return static_cast<std::uint32_t>(files_.size() - 1);
}

Sources::Line Sources::line_of(Place place) const {
  const File& file = files_[place.file];
  const auto behind =
      std::upper_bound(file.line_starts.begin(), file.line_starts.end(), place.offset);
  Line line;
  line.number = static_cast<std::size_t>(behind - file.line_starts.begin());
  line.start = file.line_starts[line.number - 1];
  const std::size_t end = behind == file.line_starts.end() ? file.text.size() : *behind;
  line.text = std::string_view(file.text).substr(line.start, end - line.start);
  while (!line.text.empty() && (line.text.back() == '\n' || line.text.back() == '\r'))
    line.text.remove_suffix(1);
  if (line.start == 0 && line.text.starts_with(kByteOrderMark)) {
    line.start += kByteOrderMark.size();
    line.text.remove_prefix(kByteOrderMark.size());
  }
  return line;
}

Position Sources::position(Place place) const {
  const Line line = line_of(place);
  const std::size_t begin =
      std::min(place.offset - std::min<std::size_t>(place.offset, line.start), line.text.size());
  const std::size_t length = std::min<std::size_t>(place.length, line.text.size() - begin);
  Position position;
  position.line = line.number;
  position.column = 1 + width(line.text.substr(0, begin));
  position.end_column =
      position.column + std::max<std::size_t>(1, width(line.text.substr(begin, length)));
  return position;
}

std::string_view Sources::line_text(Place place) const { return line_of(place).text; }

}  // namespace prox::config
