#include "prox/downstream/rate_watch.h"

#include "catch.h"

using prox::downstream::RateWatch;

constexpr std::uint64_t kRate = 100;  // 500 bytes a period

TEST_CASE("a rate is judged over whole periods") {
  RateWatch watch;
  CHECK_FALSE(watch.is_too_slow(1'000, 70, kRate));  // the first look begins one
  CHECK_FALSE(watch.is_too_slow(5'999, 70, kRate));
  CHECK_FALSE(watch.is_too_slow(6'000, 570, kRate));  // enough: the next one begins
  CHECK_FALSE(watch.is_too_slow(10'999, 570, kRate));
  CHECK(watch.is_too_slow(11'000, 1'069, kRate));
}

TEST_CASE("a look that comes late asks for more") {
  RateWatch watch;
  watch.is_too_slow(1'000, 0, kRate);
  CHECK(watch.is_too_slow(8'000, 699, kRate));
  CHECK_FALSE(watch.is_too_slow(8'000, 700, kRate));
}

TEST_CASE("time in which nobody waits for the client does not count") {
  RateWatch watch;
  watch.is_too_slow(1'000, 0, kRate);
  watch.pause();
  CHECK_FALSE(watch.is_too_slow(7'000, 0, kRate));
  CHECK_FALSE(watch.is_too_slow(11'999, 0, kRate));
  CHECK(watch.is_too_slow(12'000, 0, kRate));
}
