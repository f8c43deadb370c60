#include "master/debounce.h"

#include "catch.h"

using prox::base::Millis;
using prox::master::Debounce;

TEST_CASE("nothing is due before anything has happened") {
  Debounce debounce(200, 2000);
  CHECK(debounce.due() == 0);
  debounce.on_event(1000);
  debounce.reset();
  CHECK(debounce.due() == 0);
}

TEST_CASE("a run of events is over 200 ms after the last one") {
  Debounce debounce(200, 2000);
  debounce.on_event(1000);
  CHECK(debounce.due() == 1200);
  debounce.on_event(1150);
  CHECK(debounce.due() == 1350);
}

TEST_CASE("events without end are acted on 2 s after the first") {
  Debounce debounce(200, 2000);
  for (Millis now = 1000; now < 2900; now += 100) debounce.on_event(now);
  CHECK(debounce.due() == 3000);
  debounce.reset();
  debounce.on_event(3001);
  CHECK(debounce.due() == 3201);
}

TEST_CASE("what is held back is acted on 2 s after the first event") {
  Debounce debounce(200, 2000);
  CHECK(debounce.due(true) == 0);
  debounce.on_event(1000);
  debounce.on_event(1500);
  CHECK(debounce.due(true) == 3000);
  CHECK(debounce.due(false) == 1700);
}
