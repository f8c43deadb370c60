#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "prox/config/config.h"
#include "prox/routing/pattern.h"

namespace prox::cli {

struct PassedOver {
  std::size_t route;  // index into the service's routes
  std::string why;
};

struct Winner {
  std::size_t route;
  // What the wildcards took; empty where there are none.
  std::string domain;  // the stars' parts, joined by "."
  std::string glob;
  std::string path;  // the path item that matched, as written
};

// What a server with this config does with one request. Worked out by the server's own parser, path cleaning and router.
struct Explanation {
  std::string request_line;  // without the version
  std::string host;          // as routes compare it
  std::string path;          // the same
  int refused = 0;           // the status of prox's own error answer; 0: none
  std::string why_refused;
  std::optional<Winner> winner;
  std::vector<PassedOver> passed_over;  // the routes before the winner, or all if there is none

  // A route takes the request, and carries it out.
  bool is_served() const { return winner && refused == 0; }
};

// `head`: a request head as HTTP/1 has it. `client`: the IP address that it comes from.
Explanation explain(const config::Config& config, const config::Service& service,
                    std::string_view head, std::string_view client);

// The winner among the routes, with what its domain's wildcards take of a host.
Winner captured(std::size_t route, const std::optional<routing::DomainPattern>& domain,
                std::string_view host);

}  // namespace prox::cli
