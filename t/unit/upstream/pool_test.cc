#include "prox/upstream/pool.h"

#include <deque>
#include <vector>

#include "upstream/origin.h"

using prox::base::coarse_now;
using prox::test::Caller;
using prox::test::Peer;
using prox::test::read_until;
using prox::test::run_until;
using prox::test::settle;
using prox::test::Upstreams;

namespace {

constexpr std::string_view kNoContent = "HTTP/1.1 204 No Content\r\n\r\n";

// Makes `count` idle connections of one pool, oldest first; the origin's ends of them.
std::vector<Peer*> make_idle(Upstreams& u, std::size_t count, std::size_t which = 0) {
  std::deque<Caller> callers;
  std::vector<Peer*> ends;
  prox::upstream::Pool& pool = u.pools->of(*u.targets[which]);
  for (std::size_t i = 0; i < count; ++i) {
    Caller& caller = callers.emplace_back(u);
    caller.open(pool, prox::upstream::Connect::New);
    caller.send();
    ends.push_back(&u.origins[which].accept(u.loop));
    read_until(u.loop, *ends.back(), "\r\n\r\n");
  }
  for (std::size_t i = 0; i < count; ++i) {
    ends[i]->send(kNoContent);
    REQUIRE(callers[i].wait());
  }
  REQUIRE(pool.idle() == count);
  return ends;
}

// Which of the origin's connections the next request comes over.
std::size_t carrier_of_next(Upstreams& u, const std::vector<Peer*>& ends) {
  Caller caller(u);
  caller.open();
  caller.send();
  std::size_t carrier = ends.size();
  REQUIRE(run_until(u.loop, [&] {
    for (std::size_t i = 0; i < ends.size(); ++i) {
      ends[i]->read();
      if (!ends[i]->received().empty()) carrier = i;
    }
    return carrier < ends.size();
  }));
  ends[carrier]->take();
  ends[carrier]->send(kNoContent);
  REQUIRE(caller.wait());
  return carrier;
}

std::size_t closed(Upstreams& u, const std::vector<Peer*>& ends) {
  settle(u.loop);
  std::size_t count = 0;
  for (Peer* end : ends) count += end->ended() || end->was_reset() ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("the connection that was used last is used next") {
  Upstreams u;
  const auto ends = make_idle(u, 3);
  CHECK(carrier_of_next(u, ends) == 2);
  CHECK(carrier_of_next(u, ends) == 2);
  CHECK(u.pool().idle() == 3);
}

TEST_CASE("a new connection is made when none is idle, or when one is asked for") {
  Upstreams u;
  CHECK(u.pool().idle() == 0);
  Caller first(u);
  CHECK_FALSE(first.open().is_reused());
  u.origin().accept(u.loop);
  make_idle(u, 1);
  Caller fresh(u);
  CHECK_FALSE(fresh.open(prox::upstream::Connect::New).is_reused());
  CHECK(u.pool().idle() == 1);
  Caller idle(u);
  CHECK(idle.open().is_reused());
  CHECK(u.pool().idle() == 0);
}

TEST_CASE("connections above the limit stay for a second, then the oldest go") {
  Upstreams u;
  const auto ends = make_idle(u, 4);
  const auto now = coarse_now();
  u.pool().sweep(now, 1);
  CHECK(u.pool().idle() == 4);
  u.pool().sweep(now + 1'200, 2);
  CHECK(u.pool().idle() == 2);
  CHECK(closed(u, ends) == 2);
  CHECK_FALSE(ends[3]->ended());
  CHECK_FALSE(ends[2]->ended());
  u.pool().sweep(now + 1'200, 0);
  CHECK(u.pool().idle() == 0);
  CHECK(closed(u, ends) == 4);
}

TEST_CASE("connections within the limit stay for long, but not for ever") {
  Upstreams u;
  make_idle(u, 3);
  const auto now = coarse_now();
  u.pool().sweep(now + 30'000, 3);
  CHECK(u.pool().idle() == 3);
  u.pool().sweep(now + 600'000, 3);
  CHECK(u.pool().idle() == 0);
}

TEST_CASE("one connection that its target closes leaves, the others stay") {
  Upstreams u;
  auto ends = make_idle(u, 3);
  ends[1]->close();
  REQUIRE(run_until(u.loop, [&] { return u.pool().idle() == 2; }));
  CHECK(carrier_of_next(u, {ends[0], ends[2]}) == 1);
  CHECK(u.pool().idle() == 2);
}

TEST_CASE("clear closes all that is idle, and nothing that is in use") {
  Upstreams u;
  const auto ends = make_idle(u, 2);
  Caller busy(u);
  busy.open();
  busy.send();
  read_until(u.loop, *ends[1], "\r\n\r\n");
  u.pools->clear();
  CHECK(u.pool().idle() == 0);
  CHECK(closed(u, ends) == 1);
  ends[1]->send(kNoContent);
  REQUIRE(busy.wait());
  CHECK(busy.ended);
}

TEST_CASE("each target has a pool of its own") {
  Upstreams u(2);
  make_idle(u, 1, 0);
  CHECK(u.pools->of(*u.targets[0]).idle() == 1);
  CHECK(u.pools->of(*u.targets[1]).idle() == 0);
  Caller other(u);
  CHECK_FALSE(other.open(u.pools->of(*u.targets[1])).is_reused());
}

TEST_CASE("what a service keeps over all its targets is limited too, a second after the load") {
  Upstreams u(2);
  for (const auto& target : u.targets) {
    target->max_idle = 3;
    target->max_idle_per_host = 2;
  }
  make_idle(u, 4, 0);
  make_idle(u, 4, 1);
  const auto idle = [&](std::size_t which) { return u.pools->of(*u.targets[which]).idle(); };
  const auto is_within_limits = [&] {
    return idle(0) <= 2 && idle(1) <= 2 && idle(0) + idle(1) <= 3;
  };
  CHECK_FALSE(is_within_limits());
  REQUIRE(run_until(u.loop, is_within_limits));
  CHECK(idle(0) + idle(1) > 0);
}
