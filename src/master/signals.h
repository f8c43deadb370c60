#pragma once

#include <array>

#include "prox/net/loop.h"

namespace prox::master {

// The master's signals as events of its loop: HUP, TERM, INT, QUIT, USR1, CHLD. PIPE, USR2 and WINCH are ignored.
class Signals {
 public:
  class Owner {
   public:
    virtual void on_signal(int number) = 0;

   protected:
    ~Owner() = default;
  };

  Signals(net::Loop& loop, Owner& owner);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  Owner& owner_;
  std::array<net::Event, 6> events_;
};

}  // namespace prox::master
