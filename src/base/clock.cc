#include "prox/base/clock.h"

#include <ctime>

namespace prox::base {

Millis coarse_now() {
  timespec ts{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
  return Millis{ts.tv_sec} * 1000 + ts.tv_nsec / 1'000'000 + 1;
}

Micros precise_now() {
  timespec ts{};
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return Micros{ts.tv_sec} * 1'000'000 + ts.tv_nsec / 1000;
}

std::int64_t wall_nanos() {
  timespec ts{};
  clock_gettime(CLOCK_REALTIME, &ts);
  return std::int64_t{ts.tv_sec} * 1'000'000'000 + ts.tv_nsec;
}

Millis to_millis(std::chrono::nanoseconds duration) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration).count();
}

}  // namespace prox::base
