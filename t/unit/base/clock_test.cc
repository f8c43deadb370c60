#include "prox/base/clock.h"

#include <chrono>

#include "catch.h"

using namespace std::chrono_literals;

TEST_CASE("a time-out is rounded up to milliseconds, and none stays none") {
  struct Case {
    std::chrono::nanoseconds duration;
    prox::base::Millis millis;
  };
  for (const auto& [duration, millis] :
       {Case{0ns, 0}, Case{1ns, 1}, Case{999'999ns, 1}, Case{1ms, 1}, Case{1'000'001ns, 2},
        Case{1500ms, 1500}, Case{2h, 7'200'000}}) {
    CAPTURE(duration.count());
    CHECK(prox::base::to_millis(duration) == millis);
  }
}

TEST_CASE("the coarse clock is never 0 and never goes back") {
  prox::base::Millis last = prox::base::coarse_now();
  CHECK(last > 0);
  for (int i = 0; i < 1000; ++i) {
    const prox::base::Millis now = prox::base::coarse_now();
    REQUIRE(now >= last);
    last = now;
  }
}
