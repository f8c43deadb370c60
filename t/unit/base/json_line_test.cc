#include "prox/base/json_line.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.h"
#include "prox/base/json.h"

using prox::base::Json;
using prox::base::JsonLine;

namespace {

std::string escaped(std::string_view text) {
  std::string out(text.size() * prox::base::kMostJsonBytes, '\0');
  out.resize(static_cast<std::size_t>(prox::base::write_json_text(text, out.data()) - out.data()));
  return out;
}

}  // namespace

TEST_CASE("every text becomes a JSON string that reads back as that text, byte by byte") {
  for (int byte = 0; byte < 0x80; ++byte) {
    const std::string text = {'a', static_cast<char>(byte), 'b'};
    CAPTURE(byte);
    const Json read = Json::parse("\"" + escaped(text) + "\"");
    CHECK(read.get<std::string>() == text);
  }
  for (const std::string text : {"gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac", "\xf0\x9f\x98\x80"})
    CHECK(escaped(text) == text);
}

// Terminals may heed those of two bytes too (ECMA-48 §8.3), and a log in JSON is shown on one.
TEST_CASE("control characters of two bytes do not stand for themselves") {
  for (int byte = 0x80; byte < 0xa0; ++byte) {
    const std::string text = {'a', '\xc2', static_cast<char>(byte), 'b'};
    CAPTURE(byte);
    CHECK(escaped(text).find('\xc2') == std::string::npos);
    CHECK(Json::parse("\"" + escaped(text) + "\"").get<std::string>() == text);
  }
  CHECK(escaped("\xc2\xa0") == "\xc2\xa0");
}

TEST_CASE("what is not UTF-8 becomes U+FFFD, and what follows is not lost") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\xff", "\\ufffd"},
      {"a\x80z", "a\\ufffdz"},
      {"\xc3(", "\\ufffd("},                                 // cut off by another character
      {"\xc3", "\\ufffd"},                                   // by the end
      {"\xc0\xaf", "\\ufffd\\ufffd"},                        // overlong
      {"\xe0\x80\xaf", "\\ufffd\\ufffd\\ufffd"},             // the same
      {"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},             // a surrogate
      {"\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},  // above U+10FFFF
      {"\xfe\xc3\xbc", "\\ufffd\xc3\xbc"},
  };
  for (const auto& [text, written] : cases) CHECK(escaped(text) == written);
}

TEST_CASE("a line is one flat object, in the order its fields were written") {
  std::string line(1024, '\0');
  JsonLine json(line.data());
  json.time("ts", 1'764'132'203'123'456'789, 6);
  json.text("text", "a\n\"b\"");
  json.number("number", -5);
  json.boolean("yes", true);
  json.millis("ms", 12'345'006);
  json.millis("short", 7);
  line.resize(static_cast<std::size_t>(json.end() - line.data()));
  CHECK(line ==
        "{\"ts\":\"2025-11-26T04:43:23.123456Z\",\"text\":\"a\\n\\\"b\\\"\",\"number\":-5,"
        "\"yes\":true,\"ms\":12345.006,\"short\":0.007}\n");
  CHECK(Json::parse(line).size() == 6);
}

TEST_CASE("a field never takes more than its room") {
  const std::string worst(100, '\x01');
  std::string line(JsonLine::kEnds + JsonLine::room("k", worst) + JsonLine::room("n"), '\0');
  JsonLine json(line.data());
  json.text("k", worst);
  json.number("n", INT64_MIN);
  CHECK(json.end() <= line.data() + line.size());
}
