#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "prox/config/config.h"

// Parts of a config in the words that `routes` and `explain` use for them.
namespace prox::cli {

std::string_view to_word(config::ActionType type);

// An action's name, or "(inline)" for one that has none of its own.
std::string shown_name(const config::Action& action);

// Where the route's requests go: the upstream with the route's variables filled in, the status of a static answer, the directory or file
// that is served, the status and place of a redirect. Empty for drop.
std::string destination(const config::Action& action, const config::Route& route);

// What a match asks beside domain, path and methods, each in the words of the config: "forward_proxy", "header X-Env: beta*".
std::vector<std::string> more_conditions(const config::Match& match);

// "web:3": as the log and the metrics name a route.
std::string route_id(const config::Service& service, std::size_t index);

// "config.json5:12:9"
std::string show(const config::Sources& sources, config::Place place);

}  // namespace prox::cli
