#include "prox/routing/explain.h"

#include <string>
#include <utility>

#include "catch.h"
#include "prox/config/network.h"
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

TEST_CASE("what a request's fields, query and client lack is told with what they have") {
  using prox::config::FieldCondition;
  prox::http::RequestHead head;
  head.query = "debug=%31&debug=2&x";
  head.fields.add("x-env", "prod", prox::http::FieldId::Other);
  const RouteKey key = RouteKey::of(head, "/", "192.168.0.1");
  const auto why = [&](const Match& match) {
    const auto mismatch = find_mismatch(prox::routing::compile(match), key);
    return mismatch ? mismatch->why : "it holds";
  };
  const auto on_field = [&](const std::string& name, const std::string& value) {
    Match match;
    match.headers.push_back({{name, {}}, {}, {value, {}}});
    return why(match);
  };
  const auto on_parameter = [&](const std::string& name, std::optional<bool> present,
                                const std::string& value) {
    Match match;
    match.query.push_back({{name, {}}, present, {value, {}}});
    return why(match);
  };
  CHECK(on_field("X-Env", "beta*") == "field X-Env is prod, not beta*");
  CHECK(on_field("X-Env", "!prod") == "field X-Env is prod, and the route wants !prod");
  CHECK(on_field("X-Bot", "yes") == "there is no field X-Bot, and the route wants yes");
  CHECK(on_field("X-Bot", "!yes") == "it holds");
  CHECK(on_parameter("debug", {}, "3") == "parameter debug is 1, 2, not 3");
  CHECK(on_parameter("debug", false, "") == "there is a parameter debug");
  CHECK(on_parameter("y", true, "") == "there is no parameter y");
  CHECK(on_parameter("x", true, "") == "it holds");
  Match inside;
  inside.client = {*prox::config::parse_network("10.0.0.0/8"), *prox::config::parse_network("::1")};
  CHECK(why(inside) == "client 192.168.0.1 is not in 10.0.0.0/8, ::1");
  CHECK(find_mismatch(prox::routing::compile(inside), key)->condition == Condition::Client);
}

TEST_CASE("the first condition of a connection that fails is told, and find() agrees") {
  using prox::routing::L4Key;
  using prox::routing::L4Table;
  using prox::routing::L4Verdict;
  const auto network = prox::config::parse_network("10.0.0.0/8");
  std::vector<L4Table::Route> routes;
  routes.push_back({0, L4Verdict::Drop, prox::routing::DomainPattern("b.test"), {}, {}});
  routes.push_back(
      {1, L4Verdict::Pass, prox::routing::DomainPattern("*.test"), {*network}, {"h2"}});
  routes.push_back({2, L4Verdict::Pass, {}, {}, {"x", "h2"}});
  const L4Table table(std::move(routes));
  const std::vector<std::string_view> h2 = {"h2"}, other = {"y", "z"};
  const auto here = *prox::config::parse_ip("10.1.1.1"), away = *prox::config::parse_ip("::1");

  struct Case {
    L4Key key;
    std::vector<std::string> whys;  // of all routes; "" for none
  };
  const std::string not_b = "domain a.test is not b.test";
  const Case cases[] = {
      {{"B.test", h2, here}, {"", "", ""}},
      {{"A.test.", h2, here}, {not_b, "", ""}},
      {{"a.test", other, here}, {not_b, "alpn y, z is not h2", "alpn y, z is none of x, h2"}},
      {{"a.test", {}, here},
       {not_b, "the client offers no protocol, and the route wants h2",
        "the client offers no protocol, and the route wants x, h2"}},
      {{"a.test", h2, away}, {not_b, "client ::1 is not in 10.0.0.0/8", ""}},
      {{"", h2, here},
       {"the client names no server, and the route wants b.test",
        "the client names no server, and the route wants *.test", ""}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.whys);
    std::vector<std::string> whys;
    std::optional<std::uint32_t> first;
    for (const L4Table::Route& route : table.routes()) {
      const auto mismatch = find_mismatch(route, c.key);
      whys.push_back(mismatch ? mismatch->why : "");
      if (!mismatch && !first) first = route.index;
    }
    CHECK(whys == c.whys);
    const auto hit = table.find(c.key);
    CHECK(hit.has_value() == first.has_value());
    CHECK((!hit || hit->route == *first));
  }
}
