#include "config/duration.h"

#include <chrono>
#include <limits>
#include <optional>
#include <string>

#include "catch.h"

namespace {

using namespace std::chrono_literals;
using prox::config::Duration;
using prox::config::parse_duration;
using prox::config::seconds_to_duration;
using prox::config::to_text;

struct Reading {
  const char* text;
  Duration duration;
};

TEST_CASE("a duration is a sum of decimals with units") {
  const Reading readings[] = {
      {"5s", 5s},
      {"1m30s", 90s},
      {"100ms", 100ms},
      {"1.5h", 5400s},
      {".5s", 500ms},
      {"5.s", 5s},
      {"1h1h", 7200s},
      {"1s1m", 61s},
      {"300us", 300us},
      {"300\u00b5s", 300us},
      {"300\u03bcs", 300us},
      {"1ns", 1ns},
      {"0.1s", 100ms},
      {"0.000000001s", 1ns},
      {"0.3333333333333333333333h", 1199999999999ns},
      {"+5s", 5s},
      {"-1s", -1s},
      {"-1m0.5s", -60500ms},
      {"0", 0s},
      {"+0", 0s},
      {"-0", 0s},
      {"0s", 0s},
      {"007s", 7s},
      {"9223372036854775807ns", Duration::max()},
      {"2562047h", std::chrono::hours(2562047)},
  };
  for (const Reading& reading : readings) {
    CAPTURE(reading.text);
    REQUIRE(parse_duration(reading.text));
    CHECK(parse_duration(reading.text)->count() == reading.duration.count());
  }
}

TEST_CASE("what is no duration is refused") {
  for (const char* text :
       {"",       "10",   "5d",   "5 s",  " 5s",  "5s ",     ".",   ".s",
        "s",      "5S",   "--5s", "+-5s", "-",    "+",       "5",   "00",
        "1.2.3s", "1e3s", "0x1s", "5s3",  "1,5s", "\u00b5s", "NaN", "Infinity"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
  CHECK_FALSE(parse_duration(std::string_view("5s\0", 3)));
}

TEST_CASE("a duration beyond 64 bits of nanoseconds is refused") {
  for (const char* text : {"9223372036854775808ns", "99999999999999999999ns", "2562048h",
                           "9223372036.854775808s", "9223372036s1s"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("a number is seconds") {
  CHECK(seconds_to_duration(30) == Duration(30s));
  CHECK(seconds_to_duration(1.5) == Duration(1500ms));
  CHECK(seconds_to_duration(0.1) == Duration(100ms));
  CHECK(seconds_to_duration(-1) == Duration(-1s));
  CHECK(seconds_to_duration(-0.0) == Duration(0s));
  CHECK(seconds_to_duration(9e9) == Duration(std::chrono::seconds(9'000'000'000)));
  CHECK_FALSE(seconds_to_duration(1e10));
  CHECK_FALSE(seconds_to_duration(-1e10));
  CHECK_FALSE(seconds_to_duration(std::numeric_limits<double>::infinity()));
  CHECK_FALSE(seconds_to_duration(std::numeric_limits<double>::quiet_NaN()));
}

TEST_CASE("a duration is shown as it can be written") {
  for (const auto& [text, shown] : {std::pair{"90s", "1m30s"},
                                    {"2h15m", "2h15m0s"},
                                    {"1h", "1h0m0s"},
                                    {"1.5s", "1.5s"},
                                    {"500ms", "500ms"},
                                    {"0.25us", "250ns"},
                                    {"1500ns", "1.5\u00b5s"},
                                    {"0", "0s"},
                                    {"-1s", "-1s"},
                                    {"-61.001s", "-1m1.001s"},
                                    {"1000000h", "1000000h0m0s"}}) {
    CAPTURE(text);
    const std::optional<Duration> duration = parse_duration(text);
    REQUIRE(duration);
    CHECK(to_text(*duration) == shown);
    CHECK(parse_duration(to_text(*duration)) == duration);
  }
  CHECK(to_text(Duration::min()) == "-2562047h47m16.854775808s");
}

}  // namespace
