#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "prox/http/request.h"
#include "prox/routing/condition.h"
#include "prox/routing/pattern.h"

namespace prox::routing {

// What a route asks of a request. Absent criteria always hold.
struct RouteMatch {
  std::optional<DomainPattern> domain;
  std::vector<PathPattern> paths;    // any of them; empty: all
  std::vector<std::string> methods;  // upper case, any of them; empty: all
  bool forward_proxy = false;
  bool before_tls_only = false;       // asks for what only a ClientHello tells: no request matches
  std::vector<FieldPattern> headers;  // all of them
  std::vector<FieldPattern> query;    // all of them
  config::Networks clients;           // any of them; empty: all

  // The conditions beside those that the router indexes.
  bool has_conditions() const { return !headers.empty() || !query.empty() || !clients.empty(); }
};

// The parts of a request that routes look at.
struct RouteKey {
  std::string_view host;  // as received, with port; empty if there is none
  std::string_view path;  // cleaned (http/path.h); "" for CONNECT, "*" for OPTIONS *
  http::Method method = http::Method::Get;
  std::string_view method_text;
  bool forward_proxy = false;  // an HTTP/1 request in absolute-form
  // What conditions beyond those are about. Without a head, none of them holds.
  const http::RequestHead* head = nullptr;
  std::string_view client = {};  // its IP address

  // `cleaned` is the request's path as http::clean_path() gives it.
  static RouteKey of(const http::RequestHead& request, std::string_view cleaned,
                     std::string_view client) {
    return {request.host,
            cleaned,
            request.method,
            request.method_text,
            request.form == http::TargetForm::Absolute,
            &request,
            client};
  }
};

// Which route, and which item of its path list.
struct RouteHit {
  std::uint32_t route = 0;
  const PathPattern* path = nullptr;  // nullptr if the route has no paths
};

// Finds the first route, in config order, that matches a request: the same answer as walking the list, at a cost that does not grow
// with it. Exact domains are hashed, wildcards indexed by label, paths hashed or by longest prefix within a domain; of all candidates the
// lowest index wins. Conditions on fields, query and client are looked at for candidates only. Immutable; find() allocates nothing.
class Router {
 public:
  explicit Router(std::vector<RouteMatch> routes);
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;
  ~Router();

  std::optional<RouteHit> find(const RouteKey& key) const;
  const std::vector<RouteMatch>& routes() const;

 private:
  struct Index;
  std::unique_ptr<Index> index_;
};

// Host for matching: without port and one trailing dot, lower case, written to `buffer` (at least 256 bytes). Longer hosts give "", which
// only routes without a domain match.
std::string_view normalise_host(std::string_view host, char (&buffer)[256]);

}  // namespace prox::routing
