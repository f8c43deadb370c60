#pragma once

#include <chrono>
#include <cstdint>

namespace prox::base {

// Milliseconds of the monotonic clock; 0 is never returned, so it can mean "none".
using Millis = std::int64_t;

// CLOCK_MONOTONIC_COARSE: a few nanoseconds to read, exact to one kernel tick (1–10 ms), which is all that time-outs need.
Millis coarse_now();

// A time-out of the config as Millis, rounded up; 0 stays 0, "no limit".
Millis to_millis(std::chrono::nanoseconds duration);

}  // namespace prox::base
