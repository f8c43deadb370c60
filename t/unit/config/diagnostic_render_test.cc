#include <nlohmann/json.hpp>
#include <string>

#include "catch.h"
#include "prox/config/diagnostic.h"

namespace prox::config {
namespace {

std::string render_one(const std::string& text, Place place, const std::string& message = "wrong") {
  Sources sources;
  sources.add("c.json5", text);
  Diagnostics d;
  d.error("id", place, message);
  return render_text(d, sources);
}

TEST_CASE("render: place, message, source line, caret, help") {
  Sources sources;
  std::string text(11, '\n');
  text += R"(        { match: { path: "/*" }, action: "fronted" },)";
  sources.add("config.json5", text + "\n");
  const auto offset = static_cast<std::uint32_t>(text.find("\"fronted"));
  Diagnostics d;
  d.error("action-unknown", Place{0, offset, 9}, R"(no action is named "fronted")",
          R"(did you mean "frontend"? (config.json5:30:5))");
  CHECK(render_text(d, sources) == R"(config.json5:12:42: error: no action is named "fronted"
  12 |         { match: { path: "/*" }, action: "fronted" },
     |                                          ^~~~~~~~~
     = help: did you mean "frontend"? (config.json5:30:5)
)");
}

TEST_CASE("render: a note is a second place with its own line, behind the help") {
  Sources sources;
  sources.add("a.json5", "{a: 1}");
  sources.add("b.json5", "\n{\n a: 2}");
  Diagnostics d;
  d.warning("twice", Place{1, 4, 1}, "again", "drop one")
      .notes.push_back({Place{0, 1, 4}, "first defined here"});
  CHECK(render_text(d, sources) == R"(b.json5:3:2: warning: again
   3 |  a: 2}
     |  ^
     = help: drop one
a.json5:1:2: note: first defined here
   1 | {a: 1}
     |  ^~~~
)");
}

TEST_CASE("render: what has no place is said by prox") {
  Diagnostics d;
  d.error("taken", ":8080 is in use", "stop the other server");
  CHECK(render_text(d, Sources()) ==
        "prox: error: :8080 is in use\n     = help: stop the other server\n");
}

TEST_CASE("render: tabs are kept below the line, so that the caret stands right") {
  CHECK(render_one("\ta:\tb", {0, 4, 1}) ==
        "c.json5:1:5: error: wrong\n   1 | \ta:\tb\n     | \t  \t^\n");
}

TEST_CASE("render: the caret counts characters") {
  CHECK(render_one("\xC3\xBC: \xC3\xA4\xC3\xB6", {0, 4, 4}) ==
        "c.json5:1:4: error: wrong\n   1 | \xC3\xBC: \xC3\xA4\xC3\xB6\n     |    ^~\n");
}

TEST_CASE("render: a place over several lines is marked on its first") {
  CHECK(render_one("a: [\n1]", {0, 3, 4}) ==
        "c.json5:1:4: error: wrong\n   1 | a: [\n     |    ^\n");
}

TEST_CASE("render: large line numbers widen the margin") {
  const std::string text = std::string(12344, '\n') + "xy";
  CHECK(render_one(text, {0, 12345, 1}) ==
        "c.json5:12345:2: error: wrong\n12345 | xy\n      |  ^\n");
}

TEST_CASE("render: nothing reaches the terminal that could steer it") {
  const std::string shown =
      render_one("a\x1b[2J\xC2\x9B\xE2\x80\xAE\xFFz", {0, 0, 1}, "key \"\x1b[31m\n\"");
  CHECK(shown ==
        "c.json5:1:1: error: key \"\xEF\xBF\xBD[31m\xEF\xBF\xBD\"\n"
        "   1 | a\xEF\xBF\xBD[2J\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\n     | ^\n");
}

TEST_CASE("render: a very long line is cut around its caret") {
  const std::string text = std::string(1000, 'a') + "X" + std::string(1000, 'b');
  CHECK(render_one(text, {0, 1000, 1001}) ==
        "c.json5:1:1001: error: wrong\n   1 | ..." + std::string(60, 'a') + "X" +
            std::string(139, 'b') + "...\n     | " + std::string(63, ' ') + "^" +
            std::string(139, '~') + "\n");
  CHECK(render_one(text, {0, 0, 1}) ==
        "c.json5:1:1: error: wrong\n   1 | " + std::string(200, 'a') + "...\n     | ^\n");
  CHECK(render_one(text, {0, 2001, 1}) == "c.json5:1:2002: error: wrong\n   1 | ..." +
                                              std::string(60, 'b') + "\n     | " +
                                              std::string(63, ' ') + "^\n");
}

TEST_CASE("render: at most a hundred, then the number of the rest") {
  Sources sources;
  sources.add("c", "x");
  Diagnostics d;
  for (int i = 0; i < 100; ++i) d.error("id", Place{}, "wrong");
  CHECK(render_text(d, sources).find("more") == std::string::npos);
  for (int i = 0; i < 23; ++i) d.error("id", Place{}, "not shown");
  const std::string shown = render_text(d, sources);
  CHECK(shown.find("not shown") == std::string::npos);
  CHECK(shown.substr(shown.size() - 17) == "\n... and 23 more\n");
}

TEST_CASE("render: colour only when asked for") {
  Sources sources;
  sources.add("c", "x");
  Diagnostics d;
  d.error("id", Place{}, "wrong");
  CHECK(render_text(d, sources).find('\x1b') == std::string::npos);
  CHECK(
      render_text(d, sources, {true}) ==
      "\x1b[1mc:1:1:\x1b[0m \x1b[1;31merror:\x1b[0m wrong\n   1 | x\n     | \x1b[1;31m^\x1b[0m\n");
}

TEST_CASE("render: JSON for tools") {
  Sources sources;
  sources.add("c.json5", "{a: 1,\n \xC3\xBC: 2}");
  Diagnostics d;
  d.error("taken", "in use");
  d.warning("odd", Place{0, 8, 5}, "wrong", "do this")
      .notes.push_back({Place{0, 1, 1}, "see here"});
  const std::string text = render_json(d, sources);
  CHECK(nlohmann::ordered_json::parse(text) == nlohmann::ordered_json::parse(R"([
    {"file": null, "line": null, "column": null, "end_column": null, "severity": "error", "id": "taken", "message": "in use", "help": ""},
    {"file": "c.json5", "line": 2, "column": 2, "end_column": 6, "severity": "warning", "id": "odd", "message": "wrong", "help": "do this"},
    {"file": "c.json5", "line": 1, "column": 2, "end_column": 3, "severity": "note", "id": "odd", "message": "see here", "help": ""}
  ])"));
  CHECK(text.find("\"file\"") < text.find("\"line\""));
  CHECK(text.back() == '\n');
}

TEST_CASE(
    "render: JSON is valid whatever a path or message holds, and an empty array for no problem") {
  Sources sources;
  sources.add("\xFF", "x");
  Diagnostics d;
  CHECK(nlohmann::json::parse(render_json(d, sources)) == nlohmann::json::array());
  d.error("id", Place{}, "\xFE");
  CHECK(nlohmann::json::parse(render_json(d, sources))[0]["message"] == "\xEF\xBF\xBD");
}

TEST_CASE("render: the summary counts, with plurals") {
  Diagnostics d;
  CHECK(render_summary(d, "c.json5") == "prox: c.json5: 0 errors");
  d.warning("w", Place{}, "odd");
  CHECK(render_summary(d, "c.json5") == "prox: c.json5: 1 warning");
  d.error("e", Place{}, "wrong");
  CHECK(render_summary(d, "c.json5") == "prox: c.json5: 1 error, 1 warning");
  d.error("e", Place{}, "wrong");
  d.warning("w", Place{}, "odd");
  CHECK(render_summary(d, "c.json5") == "prox: c.json5: 2 errors, 2 warnings");
}

}  // namespace
}  // namespace prox::config
