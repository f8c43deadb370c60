#include "downstream/date.h"

#include <ctime>

#include <fmt/format.h>

namespace prox::downstream {

std::string_view current_date() {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  static char text[32];
  static std::size_t size = 0;
  static std::time_t made_for = 0;
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != made_for) {
    made_for = now.tv_sec;
    std::tm utc{};
    gmtime_r(&made_for, &utc);
    size = fmt::format_to_n(text, sizeof text, "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                            kDays[utc.tm_wday], utc.tm_mday, kMonths[utc.tm_mon],
                            utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec)
               .size;
  }
  return {text, size};
}

}  // namespace prox::downstream
