#include <string>
#include <vector>

#include "catch.h"
#include "config/json5_reading.h"

namespace prox::config::json5 {
namespace {

using namespace std::string_literals;

struct ErrorCase {
  std::string text;
  std::size_t line;
  std::size_t column;
  std::string message;
  std::string marked;     // the text under the caret; "" at the end of the file
  std::string help = {};  // "" where the case does not look at it
};

void check_error(const ErrorCase& c) {
  CAPTURE(c.text);
  const Reading r(c.text);
  CHECK_FALSE(r.value);
  REQUIRE(r.diagnostics.all().size() == 1);
  const Diagnostic& d = r.diagnostics.all()[0];
  CHECK(d.id == "syntax");
  CHECK(d.severity == Severity::Error);
  CHECK(d.message == c.message);
  CHECK(r.sources.position(d.place).line == c.line);
  CHECK(r.sources.position(d.place).column == c.column);
  CHECK(r.at(d.place) == c.marked);
  if (!c.help.empty()) CHECK(d.help == c.help);
}

void check_errors(const std::vector<ErrorCase>& cases) {
  for (const ErrorCase& c : cases) check_error(c);
}

TEST_CASE("json5 errors: a value is missing") {
  check_errors({
      {"", 1, 1, "expected a value, found end of file", ""},
      {"  \n // only a comment", 2, 19, "expected a value, found end of file", ""},
      {"/* only a comment */", 1, 21, "expected a value, found end of file", ""},
      {"{a: }", 1, 5, R"(expected a value, found "}")", "}", R"(the key "a" has no value)"},
      {"{a: , b: 1}", 1, 5, R"(expected a value, found ",")", ",", R"(the key "a" has no value)"},
      {"{a:", 1, 4, "expected a value, found end of file", ""},
      {"[,]", 1, 2, R"(expected a value or "]", found ",")", ",",
       R"(a value is missing before this ",")"},
      {"[1,,2]", 1, 4, R"(expected a value or "]", found ",")", ","},
      {"[", 1, 2, R"(expected a value or "]", found end of file)", ""},
      {"[1,", 1, 4, R"(expected a value or "]", found end of file)", ""},
      {"]", 1, 1, R"(expected a value, found "]")", "]"},
      {"[}", 1, 2, R"(expected a value or "]", found "}")", "}"},
  });
}

TEST_CASE("json5 errors: a comma or bracket is missing") {
  check_errors({
      {"[1 2]", 1, 4, R"(expected "," or "]", found "2")", "2", R"(put a "," before it)"},
      {"['a' 'b']", 1, 6, R"(expected "," or "]", found the string 'b')", "'b'",
       R"(put a "," before it)"},
      {"[[1] [2]]", 1, 6, R"(expected "," or "]", found "[")", "["},
      {"[1}", 1, 3, R"(expected "," or "]", found "}")", "}"},
      {"[1", 1, 3, R"(expected "," or "]", found end of file)", ""},
      {"[true\n", 2, 1, R"(expected "," or "]", found end of file)", ""},
      {"['a': 1]", 1, 5, R"(expected "," or "]", found ":")", ":", "keys need an object: { }"},
      {"{a: 1 b: 2}", 1, 7, R"(expected "," or "}", found "b")", "b", R"(put a "," before it)"},
      {"{\n  a: 1\n  'b': 2\n}", 3, 3, R"(expected "," or "}", found the string 'b')", "'b'"},
      {"{a: 1]", 1, 6, R"(expected "," or "}", found "]")", "]"},
      {"{a: 1", 1, 6, R"(expected "," or "}", found end of file)", ""},
      {"{a: 1; b: 2}", 1, 6, R"(expected "," or "}", found ";")", ";",
       R"(values are separated by ",")"},
      {R"({a: "say "yes""})", 1, 11, R"(expected "," or "}", found "yes")", "yes",
       R"(inside a string that stands in ", write \")"},
      {"{a: 1 # one\n}", 1, 7, R"(expected "," or "}", found "#")", "#",
       "comments begin with // or stand between /* and */"},
      {"{a: 1 / b: 2}", 1, 7, R"(expected "," or "}", found "/")", "/"},
      {"[1-2]", 1, 3, R"(expected "," or "]", found "-2")", "-2"},
  });
}

TEST_CASE("json5 errors: a key is missing") {
  check_errors({
      {"{", 1, 2, R"(expected a key or "}", found end of file)", ""},
      {"{,}", 1, 2, R"(expected a key or "}", found ",")", ",", R"(there is one "," too many)"},
      {"{a: 1,, b: 2}", 1, 7, R"(expected a key or "}", found ",")", ","},
      {"{, a: 1}", 1, 2, R"(expected a key or "}", found ",")", ","},
      {"{1: 2}", 1, 2, R"(expected a key or "}", found "1")", "1",
       R"(a key that begins with no letter needs quotes: "1")"},
      {"{10twenty: 2}", 1, 2, R"(expected a key or "}", found "10twenty")", "10twenty"},
      {"{/path: 1}", 1, 2, R"(expected a key or "}", found "/")", "/",
       R"(a key with other characters than letters, digits, $ and _ needs quotes: "/path")"},
      {"{[1]}", 1, 2, R"(expected a key or "}", found "[")", "["},
      {"{: 1}", 1, 2, R"(expected a key or "}", found ":")", ":"},
      {"{\xCC\x81: 1}", 1, 2, "expected a key or \"}\", found \"\xCC\x81\"",
       "\xCC\x81"},  // a mark begins no name
  });
}

TEST_CASE("json5 errors: a colon is missing") {
  check_errors({
      {"{a 1}", 1, 4, R"(expected ":", found "1")", "1"},
      {"{a}", 1, 3, R"(expected ":", found "}")", "}", R"(the key "a" has no value)"},
      {"{a, b}", 1, 3, R"(expected ":", found ",")", ","},
      {"{a", 1, 3, R"(expected ":", found end of file)", ""},
      {"{a = 1}", 1, 4, R"(expected ":", found "=")", "=",
       R"(write ":" between a key and its value)"},
      {"{'a' 'b'}", 1, 6, R"(expected ":", found the string 'b')", "'b'"},
      {"{max-conn: 5}", 1, 5, R"(expected ":", found "-conn")", "-conn",
       R"(a key with other characters than letters, digits, $ and _ needs quotes: "max-conn")"},
      {"{example.com: 5}", 1, 9, R"(expected ":", found ".com")", ".com",
       R"(a key with other characters than letters, digits, $ and _ needs quotes: "example.com")"},
  });
}

TEST_CASE("json5 errors: something follows the root value") {
  check_errors({
      {"{} {}", 1, 4, R"(expected end of file, found "{")", "{", "a file holds one value"},
      {"{a: 1}}", 1, 7, R"(expected end of file, found "}")", "}", R"(there is one "}" too many)"},
      {"[],", 1, 3, R"(expected end of file, found ",")", ","},
      {"'a': 1", 1, 4, R"(expected end of file, found ":")", ":",
       "put { and } around the whole file"},
  });
}

TEST_CASE("json5 errors: words and other things that are no values") {
  check_errors({
      {"{a: True}", 1, 5, R"(expected a value, found "True")", "True", "write true"},
      {"{a: FALSE}", 1, 5, R"(expected a value, found "FALSE")", "FALSE", "write false"},
      {"{a: None}", 1, 5, R"(expected a value, found "None")", "None", "write null"},
      {"{a: undefined}", 1, 5, R"(expected a value, found "undefined")", "undefined", "write null"},
      {"{a: on}", 1, 5, R"(expected a value, found "on")", "on",
       R"(write true, or "on" for a string)"},
      {"{a: nan}", 1, 5, R"(expected a value, found "nan")", "nan", "write NaN"},
      {"{a: truely}", 1, 5, R"(expected a value, found "truely")", "truely"},
      {"{a: nullx}", 1, 5, R"(expected a value, found "nullx")", "nullx"},
      {R"({a: tru\u0065})", 1, 5, R"(expected a value, found "tru")", "tru", "strings need quotes"},
      {R"({a: true\u0065})", 1, 5, R"(expected a value, found "true")", "true"},
      {"{a: Infinity2}", 1, 5, R"(expected a value, found "Infinity2")", "Infinity2"},
      {"{a: localhost:8080}", 1, 5, R"(expected a value, found "localhost")", "localhost",
       R"(strings need quotes: "localhost:8080")"},
      {"{a: $PORT}", 1, 5, R"(expected a value, found "$PORT")", "$PORT",
       "variables of the environment are not filled in"},
      {"{a: ${PORT}}", 1, 5, R"(expected a value, found "$")", "$",
       "variables of the environment are not filled in"},
      {"{a: /var/www}", 1, 5, R"(expected a value, found "/")", "/",
       R"(strings need quotes: "/var/www")"},
      {"{a: :8080}", 1, 5, R"(expected a value, found ":")", ":",
       R"(strings need quotes: ":8080")"},
      {"a: 1", 1, 1, R"(expected a value, found "a")", "a", "put { and } around the whole file"},
      {"{a: \xE2\x80\x9Cx\xE2\x80\x9D}", 1, 5, "expected a value, found \"\xE2\x80\x9C\" (U+201C)",
       "\xE2\x80\x9C", R"(strings stand in plain quotes: "..." or '...')"},
      {"{a: `x`}", 1, 5, R"(expected a value, found "`")", "`",
       R"(strings stand in plain quotes: "..." or '...')"},
      {"# comment\n{}", 1, 1, R"(expected a value, found "#")", "#",
       "comments begin with // or stand between /* and */"},
      {"{a: \x01}", 1, 5, "expected a value, found the character U+0001", "\x01"},
      {"[\0]"s, 1, 2, R"(expected a value or "]", found the character U+0000)", "\0"s},
      {"\xE2\x80\x8B{}", 1, 1, "expected a value, found \"\xE2\x80\x8B\" (U+200B)",
       "\xE2\x80\x8B"},  // a format character is no space
  });
}

TEST_CASE("json5 errors: things that begin like numbers") {
  const std::string zero = "a number may not begin with a 0 that is followed by a digit";
  check_errors({
      {"010", 1, 1, R"(expected a number, found "010")", "010", zero},
      {"-010", 1, 1, R"(expected a number, found "-010")", "-010", zero},
      {"+010", 1, 1, R"(expected a number, found "+010")", "+010", zero},
      {"00", 1, 1, R"(expected a number, found "00")", "00", zero},
      {"-00", 1, 1, R"(expected a number, found "-00")", "-00", zero},
      {"080", 1, 1, R"(expected a number, found "080")", "080", zero},
      {"0780.5", 1, 1, R"(expected a number, found "0780.5")", "0780.5", zero},
      {"0x", 1, 1, R"(expected a number, found "0x")", "0x",
       "0x needs digits behind it: 0 to 9, a to f"},
      {"0xG", 1, 1, R"(expected a number, found "0xG")", "0xG"},
      {"0x1.8", 1, 1, R"(expected a number, found "0x1.8")", "0x1.8"},
      {".", 1, 1, R"(expected a number, found ".")", ".", "a number needs a digit"},
      {"-.", 1, 1, R"(expected a number, found "-.")", "-.", "a number needs a digit"},
      {".e1", 1, 1, R"(expected a number, found ".e1")", ".e1", "a number needs a digit"},
      {"+", 1, 1, R"(expected a number, found "+")", "+"},
      {"- 1", 1, 1, R"(expected a number, found "-")", "-",
       "a sign stands directly before its number"},
      {"--1", 1, 1, R"(expected a number, found "-")", "-"},
      {"1e", 1, 1, R"(expected a number, found "1e")", "1e", "the exponent needs digits"},
      {"1e+", 1, 1, R"(expected a number, found "1e+")", "1e+", "the exponent needs digits"},
      {"1.5e-", 1, 1, R"(expected a number, found "1.5e-")", "1.5e-", "the exponent needs digits"},
      {"1e2.3", 1, 1, R"(expected a number, found "1e2.3")", "1e2.3"},
      {"1e-2.3", 1, 1, R"(expected a number, found "1e-2.3")", "1e-2.3"},
      {"1e0x4", 1, 1, R"(expected a number, found "1e0x4")", "1e0x4"},
      {"1_000", 1, 1, R"(expected a number, found "1_000")", "1_000",
       "digits cannot be grouped with _"},
      {"{a: 10s}", 1, 5, R"(expected a number, found "10s")", "10s",
       R"(strings need quotes: "10s")"},
      {"{a: 127.0.0.1:80}", 1, 5, R"(expected a number, found "127.0.0.1")", "127.0.0.1",
       R"(strings need quotes: "127.0.0.1:80")"},
      {"-Inf", 1, 1, R"(expected a number, found "-Inf")", "-Inf"},
      {"+true", 1, 1, R"(expected a number, found "+true")", "+true"},
      {"-infinity", 1, 1, R"(expected a number, found "-infinity")", "-infinity", "write Infinity"},
      {R"(1\u0031)", 1, 1, R"(expected a number, found "1")", "1"},
  });
}

TEST_CASE("json5 errors: a string that does not end is reported where it begins") {
  check_errors({
      {"{\n  a: 1,\n  bcde: \"x\n}", 3, 9,
       "expected \" to close this unterminated string, found end of line", "\"x"},
      {"'abc", 1, 1, "expected ' to close this unterminated string, found end of file", "'abc"},
      {"'abc\"", 1, 1, "expected ' to close this unterminated string, found end of file", "'abc\""},
      {"'abc\\'", 1, 1, "expected ' to close this unterminated string, found end of file",
       "'abc\\'"},
      {"'abc\\", 1, 1, "expected ' to close this unterminated string, found end of file", "'abc\\"},
      {"['abc\r\n']", 1, 2, "expected ' to close this unterminated string, found end of line",
       "'abc"},
      {"['abc\r']", 1, 2, "expected ' to close this unterminated string, found end of line",
       "'abc"},
      {"['a\\\nb\n']", 1, 2, "expected ' to close this unterminated string, found end of line",
       "'a\\\nb"},
      {"{\"a: 1}", 1, 2, "expected \" to close this unterminated string, found end of file",
       "\"a: 1}"},
  });
}

TEST_CASE("json5 errors: a comment that does not end is reported where it begins") {
  check_errors({
      {"{} /* never\nclosed", 1, 4, "expected */ to close this comment, found end of file", "/*"},
      {"/*/", 1, 1, "expected */ to close this comment, found end of file", "/*"},
      {"[1, /* *", 1, 5, "expected */ to close this comment, found end of file", "/*"},
  });
}

TEST_CASE("json5 errors: escapes in strings") {
  check_errors({
      {R"("a\1")", 1, 3, R"(expected an escape, found "\1")", R"(\1)"},
      {R"("\9")", 1, 2, R"(expected an escape, found "\9")", R"(\9)"},
      {R"("\01")", 1, 2, R"(expected an escape, found "\0")", R"(\0)"},
      {R"("\xg0")", 1, 4, R"(expected a hexadecimal digit, found "g")", "g"},
      {R"("\x0")", 1, 5, R"(expected a hexadecimal digit, found '"')", "\""},
      {R"("\u12g4")", 1, 6, R"(expected a hexadecimal digit, found "g")", "g"},
      {R"("C:\users")", 1, 6, R"(expected a hexadecimal digit, found "s")", "s",
       R"(\u takes four hexadecimal digits; a backslash itself is written \\)"},
      {R"("\u{41}")", 1, 4, R"(expected a hexadecimal digit, found "{")", "{"},
      {"'\\u00\n'", 1, 6, "expected a hexadecimal digit, found end of line", "\n"},
      {"'\\u00", 1, 6, "expected a hexadecimal digit, found end of file", ""},
  });
}

TEST_CASE("json5 errors: surrogates come in pairs") {
  const std::string high =
      R"(half a character, "\uD83D": expected a low surrogate (\uDC00 to \uDFFF) behind it)";
  check_errors({
      {R"("\uD83D")", 1, 2, high, R"(\uD83D)"},
      {R"("a\uD83Dx")", 1, 3, high, R"(\uD83D)"},
      {R"("\uD83D\u0041")", 1, 2, high, R"(\uD83D)"},
      {R"("\uD83D\uD83D")", 1, 2, high, R"(\uD83D)"},
      {R"("\uDE00")", 1, 2,
       R"(half a character, "\uDE00": expected a high surrogate (\uD800 to \uDBFF) before it)",
       R"(\uDE00)"},
  });
}

TEST_CASE("json5 errors: escapes in unquoted keys") {
  const std::string wanted = "expected a letter or another character of an unquoted key, found ";
  check_errors({
      {R"({\x41: 1})", 1, 3, R"(expected "u" behind the backslash, found "x")", "x"},
      {R"({a\: 1})", 1, 4, R"(expected "u" behind the backslash, found ":")", ":"},
      {R"({\u004: 1})", 1, 7, R"(expected a hexadecimal digit, found ":")", ":"},
      {R"({a\u0020: 1})", 1, 3, wanted + R"("\u0020")", R"(\u0020)", "put quotes around the key"},
      {R"({\u0031: 1})", 1, 2, wanted + R"("\u0031")", R"(\u0031)"},
      {R"({\uD835\uDC00: 1})", 1, 2, wanted + R"("\uD835")", R"(\uD835)"},
  });
}

TEST_CASE("json5 errors: text that is not UTF-8 is refused at its byte") {
  check_errors({
      {"{\n a: '\xE4'}", 2, 6, "expected UTF-8, found the byte 0xE4", "\xE4"},
      {"// \xC3\xBC \xC0\xAF\n{}", 1, 6, "expected UTF-8, found the byte 0xC0",
       "\xC0"},                                                                 // overlong
      {"'\xED\xA0\x80'", 1, 2, "expected UTF-8, found the byte 0xED", "\xED"},  // surrogate
      {"'\xF4\x90\x80\x80'", 1, 2, "expected UTF-8, found the byte 0xF4",
       "\xF4"},                                                            // beyond U+10FFFF
      {"'\xE2\x82", 1, 2, "expected UTF-8, found the byte 0xE2", "\xE2"},  // cut off
      {"\xFF\xFE{\0}\0"s, 1, 1, "expected UTF-8, found the byte 0xFF", "\xFF",
       "the file is in UTF-16; save it as UTF-8"},
  });
}

TEST_CASE("json5 errors: the bracket that opens level 65 is refused") {
  const std::string message = "arrays and objects are nested more than 64 deep";
  check_error({std::string(65, '[') + std::string(65, ']'), 1, 65, message, "["});
  check_error({std::string(64, '[') + "\n  {", 2, 3, message, "{"});
  check_error({std::string(1u << 20, '['), 1, 65, message, "["});
  std::string objects;
  for (int i = 0; i < 100; ++i) objects += "{a:";
  check_error({objects, 1, 193, message, "{"});
}

TEST_CASE("json5 errors: a file beyond the size limit is not read") {
  check_error({std::string(kMaxBytes + 1, ' '), 1, 1, "this file is larger than 16 MiB", " "});
  CHECK(Reading("0" + std::string(kMaxBytes - 1, ' ')).value);
}

TEST_CASE("json5 errors: the open bracket is shown when the end or the wrong bracket is found") {
  for (const char* text : {"[\n 1", "[\n 1}", "[\n", "[ // [\n {}"}) {
    CAPTURE(text);
    const Reading r(text);
    REQUIRE(r.diagnostics.all().size() == 1);
    const Diagnostic& d = r.diagnostics.all()[0];
    REQUIRE(d.notes.size() == 1);
    CHECK(d.notes[0].message == R"("[" is opened here)");
    CHECK(d.notes[0].place.offset == 0);
  }
  CHECK(Reading("{a: }").diagnostics.all()[0].notes.empty());
}

TEST_CASE("json5 errors: long tokens are cut in messages") {
  const Reading r("[1 " + std::string(1000, 'x') + "]");
  CHECK(r.diagnostics.all()[0].message ==
        R"(expected "," or "]", found ")" + std::string(40, 'x') + R"(...")");
  CHECK(r.diagnostics.all()[0].place.length == 1000);
}

TEST_CASE(
    "json5 errors: a key written twice is refused with both places, and the first one stays") {
  const Reading r("{\n  a: 1,\n  b: 2,\n  'a': 3,\n  \"\\u0061\": 4,\n}");
  REQUIRE(r.value);
  CHECK(r.value->as_object()->size() == 2);
  CHECK(r.value->find("a")->as_number()->integer == 1);
  CHECK(r.value->find("b")->as_number()->integer == 2);
  REQUIRE(r.diagnostics.all().size() == 2);
  const Diagnostic& second = r.diagnostics.all()[0];
  CHECK(second.id == "duplicate-key");
  CHECK(second.message == R"(key "a" is written twice in this object)");
  CHECK(r.at(second.place) == "'a'");
  CHECK(r.sources.position(second.place).line == 4);
  REQUIRE(second.notes.size() == 1);
  CHECK(r.at(second.notes[0].place) == "a");
  CHECK(r.sources.position(second.notes[0].place).line == 2);
  const Diagnostic& third = r.diagnostics.all()[1];
  CHECK(r.at(third.place) == R"("\u0061")");
  CHECK(r.sources.position(third.notes.at(0).place).line == 2);
}

TEST_CASE("json5 errors: keys count by object, not by file") {
  CHECK_FALSE(Reading("{a: {a: 1}, b: {a: 2}, c: [{a: 3}, {a: 4}]}").diagnostics.has_errors());
  const Reading r("{a: {b: 1, b: 2}, a: 3}");
  REQUIRE(r.diagnostics.all().size() == 2);
  CHECK(r.sources.position(r.diagnostics.all()[0].place).column == 12);
  CHECK(r.sources.position(r.diagnostics.all()[1].place).column == 19);
}

TEST_CASE("json5 errors: very many duplicates are found in reasonable time") {
  std::string text = "{";
  for (int i = 0; i < 100000; ++i) text += "k" + std::to_string(i % 1000) + ":0,";
  const Reading r(text + "}");
  CHECK(r.value->as_object()->size() == 1000);
  CHECK(r.diagnostics.errors() == 99000);
}

}  // namespace
}  // namespace prox::config::json5
