#include "downstream/date.h"

#include <ctime>
#include <string>

#include "prox/http/date.h"

namespace prox::downstream {

std::string_view current_date() {
  static std::string text;
  static std::time_t made_for = 0;
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != made_for) {
    made_for = now.tv_sec;
    text = http::format_date(made_for);
  }
  return text;
}

}  // namespace prox::downstream
