#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "prox/config/config.h"
#include "prox/config/network.h"
#include "prox/routing/router.h"

namespace prox::routing {

// What becomes of a connection.
enum class L4Verdict : std::uint8_t {
  Serve,  // HTTP, after TLS where the service has it
  Pass,   // relayed to the route's upstream, unopened
  Drop,   // closed before any handshake
};

// What is known of a connection before TLS.
struct L4Key {
  std::string_view server_name;                 // as sent; empty: none
  std::span<const std::string_view> protocols;  // of ALPN
  std::array<std::uint8_t, 16> client{};        // net::SocketAddress::ip_bytes()
};

struct L4Hit {
  std::uint32_t route = 0;  // index among the service's routes
  L4Verdict verdict = L4Verdict::Serve;
};

// Decides connections by their ClientHello: the first route, in config order, whose domain, client and alpn hold. Of a route for HTTP
// only what can be seen here counts: one with a path takes the whole connection to HTTP. Routes that say nothing about a ClientHello
// take no part. Immutable; find() allocates nothing.
class L4Table {
 public:
  struct Route {
    std::uint32_t index = 0;
    L4Verdict verdict = L4Verdict::Serve;
    std::optional<DomainPattern> domain;
    config::Networks clients;            // any of them; empty: all
    std::vector<std::string> protocols;  // any of them; empty: all
  };

  // In config order.
  explicit L4Table(std::vector<Route> routes);

  std::optional<L4Hit> find(const L4Key& key) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  Router domains_;  // over the same routes, by their domains alone
};

// The table of a service, or none if it has no `pass` route: then nobody looks at ClientHellos.
std::optional<L4Table> compile_l4(const config::Config& config, const config::Service& service);

}  // namespace prox::routing
