#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include "prox/base/clock.h"
#include "prox/net/loop.h"

namespace prox::net {

// One deadline of its owner, armed lazily: moving it further away only stores a number, so progress on a connection costs nothing. The
// kernel's timer is touched when the deadline comes nearer, or when it was reached too early.
class Timer {
 public:
  using Callback = void (*)(void* owner);

  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer();

  // The callback runs once for each deadline that passes; it may set a new one.
  void init(Loop& loop, Callback callback, void* owner);

  // `deadline`: base::coarse_now() + milliseconds; 0 for none.
  void set(base::Millis deadline) {
    deadline_ = deadline;
    if (deadline != 0 && (armed_for_ == 0 || deadline < armed_for_)) arm();
  }
  void set_after(base::Millis milliseconds) { set(base::coarse_now() + milliseconds); }
  void cancel() { deadline_ = 0; }
  base::Millis deadline() const { return deadline_; }

 private:
  static void on_fired(int fd, short what, void* self);
  void arm();

  event event_{};
  Callback callback_ = nullptr;
  void* owner_ = nullptr;
  base::Millis deadline_ = 0;
  base::Millis armed_for_ = 0;  // when the kernel's timer ends; 0: it does not run
};

}  // namespace prox::net
