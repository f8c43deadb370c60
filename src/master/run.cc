#include <sys/resource.h>

#include <cstdio>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "master/master.h"
#include "master/process_title.h"
#include "prox/base/log.h"
#include "prox/master/report.h"

namespace prox::master {

namespace {

// Rows for 8 generations of 1024 workers: 1.5 MiB of addresses, of which only what is used becomes memory.
constexpr std::size_t kRows = 8192;

// Sockets are workers times addresses.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == -1) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int run(const Options& options) {
  remember_arguments(options.argc, options.argv);
  raise_descriptor_limit();
  std::optional<Daemon> daemon;
  if (options.daemon) {
    auto detached = Daemon::detach();
    if (!detached) {
      fmt::print(stderr, "prox: {}\n", detached.error());
      return 1;
    }
    daemon.emplace(std::move(*detached));
  }
  auto zone = zone::Zone::map(kRows);
  if (!zone) {
    fmt::print(stderr, "prox: {}\n", describe(zone.error()));
    return 1;
  }
  auto ticket_keys = tls::TicketKeys::map();
  if (!ticket_keys) {
    fmt::print(stderr, "prox: {}\n", describe(ticket_keys.error()));
    return 1;
  }
  Master master(options, std::move(*zone), std::move(*ticket_keys), std::move(daemon));
  const int status = master.run();
  if (status == 0) base::log::info("prox stopped");
  return status;
}

}  // namespace prox::master
