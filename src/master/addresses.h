#pragma once

#include <vector>

#include "prox/master/environment.h"

namespace prox::master {

// The socket addresses of all services, in config order. Names are resolved here, once a load; those of another address family than this
// host has are left out as long as one remains.
std::vector<Address> resolve_addresses(const config::Config& config, config::Purpose purpose,
                                       config::Diagnostics& diagnostics);

}  // namespace prox::master
