#pragma once

#include <chrono>
#include <cstdint>

namespace prox::base {

// Milliseconds of the monotonic clock; 0 is never returned, so it can mean "none".
using Millis = std::int64_t;

// CLOCK_MONOTONIC_COARSE: a few nanoseconds to read, exact to one kernel tick (1–10 ms), which is all that time-outs need.
Millis coarse_now();

// Microseconds of the monotonic clock, exact: for what is measured, not for time-outs.
using Micros = std::int64_t;
Micros precise_now();

// Nanoseconds since 1970-01-01 UTC.
std::int64_t wall_nanos();

// A time-out of the config as Millis, rounded up; 0 stays 0, "no limit".
Millis to_millis(std::chrono::nanoseconds duration);

}  // namespace prox::base
