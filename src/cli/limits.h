#pragma once

#include <string>
#include <vector>

#include "prox/config/config.h"

namespace prox::cli {

// The plugins that see a route's requests: of the service, the route and the action, in that order.
std::vector<std::string> plugins_of(const config::Service& service, const config::Route& route,
                                    const config::Action& action);

// What bounds a route's requests, in words: times, sizes, rates, speeds and networks. What is unlimited is left out, and
// so is a time to connect that nothing sets.
std::vector<std::string> limits_of(const config::Service& service, const config::Route& route,
                                   const config::Action& action);

// "roundrobin over 10.0.0.1:80, 10.0.0.2:80"
std::string shown_balancer(const config::Balancer& balancer);

}  // namespace prox::cli
