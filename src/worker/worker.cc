#include "prox/worker/worker.h"

#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "prox/worker/privileges.h"
#include "worker/worker_process.h"

namespace prox::worker {

namespace {

// The master tells workers what to do over their channel; what a terminal or a service manager sends to the whole group is for the
// master alone.
void ignore_signals() {
  for (int signal :
       {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGPIPE, SIGXFSZ})
    std::signal(signal, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

int run(const Plan& plan, const WorkerSetup& setup) {
  ignore_signals();
  WorkerProcess worker(plan, setup);
  if (const base::Result<void> dropped = drop_privileges(setup.credentials); !dropped) {
    worker.refuse(
        fmt::format("{}: {}", dropped.error().context, std::strerror(dropped.error().sys_errno)));
    return 1;
  }
  worker.run();
  return 0;
}

}  // namespace prox::worker
