#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "catch.h"
#include "config/json5_reading.h"

namespace prox::config::json5 {
namespace {

using namespace std::string_literals;

using Type = Value::Type;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct NumberCase {
  std::string text;
  double value;
  std::optional<std::int64_t> integer;
};

void check_number(const NumberCase& c) {
  CAPTURE(c.text);
  const Reading r(c.text);
  REQUIRE(r.value);
  const Number* n = r.value->as_number();
  REQUIRE(n);
  CHECK(n->value == c.value);
  CHECK(std::signbit(n->value) == std::signbit(c.value));
  CHECK(n->integer == c.integer);
  CHECK(r.at(r.value->place) == c.text);
}

struct StringCase {
  std::string text;
  std::string value;
};

void check_string(const StringCase& c) {
  CAPTURE(c.text);
  const Reading r(c.text);
  REQUIRE(r.value);
  REQUIRE(r.value->as_string());
  CHECK(*r.value->as_string() == c.value);
  CHECK(r.at(r.value->place) == c.text);
}

// The text is an array of 1 and 2, whatever stands around them.
void check_ignored(const std::string& text) {
  CAPTURE(text);
  const Reading r(text);
  REQUIRE(r.value);
  const Items* items = r.value->as_array();
  REQUIRE(items);
  REQUIRE(items->size() == 2);
  CHECK(items->at(0).as_number()->integer == 1);
  CHECK(items->at(1).as_number()->integer == 2);
}

void check_key(const std::string& key, const std::string& value) {
  CAPTURE(key);
  const Reading r("{" + key + ": 1}");
  REQUIRE(r.value);
  const Members* members = r.value->as_object();
  REQUIRE(members);
  REQUIRE(members->size() == 1);
  CHECK(members->at(0).key == value);
  CHECK(r.at(members->at(0).key_place) == key);
}

TEST_CASE("json5: null, true and false are values of their types") {
  const Reading r("[null, true, false]");
  REQUIRE(r.value);
  const Items& items = *r.value->as_array();
  CHECK(items[0].is_null());
  CHECK(*items[1].as_bool());
  CHECK_FALSE(*items[2].as_bool());
  CHECK(items[1].as_number() == nullptr);
  CHECK(items[1].as_string() == nullptr);
  CHECK(items[1].as_array() == nullptr);
  CHECK(items[1].as_object() == nullptr);
}

TEST_CASE("json5: every type has its name for messages") {
  const Reading r("[null, true, 1, '', [], {}]");
  REQUIRE(r.value);
  const std::vector<std::string> names = {"null",     "a boolean", "a number",
                                          "a string", "an array",  "an object"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Value& value = r.value->as_array()->at(i);
    CHECK(value.type_name() == names[i]);
    CHECK(value.type() == static_cast<Type>(i));
  }
}

TEST_CASE("json5: decimal numbers") {
  const std::vector<NumberCase> cases = {
      {"0", 0, 0},
      {"7", 7, 7},
      {"120", 120, 120},
      {"+15", 15, 15},
      {"-15", -15, -15},
      {"-0", -0.0, 0},
      {"+0", 0, 0},
      {"0.0", 0, 0},
      {"1.25", 1.25, std::nullopt},
      {"-1.25", -1.25, std::nullopt},
      {"200.0", 200, 200},
      {".5", .5, std::nullopt},
      {"+.5", .5, std::nullopt},
      {"-.5", -.5, std::nullopt},
      {".0", 0, 0},
      {"-.0", -0.0, 0},
      {"5.", 5, 5},
      {"-5.", -5, -5},
      {"0.", 0, 0},
      {"0.5", .5, std::nullopt},
      {"1e3", 1000, 1000},
      {"1E3", 1000, 1000},
      {"1e+3", 1000, 1000},
      {"2e0", 2, 2},
      {"2e-0", 2, 2},
      {"2e+0", 2, 2},
      {"0e7", 0, 0},
      {"1e-3", .001, std::nullopt},
      {"1500e-2", 15, 15},
      {"1.5e1", 15, 15},
      {"5.e1", 50, 50},
      {".25e2", 25, 25},
  };
  for (const NumberCase& c : cases) check_number(c);
}

TEST_CASE("json5: hexadecimal numbers") {
  const std::vector<NumberCase> cases = {
      {"0x0", 0, 0},      {"0x1E", 30, 30},
      {"0XaF", 175, 175}, {"0xc8e4", 51428, 51428},  // the e begins no exponent
      {"+0x10", 16, 16},  {"-0x10", -16, -16},
      {"-0x0", -0.0, 0},  {"0x0000000000000000000000001", 1, 1},
  };
  for (const NumberCase& c : cases) check_number(c);
}

TEST_CASE("json5: integers are exact as far as 64 bits hold them") {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  const std::vector<NumberCase> cases = {
      {"9007199254740993", 9007199254740992.0, 9007199254740993},
      {"9223372036854775807", 9223372036854775808.0, kMax},
      {"9223372036854775808", 9223372036854775808.0, std::nullopt},
      {"-9223372036854775808", -9223372036854775808.0, kMin},
      {"-9223372036854775809", -9223372036854775808.0, std::nullopt},
      {"0x7fffffffffffffff", 9223372036854775808.0, kMax},
      {"0x8000000000000000", 9223372036854775808.0, std::nullopt},
      {"-0x8000000000000000", -9223372036854775808.0, kMin},
      {"0x10000000000000000", 18446744073709551616.0, std::nullopt},
      {"9223372036854775807.000", 9223372036854775808.0, kMax},
      {"922337203685477580700e-2", 9223372036854775808.0, kMax},
      {"1e18", 1e18, 1000000000000000000},
      {"1e19", 1e19, std::nullopt},
  };
  for (const NumberCase& c : cases) check_number(c);
}

TEST_CASE("json5: numbers beyond a double are infinite or zero") {
  const std::vector<NumberCase> cases = {
      {"1e999", kInfinity, std::nullopt},
      {"-1e999", -kInfinity, std::nullopt},
      {"1e-999", 0, std::nullopt},
      {"1e99999999999999999999", kInfinity, std::nullopt},
      {"1e-99999999999999999999", 0, std::nullopt},
      {"0e99999999999999999999", 0, 0},
      {"0.0001e400", kInfinity, std::nullopt},
      {"5e-324", 5e-324, std::nullopt},
      {"1" + std::string(400, '0'), kInfinity, std::nullopt},
      {"0x1" + std::string(400, '0'), kInfinity, std::nullopt},
  };
  for (const NumberCase& c : cases) check_number(c);
}

TEST_CASE("json5: Infinity and NaN, with and without a sign") {
  check_number({"Infinity", kInfinity, std::nullopt});
  check_number({"+Infinity", kInfinity, std::nullopt});
  check_number({"-Infinity", -kInfinity, std::nullopt});
  for (const char* text : {"NaN", "+NaN", "-NaN"}) {
    const Reading r(text);
    REQUIRE(r.value);
    CHECK(std::isnan(r.value->as_number()->value));
    CHECK_FALSE(r.value->as_number()->integer);
  }
}

TEST_CASE("json5: strings in both kinds of quotes") {
  const std::vector<StringCase> cases = {
      {R"("")", ""},
      {"''", ""},
      {R"("plain")", "plain"},
      {"'plain'", "plain"},
      {R"("it's")", "it's"},
      {R"('say "yes"')", "say \"yes\""},
      {R"("a \"b\" c")", "a \"b\" c"},
      {R"('a \'b\' c')", "a 'b' c"},
      {R"("// no comment, /* none */")", "// no comment, /* none */"},
      {"\"tab\there\"", "tab\there"},
      {"\"nul\0here\""s, "nul\0here"s},
      {"\"gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80\"", "gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80"},
      {"\"\xE2\x80\xA8\xE2\x80\xA9\"",
       "\xE2\x80\xA8\xE2\x80\xA9"},  // U+2028 and U+2029 as they are
  };
  for (const StringCase& c : cases) check_string(c);
}

TEST_CASE("json5: escapes in strings") {
  const std::vector<StringCase> cases = {
      {R"("\b\f\n\r\t\v")", "\b\f\n\r\t\v"},
      {R"("\\\/\"\'")", "\\/\"'"},
      {R"("\0")", "\0"s},
      {R"("\0a")", "\0a"s},
      {R"("\x41\xe4\xFF")", "A\xC3\xA4\xC3\xBF"},
      {R"("\u0041\u00e4\u20AC")", "A\xC3\xA4\xE2\x82\xAC"},
      {R"("\u0000")", "\0"s},
      {R"("\uFFFF")", "\xEF\xBF\xBF"},
      {R"("\uD83D\uDE00")", "\xF0\x9F\x98\x80"},
      {R"("\ud800\udc00\uDBFF\uDFFF")", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"},
      {R"("\a\c\$\ ")", "ac$ "},
      {"\"\\\xC3\xA4\"", "\xC3\xA4"},
      {"'\\\xF0\x9F\x98\x80'", "\xF0\x9F\x98\x80"},
  };
  for (const StringCase& c : cases) check_string(c);
}

TEST_CASE("json5: an escaped line break continues the string and is no part of it") {
  const std::vector<StringCase> cases = {
      {"'a\\\nb'", "ab"},
      {"'a\\\rb'", "ab"},
      {"'a\\\r\nb'", "ab"},
      {"'a\\\xE2\x80\xA8"
       "b'",
       "ab"},
      {"'a\\\xE2\x80\xA9"
       "b'",
       "ab"},
      {"'\\\n\\\n'", ""},
      {"'a\\\n\\\r\nb'", "ab"},
      {"'a\\\n  b'", "a  b"},
  };
  for (const StringCase& c : cases) check_string(c);
}

TEST_CASE("json5: all white space is ignored") {
  const std::vector<std::string> spaces = {
      "\t",
      "\v",
      "\f",
      " ",
      "\n",
      "\r",
      "\r\n",
      "\xC2\xA0",
      "\xEF\xBB\xBF",
      "\xE2\x80\xA8",
      "\xE2\x80\xA9",
      // the rest of category Zs: U+1680, U+2000, U+2005, U+200A, U+202F, U+205F, U+3000
      "\xE1\x9A\x80",
      "\xE2\x80\x80",
      "\xE2\x80\x85",
      "\xE2\x80\x8A",
      "\xE2\x80\xAF",
      "\xE2\x81\x9F",
      "\xE3\x80\x80",
  };
  for (const std::string& s : spaces)
    check_ignored(s + "[" + s + s + "1" + s + "," + s + "2" + s + "," + s + "]" + s);
}

TEST_CASE("json5: comments are ignored wherever white space is") {
  const std::vector<std::string> cases = {
      "[1, 2] // at the end, without a line break",
      "// before\n[1, 2]",
      "// ends with CR\r[1, 2]",
      "// ends with CRLF\r\n[1, 2]",
      "// ends with U+2028\xE2\x80\xA8[1, 2]",
      "// ends with U+2029\xE2\x80\xA9[1, 2]",
      "//\n[1, 2]//",
      "[1, // first\n 2 // second\n]",
      "/* before */[1, 2]",
      "[1, 2]/* behind */",
      "[/**/1/***/,/* * / ** */2/* [3] */]",
      "/* more\nthan\r\none line */[1, 2]",
      "/* // */[1, 2]",
      "// /*\n[1, 2]",
      "/*/ not closed yet */[1, 2]",
  };
  for (const std::string& text : cases) check_ignored(text);
}

TEST_CASE("json5: arrays, with and without a trailing comma") {
  check_ignored("[1,2]");
  check_ignored("[1,2,]");
  const Reading empty("[]");
  REQUIRE(empty.value);
  CHECK(empty.value->as_array()->empty());
  const Reading nested("[[], [[1]], {}]");
  REQUIRE(nested.value);
  CHECK(nested.value->as_array()->size() == 3);
  CHECK(nested.value->as_array()->at(1).as_array()->at(0).as_array()->at(0).as_number()->integer ==
        1);
}

TEST_CASE("json5: objects keep their members in the order written") {
  for (const char* text :
       {"{z: 1, 'a': 2, \"m\": 3}", "{z: 1, 'a': 2, \"m\": 3,}", "{\"z\":1,\"a\":2,\"m\":3}"}) {
    const Reading r(text);
    REQUIRE(r.value);
    const Members& members = *r.value->as_object();
    REQUIRE(members.size() == 3);
    CHECK(members[0].key == "z");
    CHECK(members[1].key == "a");
    CHECK(members[2].key == "m");
    CHECK(members[2].value.as_number()->integer == 3);
  }
  const Reading empty("{}");
  REQUIRE(empty.value);
  CHECK(empty.value->as_object()->empty());
}

TEST_CASE("json5: find() gives a member's value, or nothing") {
  const Reading r("{a: {b: 5}, c: []}");
  REQUIRE(r.value);
  REQUIRE(r.value->find("a"));
  CHECK(r.value->find("a")->find("b")->as_number()->integer == 5);
  CHECK(r.value->find("b") == nullptr);
  CHECK(r.value->find("c")->find("a") == nullptr);
}

TEST_CASE("json5: unquoted keys are ECMAScript identifiers") {
  check_key("a", "a");
  check_key("$", "$");
  check_key("_", "_");
  check_key("$_a9Z", "$_a9Z");
  check_key("while", "while");  // reserved words are names too
  check_key("null", "null");
  check_key("true", "true");
  check_key("NaN", "NaN");
  check_key("Infinity", "Infinity");
  check_key(
      "\xC3\xBC"
      "ber",
      "\xC3\xBC"
      "ber");  // Ll
  check_key(
      "\xC3\x84"
      "1",
      "\xC3\x84"
      "1");                                                           // Lu
  check_key("\xC7\x85", "\xC7\x85");                                  // Lt U+01C5
  check_key("\xCA\xB0", "\xCA\xB0");                                  // Lm U+02B0
  check_key("\xE6\x97\xA5\xE6\x9C\xAC", "\xE6\x97\xA5\xE6\x9C\xAC");  // Lo
  check_key("\xE2\x85\xA7", "\xE2\x85\xA7");                          // Nl U+2167
  check_key("\xF0\x9D\x90\x80", "\xF0\x9D\x90\x80");                  // Lu U+1D400
  check_key("a\xCC\x81", "a\xCC\x81");                                // Mn U+0301
  check_key("\xE0\xA4\x95\xE0\xA4\xBE", "\xE0\xA4\x95\xE0\xA4\xBE");  // Mc U+093E
  check_key("a\xD9\xA3", "a\xD9\xA3");                                // Nd U+0663
  check_key(
      "a\xE2\x80\xBF"
      "b",
      "a\xE2\x80\xBF"
      "b");  // Pc U+203F
  check_key(
      "a\xE2\x80\x8C"
      "b",
      "a\xE2\x80\x8C"
      "b");  // ZWNJ
  check_key(
      "a\xE2\x80\x8D"
      "b",
      "a\xE2\x80\x8D"
      "b");  // ZWJ
}

TEST_CASE("json5: unquoted keys may hold escaped characters") {
  check_key(R"(\u0061)", "a");
  check_key(R"(sig\u03A3ma)", "sig\xCE\xA3ma");
  check_key(R"(a\u0031)", "a1");
  check_key(R"(\u0024\u005f)", "$_");
  check_key(R"(a\u200C\u200d)", "a\xE2\x80\x8C\xE2\x80\x8D");
}

TEST_CASE("json5: quoted keys may hold anything") {
  check_key(R"("")", "");
  check_key(R"('max-conn')", "max-conn");
  check_key(R"("1")", "1");
  check_key(R"("\u0020\x41\n")", " A\n");
  check_key("'a\\\nb'", "ab");
}

TEST_CASE("json5: any value may be the root, with a byte order mark before it") {
  for (const char* text : {"null", "true", " 5 ", "'x'", "[]", "{}", "\xEF\xBB\xBF{}"}) {
    CAPTURE(text);
    CHECK(Reading(text).value);
  }
}

TEST_CASE("json5: every value knows its place") {
  const Reading r("// first line\n{\n  \xC3\xBC: [1, 'two'],\n}\n");
  REQUIRE(r.value);
  CHECK(r.at(r.value->place) == "{\n  \xC3\xBC: [1, 'two'],\n}");
  CHECK(r.at(r.member().place) == "[1, 'two']");
  CHECK(r.at(r.member().as_array()->at(1).place) == "'two'");
  const Position p = r.sources.position(r.member().as_array()->at(1).place);
  CHECK(p.line == 3);
  CHECK(p.column == 10);
  CHECK(p.end_column == 15);
}

TEST_CASE("json5: a text written for people reads as its plain JSON does") {
  const Reading r(R"(
    // A service.
    {
      web: {
        listen: ':8080', "tls": false,
        'limits': [0x10, .5, +1, 1e3,], /* trailing
        comma */ text: "one \
line",
      },
    })");
  REQUIRE(r.value);
  const Value* web = r.value->find("web");
  REQUIRE(web);
  CHECK(*web->find("listen")->as_string() == ":8080");
  CHECK_FALSE(*web->find("tls")->as_bool());
  CHECK(web->find("limits")->as_array()->size() == 4);
  CHECK(*web->find("text")->as_string() == "one line");
}

TEST_CASE("json5: 64 levels of nesting are read") {
  const Reading arrays(std::string(64, '[') + std::string(64, ']'));
  CHECK(arrays.value);
  std::string objects;
  for (int i = 0; i < 63; ++i) objects += "{a:";
  const Reading mixed(objects + "[1]" + std::string(63, '}'));
  CHECK(mixed.value);
}

TEST_CASE("json5: an object with very many members is read in reasonable time") {
  std::string text = "{";
  for (int i = 0; i < 200000; ++i) text += "k" + std::to_string(i) + ":0,";
  const Reading r(text + "}");
  REQUIRE(r.value);
  CHECK(r.value->as_object()->size() == 200000);
}

}  // namespace
}  // namespace prox::config::json5
