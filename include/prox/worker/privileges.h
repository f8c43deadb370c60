#pragma once

#include "prox/base/result.h"
#include "prox/worker/worker.h"

namespace prox::worker {

// Becomes whom the credentials name, for good: descriptor limit, groups, user, no-new-privileges, not dumpable. Checks that it took effect,
// so that no worker serves with rights it should not have. To be called once, before anything of a client's is read.
base::Result<void> drop_privileges(const Credentials& credentials);

}  // namespace prox::worker
