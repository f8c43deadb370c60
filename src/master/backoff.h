#pragma once

#include <algorithm>

#include "prox/base/clock.h"

namespace prox::master {

// How long to wait before a dead worker's replacement is started. One for each slot.
class Backoff {
 public:
  static constexpr base::Millis kWindow =
      10'000;  // deaths further apart have nothing to do with each other
  static constexpr int kFreeDeaths = 2;
  static constexpr base::Millis kFirstDelay = 100;
  static constexpr base::Millis kLongestDelay =
      5'000;  // below the window, or the count would start anew

  // Called at each death; returns the wait in ms.
  base::Millis next_delay(base::Millis now) {
    if (now - last_death_ > kWindow) deaths_ = 0;
    last_death_ = now;
    ++deaths_;
    if (deaths_ <= kFreeDeaths) return 0;
    const int doublings = std::min(deaths_ - kFreeDeaths - 1, 6);
    return std::min(kFirstDelay << doublings, kLongestDelay);
  }

 private:
  base::Millis last_death_ = 0;
  int deaths_ = 0;
};

}  // namespace prox::master
