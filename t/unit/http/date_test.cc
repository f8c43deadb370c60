#include "prox/http/date.h"

#include "catch.h"

namespace prox::http {

namespace {

constexpr std::int64_t kExample = 784111777;  // the one of RFC 9110 §5.6.7
constexpr std::int64_t kNow = 1'790'000'000;  // in 2026

}  // namespace

TEST_CASE("a date is written as IMF-fixdate", "[http][date]") {
  CHECK(format_date(kExample) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(format_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(format_date(951'782'400) == "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST_CASE("the three forms of a date are read", "[http][date]") {
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"}) {
    CAPTURE(text);
    CHECK(parse_date(text, kNow) == kExample);
  }
  CHECK(parse_date("Sat, 31 Dec 2016 23:59:60 GMT", kNow) == 1'483'228'800);
}

TEST_CASE("two digits of a year mean the nearest one, at most 50 years ahead", "[http][date]") {
  CHECK(format_date(*parse_date("Sunday, 06-Nov-76 08:49:37 GMT", kNow)).substr(12, 4) == "2076");
  CHECK(format_date(*parse_date("Sunday, 06-Nov-77 08:49:37 GMT", kNow)).substr(12, 4) == "1977");
  CHECK(format_date(*parse_date("Sunday, 06-Nov-26 08:49:37 GMT", kNow)).substr(12, 4) == "2026");
}

TEST_CASE("what is not exactly a date is none", "[http][date]") {
  for (const char* text : {"", "yesterday", "784111777", "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37 GMT ", "sun, 06 nov 1994 08:49:37 GMT",
                           "Sun, 31 Apr 1994 08:49:37 GMT", "Sun, 29 Feb 1900 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Sun, -6 Nov 1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_date(text, kNow));
  }
}

}  // namespace prox::http
