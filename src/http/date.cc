#include "prox/http/date.h"

#include <array>
#include <cstddef>
#include <ctime>

#include <fmt/format.h>

#include "http/chars.h"

namespace prox::http {

namespace {

constexpr std::array<Slice, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<Slice, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                            "Thursday", "Friday", "Saturday"};
constexpr std::array<Slice, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Takes a date apart from the left; once something is not as it should be, everything after it is neither.
class DateReader {
 public:
  explicit DateReader(Slice text) : rest_(text) {}

  bool literal(Slice expected) {
    ok_ = ok_ && rest_.starts_with(expected);
    if (ok_) rest_.remove_prefix(expected.size());
    return ok_;
  }

  template <std::size_t kCount>
  int word(const std::array<Slice, kCount>& words) {
    for (std::size_t i = 0; ok_ && i < kCount; ++i) {
      if (!rest_.starts_with(words[i])) continue;
      rest_.remove_prefix(words[i].size());
      return static_cast<int>(i);
    }
    ok_ = false;
    return 0;
  }

  // Exactly `digits` of them, unless a space may stand for the first.
  int number(std::size_t digits, bool space_padded = false) {
    ok_ = ok_ && rest_.size() >= digits;
    int value = 0;
    for (std::size_t i = 0; ok_ && i < digits; ++i) {
      const bool is_padding = space_padded && i == 0 && rest_[i] == ' ';
      ok_ = is_padding || is_digit(rest_[i]);
      if (ok_ && !is_padding) value = value * 10 + (rest_[i] - '0');
    }
    if (ok_) rest_.remove_prefix(digits);
    return value;
  }

  void time_of_day(std::tm& tm) {
    tm.tm_hour = number(2);
    literal(":");
    tm.tm_min = number(2);
    literal(":");
    tm.tm_sec = number(2);
  }

  bool is_done() const { return ok_ && rest_.empty(); }

 private:
  Slice rest_;
  bool ok_ = true;
};

bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

// Leap seconds are written as 60 (RFC 5322 §3.3).
bool is_possible(const std::tm& tm) {
  constexpr std::array<int, 12> kLengths = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int length = kLengths[static_cast<std::size_t>(tm.tm_mon)] +
                     (tm.tm_mon == 1 && is_leap(tm.tm_year + 1900) ? 1 : 0);
  return tm.tm_mday >= 1 && tm.tm_mday <= length && tm.tm_hour < 24 && tm.tm_min < 60 &&
         tm.tm_sec <= 60;
}

int full_year(int two_digits, std::int64_t now) {
  const std::time_t seconds = now;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  const int this_year = utc.tm_year + 1900;
  const int year = this_year - this_year % 100 + two_digits;
  return year > this_year + 50 ? year - 100 : year;
}

// Sun, 06 Nov 1994 08:49:37 GMT
bool read_fixdate(Slice text, std::tm& tm) {
  DateReader in(text);
  in.word(kDays);
  in.literal(", ");
  tm.tm_mday = in.number(2);
  in.literal(" ");
  tm.tm_mon = in.word(kMonths);
  in.literal(" ");
  tm.tm_year = in.number(4) - 1900;
  in.literal(" ");
  in.time_of_day(tm);
  in.literal(" GMT");
  return in.is_done();
}

// Sunday, 06-Nov-94 08:49:37 GMT
bool read_rfc850(Slice text, std::tm& tm, std::int64_t now) {
  DateReader in(text);
  in.word(kLongDays);
  in.literal(", ");
  tm.tm_mday = in.number(2);
  in.literal("-");
  tm.tm_mon = in.word(kMonths);
  in.literal("-");
  tm.tm_year = full_year(in.number(2), now) - 1900;
  in.literal(" ");
  in.time_of_day(tm);
  in.literal(" GMT");
  return in.is_done();
}

// Sun Nov  6 08:49:37 1994
bool read_asctime(Slice text, std::tm& tm) {
  DateReader in(text);
  in.word(kDays);
  in.literal(" ");
  tm.tm_mon = in.word(kMonths);
  in.literal(" ");
  tm.tm_mday = in.number(2, true);
  in.literal(" ");
  in.time_of_day(tm);
  in.literal(" ");
  tm.tm_year = in.number(4) - 1900;
  return in.is_done();
}

}  // namespace

std::string format_date(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm utc{};
  gmtime_r(&time, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                     kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                     kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                     utc.tm_min, utc.tm_sec);
}

std::optional<std::int64_t> parse_date(Slice text, std::int64_t now) {
  std::tm tm{};
  if (!read_fixdate(text, tm) && !read_rfc850(text, tm, now) && !read_asctime(text, tm))
    return std::nullopt;
  if (!is_possible(tm)) return std::nullopt;
  return timegm(&tm);
}

}  // namespace prox::http
