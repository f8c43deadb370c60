#include "master/backoff.h"

#include <vector>

#include "catch.h"

using prox::base::Millis;
using prox::master::Backoff;

TEST_CASE("the first two deaths cost nothing, then the wait doubles up to five seconds") {
  Backoff backoff;
  std::vector<Millis> delays;
  for (int i = 0; i < 10; ++i) delays.push_back(backoff.next_delay(1000 + i));
  CHECK(delays == std::vector<Millis>{0, 0, 100, 200, 400, 800, 1600, 3200, 5000, 5000});
}

TEST_CASE("a worker that dies right after each wait does not start anew") {
  Backoff backoff;
  Millis now = 1;
  Millis delay = 0;
  for (int i = 0; i < 20; ++i) {
    delay = backoff.next_delay(now);
    now += delay;
  }
  CHECK(delay == 5000);
}

TEST_CASE("deaths more than ten seconds apart have nothing to do with each other") {
  Backoff backoff;
  for (Millis now = 1; now < 100'000; now += 10'001) CHECK(backoff.next_delay(now) == 0);
}
