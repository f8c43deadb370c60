#include "prox/base/clock.h"

#include <ctime>

namespace prox::base {

Millis coarse_now() {
  timespec ts{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
  return Millis{ts.tv_sec} * 1000 + ts.tv_nsec / 1'000'000 + 1;
}

Millis to_millis(std::chrono::nanoseconds duration) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration).count();
}

}  // namespace prox::base
