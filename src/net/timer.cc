#include "prox/net/timer.h"

#include <algorithm>
#include <utility>

namespace prox::net {

Timer::~Timer() {
  if (armed_for_ != 0) event_del(&event_);
}

void Timer::init(Loop& loop, Callback callback, void* owner) {
  evtimer_assign(&event_, loop.base(), &Timer::on_fired, this);
  callback_ = callback;
  owner_ = owner;
}

void Timer::arm() {
  const base::Millis wait = std::max<base::Millis>(deadline_ - base::coarse_now(), 0);
  const timeval after{static_cast<time_t>(wait / 1000),
                      static_cast<suseconds_t>(wait % 1000 * 1000)};
  evtimer_add(&event_, &after);
  armed_for_ = deadline_;
}

void Timer::on_fired(int, short, void* self) {
  auto* timer = static_cast<Timer*>(self);
  timer->armed_for_ = 0;
  if (timer->deadline_ == 0) return;
  if (base::coarse_now() < timer->deadline_) {
    timer->arm();
    return;
  }
  timer->deadline_ = 0;
  timer->callback_(timer->owner_);
}

}  // namespace prox::net
