#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "prox/base/fd.h"
#include "prox/worker/plan.h"
#include "prox/zone/zone.h"

namespace prox::worker {

// Whom a worker becomes before it serves, and what it may use. Looked up by the master, since a chroot or a missing nsswitch must not
// surprise a worker.
struct Credentials {
  std::optional<uid_t> user;  // none: stay who we are
  std::optional<gid_t> group;
  std::string user_name;  // for initgroups(3)
  std::optional<std::uint64_t> rlimit_nofile;
};

// A listening socket that this worker accepts on. The master holds it too, for its whole life.
struct ListeningSocket {
  std::uint32_t listener = 0;  // index into Plan::listeners
  int fd = -1;  // owned by the master's slots; in the child, inherited and never closed before exit
};

struct WorkerSetup {
  std::uint64_t generation = 0;
  std::uint32_t slot = 0;
  int channel = -1;  // this worker's end of the control channel
  std::vector<ListeningSocket> sockets;
  std::vector<int> logs;  // descriptors of Plan::logs.files, this worker's own
  zone::Row* row = nullptr;
  Credentials credentials;
};

// The life of a worker process, called in the child after fork with signals still blocked: drops privileges, says Ready, serves from Accept
// to Drain or Stop, and returns the process's exit status. Never throws.
int run(const Plan& plan, const WorkerSetup& setup);

}  // namespace prox::worker
