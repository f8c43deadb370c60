#include "prox/http/h2_guard.h"

#include "catch.h"

using prox::http::H2Guard;
using Kind = H2Guard::Kind;

namespace {

// How many are let through at one time.
int spend_all(H2Guard& guard, Kind kind, prox::base::Millis now) {
  int spent = 0;
  while (spent < 100'000 && guard.spend(kind, now)) ++spent;
  return spent;
}

}  // namespace

TEST_CASE("a thousand resets may come at once, and 33 a second") {
  H2Guard guard;
  CHECK(spend_all(guard, Kind::Reset, 5'000) == 1000);
  // What was refused counts as well.
  CHECK_FALSE(guard.spend(Kind::Reset, 5'000));
  CHECK(spend_all(guard, Kind::Reset, 6'000) <= 33);
  CHECK(spend_all(guard, Kind::Reset, 100'000) == 1000);
}

TEST_CASE("each kind has a budget of its own") {
  H2Guard guard;
  spend_all(guard, Kind::Settings, 1);
  CHECK_FALSE(guard.spend(Kind::Settings, 1));
  CHECK(guard.spend(Kind::Ping, 1));
}

TEST_CASE("data that was sent pays for the window updates that answer it") {
  H2Guard guard;
  for (int i = 0; i < 100'000; ++i) {
    guard.earn_by_data();
    REQUIRE(guard.spend(Kind::WindowUpdate, 1));
    REQUIRE(guard.spend(Kind::WindowUpdate, 1));
    REQUIRE(guard.spend(Kind::Ping, 1));
  }
}
