#pragma once

#include <memory>
#include <vector>

#include "prox/config/config.h"
#include "prox/master/tls_contexts.h"
#include "prox/worker/plan.h"

namespace prox::master {

// Compiles an accepted config into what workers serve. `listeners`: the addresses its services were resolved to, each with the index of
// its service in config.services.
std::unique_ptr<worker::Plan> build_plan(const config::Config& config,
                                         const std::vector<worker::Listener>& listeners,
                                         TlsContexts tls);

}  // namespace prox::master
