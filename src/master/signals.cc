#include "master/signals.h"

#include <signal.h>

#include "prox/base/assert.h"

namespace prox::master {

namespace {

constexpr std::array kHandled = {SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGCHLD};
// A log that has reached the process's limit of file sizes (SIGXFSZ) is like a full disk.
constexpr std::array kIgnored = {SIGPIPE, SIGUSR2, SIGWINCH, SIGXFSZ};

}  // namespace

Signals::Signals(net::Loop& loop, Owner& owner) : owner_(owner) {
  for (const int number : kIgnored) ::signal(number, SIG_IGN);
  const auto on_event = [](int number, short, void* self) {
    static_cast<Signals*>(self)->owner_.on_signal(number);
  };
  for (std::size_t i = 0; i < kHandled.size(); ++i) {
    PROX_ASSERT(events_[i].add(loop, kHandled[i], EV_SIGNAL | EV_PERSIST, on_event, this));
  }
}

}  // namespace prox::master
