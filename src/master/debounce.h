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
  // When to act; 0: nothing has happened.
  base::Millis due() const { return first_ == 0 ? 0 : std::min(last_ + quiet_, first_ + longest_); }
  void reset() { first_ = 0; }

 private:
  base::Millis quiet_;
  base::Millis longest_;
  base::Millis first_ = 0;
  base::Millis last_ = 0;
};

}  // namespace prox::master
