#pragma once

#include <algorithm>

#include "prox/base/clock.h"

namespace prox::downstream {

// The deadline that comes first; 0 stands for none.
inline base::Millis earlier(base::Millis a, base::Millis b) {
  if (a == 0 || b == 0) return std::max(a, b);
  return std::min(a, b);
}

// `limit` from now; 0 stands for none.
inline base::Millis deadline_after(base::Millis limit) {
  return limit > 0 ? base::coarse_now() + limit : 0;
}

// How long a client is left without an answer by a `drop` route: write_timeout, where there is one.
inline base::Millis hang_time(base::Millis write_timeout) {
  constexpr base::Millis kHangTime = 30'000;
  return write_timeout > 0 ? write_timeout : kHangTime;
}

}  // namespace prox::downstream
