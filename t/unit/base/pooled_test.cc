#include "prox/base/pooled.h"

#include <memory>
#include <set>
#include <vector>

#include "catch.h"

namespace {

struct Thing final : prox::base::Pooled<Thing> {
  long number = 7;
  char more[100] = {};
};

struct Other final : prox::base::Pooled<Other> {
  long number = 8;
  char more[100] = {};
};

}  // namespace

TEST_CASE("pooled objects alive at the same time have memory of their own") {
  std::vector<std::unique_ptr<Thing>> alive;
  std::set<Thing*> places;
  for (int round = 0; round < 3; ++round) {
    for (long i = 0; i < 2000; ++i) {
      alive.push_back(std::make_unique<Thing>());
      REQUIRE(alive.back()->number == 7);
      alive.back()->number = i;
      REQUIRE(places.insert(alive.back().get()).second);
    }
    for (long i = 0; i < 2000; ++i) REQUIRE(alive[static_cast<std::size_t>(i)]->number == i);
    alive.clear();
    places.clear();
  }
}

#ifndef PROX_PLAIN_HEAP
TEST_CASE("a pooled object's memory serves the next one of its class, and no other class") {
  auto first = std::make_unique<Thing>();
  auto second = std::make_unique<Thing>();
  const void* last = first.get();
  second.reset();
  first.reset();
  const auto other = std::make_unique<Other>();
  CHECK(static_cast<const void*>(other.get()) != last);
  CHECK(std::make_unique<Thing>().get() == last);
}
#endif
