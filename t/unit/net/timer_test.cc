#include "prox/net/timer.h"

#include <memory>

#include "support.h"

using prox::base::coarse_now;
using prox::base::Millis;
using prox::net::Loop;
using prox::net::Timer;
using prox::test::run_until;
using prox::test::settle;

namespace {

struct Alarm {
  explicit Alarm(Loop& loop) {
    timer.init(
        loop,
        [](void* self) {
          auto* alarm = static_cast<Alarm*>(self);
          ++alarm->calls;
          alarm->called_at = coarse_now();
          if (alarm->calls < alarm->repeats) alarm->timer.set_after(5);
        },
        this);
  }
  Timer timer;
  int calls = 0;
  int repeats = 0;
  Millis called_at = 0;
};

}  // namespace

TEST_CASE("a timer calls once, not before its deadline") {
  Loop loop;
  Alarm alarm(loop);
  const Millis deadline = coarse_now() + 25;
  alarm.timer.set(deadline);
  CHECK(alarm.timer.deadline() == deadline);
  REQUIRE(run_until(loop, [&] { return alarm.calls > 0; }));
  CHECK(alarm.called_at >= deadline);
  CHECK(alarm.timer.deadline() == 0);
  settle(loop);
  CHECK(alarm.calls == 1);
}

TEST_CASE("a deadline that is over calls in the coming turns, not at once") {
  Loop loop;
  Alarm alarm(loop);
  alarm.timer.set(coarse_now() - 1);
  CHECK(alarm.calls == 0);
  CHECK(run_until(loop, [&] { return alarm.calls == 1; }));
}

TEST_CASE("a deadline that is moved further away does not call at the old one") {
  Loop loop;
  Alarm alarm(loop);
  alarm.timer.set_after(10);
  const Millis later = coarse_now() + 60;
  alarm.timer.set(later);
  REQUIRE(run_until(loop, [&] { return alarm.calls > 0; }));
  CHECK(alarm.called_at >= later);
  settle(loop);
  CHECK(alarm.calls == 1);
}

TEST_CASE("a deadline that is moved nearer calls at the new one") {
  Loop loop;
  Alarm alarm(loop);
  alarm.timer.set_after(60'000);
  alarm.timer.set_after(10);
  CHECK(run_until(loop, [&] { return alarm.calls == 1; }));
}

TEST_CASE("a deadline can go away, come back further off, and then nearer") {
  Loop loop;
  Alarm alarm(loop);
  alarm.timer.set_after(30);
  alarm.timer.set_after(60'000);
  alarm.timer.cancel();
  alarm.timer.set_after(50'000);
  const Millis near_one = coarse_now() + 15;
  alarm.timer.set(near_one);
  REQUIRE(run_until(loop, [&] { return alarm.calls == 1; }));
  CHECK(alarm.called_at >= near_one);
}

TEST_CASE("a cancelled timer does not call, and can be set again") {
  Loop loop;
  Alarm alarm(loop);
  Alarm later(loop);
  alarm.timer.set_after(5);
  alarm.timer.cancel();
  CHECK(alarm.timer.deadline() == 0);
  later.timer.set_after(30);
  REQUIRE(run_until(loop, [&] { return later.calls == 1; }));
  CHECK(alarm.calls == 0);
  alarm.timer.set_after(5);
  CHECK(run_until(loop, [&] { return alarm.calls == 1; }));
}

TEST_CASE("setting 0 is no deadline") {
  Loop loop;
  Alarm alarm(loop);
  Alarm later(loop);
  alarm.timer.set_after(5);
  alarm.timer.set(0);
  later.timer.set_after(30);
  REQUIRE(run_until(loop, [&] { return later.calls == 1; }));
  CHECK(alarm.calls == 0);
}

TEST_CASE("a callback may set the next deadline") {
  Loop loop;
  Alarm alarm(loop);
  alarm.repeats = 3;
  alarm.timer.set_after(5);
  REQUIRE(run_until(loop, [&] { return alarm.calls == 3; }));
  CHECK(alarm.timer.deadline() == 0);
}

TEST_CASE("a timer that goes out of scope does not call") {
  Loop loop;
  int calls = 0;
  auto timer = std::make_unique<Timer>();
  timer->init(
      loop, [](void* n) { ++*static_cast<int*>(n); }, &calls);
  timer->set_after(5);
  timer.reset();
  Alarm later(loop);
  later.timer.set_after(20);
  REQUIRE(run_until(loop, [&] { return later.calls == 1; }));
  CHECK(calls == 0);
}
