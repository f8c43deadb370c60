#pragma once

#include <cstdint>

#include "prox/base/clock.h"

namespace prox::downstream {

// Finds clients that are waited for and move too few bytes (`min_rate`). It is looked at now and then, not at every byte, so that it
// costs nothing while all goes well.
class RateWatch {
 public:
  // Over this long a rate is judged.
  static constexpr base::Millis kPeriod = 5'000;

  // The client is waited for, and `moved` bytes have passed so far. True if too few did in the last period.
  bool is_too_slow(base::Millis now, std::uint64_t moved, std::uint64_t bytes_per_second) {
    if (since_ == 0) return begin(now, moved);
    const base::Millis elapsed = now - since_;
    if (elapsed < kPeriod) return false;
    const std::uint64_t least = bytes_per_second * static_cast<std::uint64_t>(elapsed) / 1000;
    return moved - from_ < least || begin(now, moved);
  }
  // It is not waited for: the next period begins when it is again.
  void pause() { since_ = 0; }

 private:
  bool begin(base::Millis now, std::uint64_t moved) {
    since_ = now;
    from_ = moved;
    return false;
  }

  base::Millis since_ = 0;  // 0: paused
  std::uint64_t from_ = 0;
};

}  // namespace prox::downstream
