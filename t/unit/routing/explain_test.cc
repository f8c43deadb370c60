#include "prox/routing/explain.h"

#include <string>
#include <utility>

#include "catch.h"
#include "prox/routing/compile.h"

namespace {

using prox::config::Match;
using prox::config::Text;
using prox::routing::Condition;
using prox::routing::find_mismatch;
using prox::routing::RouteKey;
using prox::routing::RouteMatch;

RouteMatch compiled(const std::string& domain, const std::string& path, const std::string& method,
                    bool forward_proxy = false) {
  Match match;
  if (!domain.empty()) match.domain = Text{domain, {}};
  if (!path.empty()) match.path = Text{path, {}};
  if (!method.empty()) match.methods.push_back({method, {}});
  match.forward_proxy = forward_proxy;
  return prox::routing::compile(match);
}

RouteKey request(std::string_view method, std::string_view host, std::string_view path,
                 bool forward_proxy = false) {
  return {host, path, prox::http::parse_method(method), method, forward_proxy};
}

}  // namespace

TEST_CASE("a compiled match takes methods in upper case, and paths apart") {
  const RouteMatch match = compiled("A.example.com", "/a, /b/*", "pOsT");
  CHECK(match.domain->lower_case() == "a.example.com");
  REQUIRE(match.paths.size() == 2);
  CHECK(match.paths[1].is_prefix);
  CHECK(match.methods == std::vector<std::string>{"POST"});
  const RouteMatch everything = prox::routing::compile(std::nullopt);
  CHECK_FALSE(everything.domain);
  CHECK(everything.paths.empty());
  CHECK(everything.methods.empty());
  CHECK_FALSE(everything.forward_proxy);
}

TEST_CASE("the first condition that fails is told in words") {
  struct Case {
    RouteMatch match;
    RouteKey key;
    Condition condition;
    std::string_view why;
  };
  const Case cases[] = {
      {compiled("", "", "", true), request("GET", "a.b", "/"), Condition::Kind,
       "this is no forward-proxy request, and the route takes nothing else"},
      {compiled("c.d", "/x", "POST"), request("GET", "a.b", "/", true), Condition::Kind,
       "this is a forward-proxy request, and the route has no forward_proxy: true"},
      {compiled("*.Example.org", "/x", "POST"), request("GET", "API.example.com:80", "/"),
       Condition::Domain, "domain api.example.com is not *.Example.org"},
      {compiled("*.**", "", ""), request("GET", "", "/"), Condition::Domain,
       "the request names no host, and the route wants *.**"},
      {compiled("*.b", "/x", "POST"), request("GET", "a.b", "/"), Condition::Path,
       "path / is not /x"},
      {compiled("", "/x, /y/*", ""), request("GET", "a.b", "/y"), Condition::Path,
       "path /y is none of /x, /y/*"},
      {compiled("", "/*", ""), request("CONNECT", "a.b", ""), Condition::Path,
       "CONNECT has no path, and the route wants /*"},
      {compiled("", "/*", ""), request("OPTIONS", "a.b", "*"), Condition::Path, "path * is not /*"},
      {compiled("a.b", "/", "GET"), request("get", "a.b", "/"), Condition::Method,
       "method get is not GET"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.why);
    const auto mismatch = find_mismatch(c.match, c.key);
    REQUIRE(mismatch);
    CHECK(mismatch->condition == c.condition);
    CHECK(mismatch->why == c.why);
  }
}

TEST_CASE("a match that holds has no mismatch") {
  CHECK_FALSE(find_mismatch(compiled("", "", ""), request("GET", "", "/")));
  CHECK_FALSE(find_mismatch(compiled("*.b", "/x, /*", "get"), request("GET", "a.b", "/")));
  CHECK_FALSE(find_mismatch(compiled("", "", "", true), request("GET", "a.b", "/", true)));
}
