#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/explanation.h"
#include "prox/config/config.h"
#include "prox/routing/l4_table.h"

namespace prox::cli {

// What a server with this config does with one connection, by its ClientHello. Worked out by the server's own table.
struct HelloExplanation {
  bool is_looked_at =
      false;         // else the service has no pass route, and nobody looks at ClientHellos
  std::string host;  // as routes compare it
  routing::L4Verdict verdict = routing::L4Verdict::Serve;
  std::optional<Winner> winner;         // none: no route decides, and it goes on to HTTP
  std::vector<PassedOver> passed_over;  // the routes before the winner, or all if there is none
  // Goes on to HTTP on a service that has no TLS of its own: answered with 400.
  bool is_refused = false;
};

HelloExplanation explain_hello(const config::Config& config, const config::Service& service,
                               const routing::L4Key& key);

}  // namespace prox::cli
