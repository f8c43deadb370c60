#include "prox/config/source.h"

#include <string>
#include <vector>

#include "catch.h"

namespace prox::config {
namespace {

struct PositionCase {
  std::string text;
  std::uint32_t offset;
  std::uint32_t length;
  std::size_t line;
  std::size_t column;
  std::size_t end_column;
  std::string line_text;
};

void check_positions(const std::vector<PositionCase>& cases) {
  for (const PositionCase& c : cases) {
    CAPTURE(c.text, c.offset);
    Sources sources;
    const Place place{sources.add("a", c.text), c.offset, c.length};
    const Position p = sources.position(place);
    CHECK(p.line == c.line);
    CHECK(p.column == c.column);
    CHECK(p.end_column == c.end_column);
    CHECK(sources.line_text(place) == c.line_text);
  }
}

TEST_CASE("source: lines and columns count from 1") {
  check_positions({
      {"abc", 0, 1, 1, 1, 2, "abc"},
      {"abc", 1, 2, 1, 2, 4, "abc"},
      {"a\nbc\n", 2, 2, 2, 1, 3, "bc"},
      {"\n\nx", 2, 1, 3, 1, 2, "x"},
  });
}

TEST_CASE("source: LF, CR and CRLF each end a line, and U+2028 does not") {
  check_positions({
      {"a\nb", 2, 1, 2, 1, 2, "b"},
      {"a\rb", 2, 1, 2, 1, 2, "b"},
      {"a\r\nb", 3, 1, 2, 1, 2, "b"},
      {"a\n\rb", 3, 1, 3, 1, 2, "b"},
      {"a\r\r\nb", 4, 1, 3, 1, 2, "b"},
      {"a\xE2\x80\xA8"
       "b",
       4, 1, 1, 3, 4,
       "a\xE2\x80\xA8"
       "b"},
  });
}

TEST_CASE("source: a line is given without its line break") {
  check_positions({
      {"ab\r\ncd", 0, 1, 1, 1, 2, "ab"},
      {"ab\rcd", 0, 1, 1, 1, 2, "ab"},
      {"ab\ncd", 0, 1, 1, 1, 2, "ab"},
      {"ab\r\ncd", 2, 1, 1, 3, 4, "ab"},  // the line break itself
  });
}

TEST_CASE("source: columns are code points, and a tab is one") {
  check_positions({
      {"\t\tx", 2, 1, 1, 3, 4, "\t\tx"},
      {"\xC3\xBC\xE2\x82\xACx", 5, 1, 1, 3, 4, "\xC3\xBC\xE2\x82\xACx"},
      {"\xF0\x9F\x98\x80 x", 5, 1, 1, 3, 4, "\xF0\x9F\x98\x80 x"},
      {"\xC3\xBC\xC3\xBC", 0, 4, 1, 1, 3, "\xC3\xBC\xC3\xBC"},
  });
}

TEST_CASE("source: a leading byte order mark takes no column") {
  check_positions({
      {"\xEF\xBB\xBF{}", 3, 2, 1, 1, 3, "{}"},
      {"\xEF\xBB\xBF{}", 0, 1, 1, 1, 2, "{}"},
      {"\xEF\xBB\xBF{\n}", 5, 1, 2, 1, 2, "}"},
  });
}

TEST_CASE("source: a place that goes on over the line's end is shown up to it") {
  check_positions({
      {"[1,\n2]", 0, 6, 1, 1, 4, "[1,"},
      {"[1,\r\n2]", 0, 7, 1, 1, 4, "[1,"},
  });
}

TEST_CASE("source: the end of the text has a position, one column wide") {
  check_positions({
      {"", 0, 1, 1, 1, 2, ""},
      {"ab", 2, 1, 1, 3, 4, "ab"},
      {"ab\n", 3, 1, 2, 1, 2, ""},
      {"ab", 1, 0, 1, 2, 3, "ab"},
  });
}

TEST_CASE("source: bytes that are no UTF-8 do not disturb") {
  check_positions(
      {{"a\xFF"
        "b",
        1, 1, 1, 2, 3,
        "a\xFF"
        "b"}});
}

TEST_CASE("source: files keep their order, path and text") {
  Sources sources;
  CHECK(sources.add("one", "1\n11") == 0);
  const std::string* first = &sources.text(0);
  for (int i = 1; i < 100; ++i) CHECK(sources.add("more", "x") == static_cast<std::uint32_t>(i));
  CHECK(sources.size() == 100);
  CHECK(sources.path(0) == "one");
  CHECK(&sources.text(0) == first);
  CHECK(sources.position({0, 2, 1}).line == 2);
  CHECK(sources.position({1, 0, 1}).line == 1);
}

}  // namespace
}  // namespace prox::config
