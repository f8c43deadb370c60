#include "master/ticket_rotation.h"

#include <algorithm>
#include <array>
#include <vector>

#include "catch.h"
#include "support.h"

using prox::base::Millis;
using prox::master::TicketRotation;
using prox::tls::TicketKeys;

TEST_CASE("tickets get a new key each time that a period is over") {
  constexpr Millis kPeriod = 30;
  prox::net::Loop loop;
  auto keys = TicketKeys::map();
  REQUIRE(keys);
  const std::int64_t begun = prox::test::real_millis();
  const TicketRotation rotation(loop, *keys, kPeriod);
  std::vector<std::array<unsigned char, 16>> names = {keys->current().name};
  REQUIRE(prox::test::run_until(loop, [&] {
    if (keys->current().name != names.back()) names.push_back(keys->current().name);
    return names.size() == 4;
  }));
  CHECK(prox::test::real_millis() - begun >= 3 * kPeriod - 3);
  CHECK(keys->find(names[0].data()) == nullptr);
  CHECK(keys->find(names[1].data()) != nullptr);
}
