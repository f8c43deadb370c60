#include "master/spawner.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include "master/process_title.h"
#include "prox/base/log.h"
#include "prox/ipc/channel.h"

namespace prox::master {

namespace {

// Blocks every signal while it lives: one that came between fork and the child's own loop would be written into the master's.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

void reset_signal_handlers() {
  for (int number = 1; number < NSIG; ++number) {
    if (number != SIGPIPE) ::signal(number, SIG_DFL);
  }
}

void close_from_to(unsigned first, unsigned last) {
  if (first > last || ::close_range(first, last, 0) == 0) return;
  // Linux before 5.9.
  const long limit = ::sysconf(_SC_OPEN_MAX);
  for (unsigned fd = first; fd <= last && fd < static_cast<unsigned>(limit); ++fd)
    ::close(static_cast<int>(fd));
}

// A sibling's channel left open here would hide the end of the master from it; a plain descriptor left open is a leak.
void close_all_but(std::vector<int> keep) {
  std::sort(keep.begin(), keep.end());
  unsigned next = STDERR_FILENO + 1;
  for (const int fd : keep) {
    if (static_cast<unsigned>(fd) < next) continue;
    close_from_to(next, static_cast<unsigned>(fd) - 1);
    next = static_cast<unsigned>(fd) + 1;
  }
  close_from_to(next, UINT_MAX);
}

}  // namespace

base::Result<Spawned> Spawner::spawn(const Order& order) {
  const auto row = zone_.claim_row(order.slot, order.generation);
  if (!row) return base::Unexpected{row.error()};
  auto spawned = fork_worker(order, *row);
  if (!spawned) zone_.retire_row(*row);
  return spawned;
}

base::Result<Spawned> Spawner::fork_worker(const Order& order, std::size_t row) {
  auto channel = ipc::Channel::make_pair();
  if (!channel) return base::Unexpected{channel.error()};
  const BlockedSignals blocked;
  const pid_t pid = ::fork();
  if (pid == -1) return base::Unexpected{base::from_errno("forking a worker")};
  if (pid == 0) become_worker(order, row, std::move(channel->second));
  zone_.row(row).pid.store(pid, std::memory_order_relaxed);
  return Spawned{pid, row, std::move(channel->first)};
}

void Spawner::become_worker(const Order& order, std::size_t row, base::Fd channel) {
  loop_.abandon_after_fork();
  reset_signal_handlers();
  if (stderr_ >= 0) leave_terminal();

  worker::WorkerSetup setup;
  setup.generation = order.generation;
  setup.slot = order.slot;
  setup.channel = channel.release();
  setup.row = &zone_.row(row);
  setup.credentials = order.credentials;
  std::vector<int> keep = {setup.channel};
  for (const SlotSocket& socket : order.sockets) {
    setup.sockets.push_back({socket.listener, socket.fd});
    keep.push_back(socket.fd);
  }
  setup.logs = order.logs;
  keep.insert(keep.end(), order.logs.begin(), order.logs.end());
  close_all_but(std::move(keep));
  set_process_title("prox: worker process");
  // Nothing of the master's may be unwound here: its destructors would remove the pid file and its sockets.
  ::_exit(worker::run(order.plan, setup));
}

// Whoever reads what `prox -daemon` prints waits until the last holder of that pipe is gone.
void Spawner::leave_terminal() const {
  const base::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ::dup2(null.get(), STDIN_FILENO);
  ::dup2(null.get(), STDOUT_FILENO);
  ::dup2(stderr_, STDERR_FILENO);
}

}  // namespace prox::master
