#pragma once

#include "prox/base/clock.h"
#include "prox/net/loop.h"
#include "prox/net/timer.h"
#include "prox/tls/ticket_keys.h"

namespace prox::master {

// Makes a new key for session tickets every `period`, for as long as it lives. The loop and the keys outlive it.
class TicketRotation {
 public:
  // A client that comes back within a day resumes its session; who gets hold of a key reads no more than that day's.
  static constexpr base::Millis kPeriod = 12LL * 60 * 60 * 1000;

  TicketRotation(net::Loop& loop, tls::TicketKeys& keys, base::Millis period = kPeriod);

 private:
  void rotate();

  tls::TicketKeys& keys_;
  const base::Millis period_;
  net::Timer timer_;
};

}  // namespace prox::master
