#pragma once

#include <algorithm>

#include "prox/base/clock.h"

namespace prox::master {

// Tells when a run of events is over. Saving a file is a handful of system calls, and each of them is an event.
class Debounce {
 public:
  // Over when nothing has happened for `quiet` ms, or `longest` ms after the first event.
  Debounce(base::Millis quiet, base::Millis longest) : quiet_(quiet), longest_(longest) {}

  void on_event(base::Millis now) {
    if (first_ == 0) first_ = now;
    last_ = now;
  }
  // When to act; 0: nothing has happened. `is_held`: more is to come, however long it is quiet.
  base::Millis due(bool is_held = false) const {
    if (first_ == 0) return 0;
    const base::Millis latest = first_ + longest_;
    return is_held ? latest : std::min(last_ + quiet_, latest);
  }
  void reset() { first_ = 0; }

 private:
  base::Millis quiet_;
  base::Millis longest_;
  base::Millis first_ = 0;
  base::Millis last_ = 0;
};

}  // namespace prox::master
