#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "prox/base/clock.h"
#include "prox/compress/negotiation.h"
#include "prox/exchange/access_rule.h"
#include "prox/http/fields.h"
#include "prox/http/h1_parser.h"
#include "prox/routing/l4_table.h"
#include "prox/routing/router.h"
#include "prox/routing/template.h"
#include "prox/upstream/target.h"

namespace prox::exchange {

struct Exchange;
class Handler;

// What a route does, compiled for one route: carries out requests by making a handler for each. Immutable.
class Action {
 public:
  virtual ~Action() = default;
  virtual std::unique_ptr<Handler> make_handler(Exchange& exchange) const = 0;
};

// Time-outs and limits of a service's client side; times in milliseconds, 0 = no limit.
struct ServiceLimits {
  base::Millis read_timeout = 10'000;    // a whole request from its first byte
  base::Millis header_timeout = 10'000;  // its head alone
  base::Millis write_timeout = 30'000;   // a whole response from its first byte ready
  base::Millis idle_timeout = 120'000;   // between requests
  base::Millis peek_timeout = 5'000;     // for a ClientHello, before `pass` routes are looked at
  int keep_alive_seconds = 30;           // TCP keep-alive probes on tunnels; 0: none
  base::Millis tls_handshake_timeout = 10'000;
  http::HeadLimits head;
  std::uint64_t max_body_bytes = 0;  // 0: none
  std::uint64_t min_rate = 240;      // bytes a second, of a client that is waited for; 0: none
  std::uint32_t max_requests_per_conn = 1000;  // 0: none
  std::uint32_t max_streams = 128;             // open at a time on an HTTP/2 connection
  std::uint32_t h2_stream_window = 64 * 1024;  // bytes, of a request's body
  std::uint32_t h2_conn_window = 1024 * 1024;  // of all bodies on a connection
};

// One entry of `response_headers`: sets a field to one value, or removes it.
struct ResponseEdit {
  std::string name;
  http::FieldId id = http::FieldId::Other;
  std::optional<routing::Template> value;  // none: removed
};

struct Route {
  std::string id;  // "web:0"
  std::unique_ptr<const Action> action;
  // Of a `pass` route, which has no action: it is not for requests.
  const upstream::Target* pass_to = nullptr;
  // The service's, the action's and its own, in this order.
  std::vector<ResponseEdit> response_edits = {};
  compress::Settings compression = {};  // its own, or the service's
  std::string action_name = {};         // as in the config
  AccessRule access = {};
};

// One service, compiled: routes and limits. Part of the plan, immutable.
struct Service {
  std::string name;
  ServiceLimits limits;
  bool h2 = true;                            // HTTP/2 is spoken to clients that want it
  std::vector<ResponseEdit> response_edits;  // for answers without a route
  compress::Settings compression;            // for these
  AccessRule access;                         // the same
  routing::Router router{{}};
  std::optional<routing::L4Table> l4;  // of a service with `pass` routes
  std::vector<Route> routes;           // by the router's index
};

}  // namespace prox::exchange
