#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "master/slots.h"
#include "prox/base/fd.h"
#include "prox/base/result.h"
#include "prox/net/loop.h"
#include "prox/worker/worker.h"
#include "prox/zone/zone.h"

namespace prox::master {

// A worker that was just forked.
struct Spawned {
  pid_t pid = 0;
  std::size_t row = 0;  // in the zone; retired by the caller after reaping
  base::Fd channel;     // the master's end
};

// Forks workers: each with its own row, a control channel, its listening sockets, and nothing else of the master's.
class Spawner {
 public:
  Spawner(net::Loop& loop, zone::Zone& zone) : loop_(loop), zone_(zone) {}

  // What the workers of a detached prox get as stderr, with nothing as stdin and stdout; -1: the master's own. Not owned.
  void set_stderr(int fd) { stderr_ = fd; }

  struct Order {
    const worker::Plan& plan;
    const worker::Credentials& credentials;
    std::uint64_t generation = 0;
    std::uint32_t slot = 0;
    std::vector<SlotSocket> sockets;
    std::vector<int> logs;  // of the plan's log files
  };
  // Errors: no row, no channel, no process.
  base::Result<Spawned> spawn(const Order& order);

 private:
  base::Result<Spawned> fork_worker(const Order& order, std::size_t row);
  void leave_terminal() const;
  [[noreturn]] void become_worker(const Order& order, std::size_t row, base::Fd channel);

  net::Loop& loop_;
  zone::Zone& zone_;
  int stderr_ = -1;
};

}  // namespace prox::master
