#pragma once

#include <memory>
#include <vector>

#include "prox/config/config.h"
#include "prox/exchange/service.h"

// The parts of a plan that answer by themselves: fixed answers, files, redirects, and what is done to the fields of every response.
namespace prox::master {

std::unique_ptr<const exchange::Action> make_static(const config::Config& config,
                                                    const config::Route& route,
                                                    const config::StaticAction& action);
std::unique_ptr<const exchange::Action> make_serve(const config::Route& route,
                                                   const config::ServeAction& action);
std::unique_ptr<const exchange::Action> make_redirect(const config::Route& route,
                                                      const config::RedirectAction& action);

// The service's `response_headers`, then the action's, then the route's: the last one for a name stands. Both nullptr: of an answer without
// a route.
std::vector<exchange::ResponseEdit> response_edits(const config::Service& service,
                                                   const config::Action* action,
                                                   const config::Route* route);

}  // namespace prox::master
