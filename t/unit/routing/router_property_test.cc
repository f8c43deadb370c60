// Holds the compiled lookup against the linear walk over all routes, on random tables and requests from small alphabets, so that
// most requests have several candidates.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.h"
#include "prox/routing/explain.h"
#include "prox/routing/router.h"

namespace {

using prox::config::FieldCondition;
using prox::routing::FieldPattern;
using prox::routing::is_in;
using prox::routing::normalise_host;
using prox::routing::parse_paths;
using prox::routing::PathPattern;
using prox::routing::RouteHit;
using prox::routing::RouteKey;
using prox::routing::RouteMatch;
using prox::routing::Router;

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return engine_() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <std::size_t N>
  std::string pick(const std::string_view (&words)[N]) {
    return std::string(words[below(N)]);
  }

 private:
  std::mt19937 engine_;
};

constexpr std::string_view kPatternLabels[] = {"a",  "b",  "ab",  "*",   "*",
                                               "a*", "*b", "a*b", "aa*", "*bb"};
constexpr std::string_view kHostLabels[] = {"a", "b",  "ab",  "aab", "abb",
                                            "A", "aB", "a*b", "*",   "x"};
constexpr std::string_view kPathItems[] = {"/",      "/*",   "/a",    "/a/", "/a/*",  "/a/b",
                                           "/a/b/*", "/b/*", "/a//*", "/b",  "/a/b/c"};
constexpr std::string_view kPaths[] = {"/",   "/a",   "/a/", "/a/b", "/a/b/", "/a/b/c", "/b",
                                       "/b/", "/b/a", "//",  "/a//", "/x",    "",       "*"};
constexpr std::string_view kMethods[] = {"GET", "POST", "CONNECT", "PURGE"};
constexpr std::string_view kRequestMethods[] = {"GET",   "GET", "POST", "CONNECT",
                                                "PURGE", "get", "BREW"};
constexpr std::string_view kOddHosts[] = {"",        "[::1]:80", "a..b",      ".a.b", "a.b.",
                                          "a.b.:80", "a.b:8080", "localhost", "a.",   "[::a.b]"};

// Fields, queries and addresses, and what routes ask of them.
constexpr std::string_view kFieldValues[] = {"a", "b", "ab"};
constexpr std::string_view kValuePatterns[] = {"a", "a*", "*b", "!a", "*", "!*b*"};
constexpr std::string_view kQueries[] = {"", "q=a", "q=%61b", "p&q=b", "q"};
constexpr std::string_view kClients[] = {"10.0.0.1", "10.1.0.1", "::1", ""};
constexpr std::string_view kNetworks[] = {"10.0.0.0/16", "10.0.0.0/8", "::1"};

FieldCondition random_condition(Dice& dice, std::string name) {
  FieldCondition condition{{std::move(name), {}}, {}, {}};
  if (dice.one_in(3)) {
    condition.present = dice.one_in(2);
  } else {
    condition.value.value = dice.pick(kValuePatterns);
  }
  return condition;
}

void add_conditions(Dice& dice, RouteMatch& route) {
  while (dice.one_in(3))
    route.headers.emplace_back(random_condition(dice, dice.one_in(2) ? "X" : "Y"));
  if (dice.one_in(3)) route.query.emplace_back(random_condition(dice, "q"));
  while (dice.one_in(4))
    route.clients.push_back(*prox::config::parse_network(dice.pick(kNetworks)));
}

std::string random_domain(Dice& dice) {
  const std::size_t labels = 1 + dice.below(3);
  std::string domain = dice.pick(kPatternLabels);
  for (std::size_t i = 1; i < labels; ++i) domain += "." + dice.pick(kPatternLabels);
  return domain + (labels == 1 || dice.one_in(3) ? ".**" : "");
}

std::string random_host(Dice& dice) {
  if (dice.one_in(8)) return dice.pick(kOddHosts);
  std::string host = dice.pick(kHostLabels);
  for (std::size_t more = dice.below(4); more > 0; --more) host += "." + dice.pick(kHostLabels);
  return host;
}

RouteMatch random_route(Dice& dice) {
  RouteMatch route;
  if (!dice.one_in(4)) route.domain.emplace(random_domain(dice));
  if (!dice.one_in(4)) {
    std::string list = dice.pick(kPathItems);
    while (dice.one_in(2)) list += "," + dice.pick(kPathItems);
    route.paths = parse_paths(list);
  }
  while (dice.one_in(3)) route.methods.push_back(dice.pick(kMethods));
  route.forward_proxy = dice.one_in(4);
  if (dice.one_in(3)) add_conditions(dice, route);
  return route;
}

std::optional<RouteHit> walk(const std::vector<RouteMatch>& routes, const RouteKey& key) {
  char buffer[256];
  const std::string_view host = normalise_host(key.host, buffer);
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const RouteMatch& route = routes[i];
    if (route.forward_proxy != key.forward_proxy) continue;
    if (route.domain && !route.domain->matches(host)) continue;
    if (!route.methods.empty() &&
        std::count(route.methods.begin(), route.methods.end(), key.method_text) == 0)
      continue;
    const auto in_head = [&](const FieldPattern& pattern) {
      return pattern.holds_for_headers(*key.head);
    };
    const auto in_query = [&](const FieldPattern& pattern) {
      return pattern.holds_for_query(key.head->query);
    };
    if (!std::all_of(route.headers.begin(), route.headers.end(), in_head) ||
        !std::all_of(route.query.begin(), route.query.end(), in_query))
      continue;
    if (!route.clients.empty() && !is_in(route.clients, key.client)) continue;
    const auto item =
        std::find_if(route.paths.begin(), route.paths.end(),
                     [&](const PathPattern& pattern) { return pattern.matches(key.path); });
    if (!route.paths.empty() && item == route.paths.end()) continue;
    return RouteHit{static_cast<std::uint32_t>(i), route.paths.empty() ? nullptr : &*item};
  }
  return std::nullopt;
}

// What `prox explain` would say.
std::optional<std::size_t> first_without_mismatch(const std::vector<RouteMatch>& routes,
                                                  const RouteKey& key) {
  const auto found = std::find_if(routes.begin(), routes.end(), [&](const RouteMatch& route) {
    return !prox::routing::find_mismatch(route, key);
  });
  if (found == routes.end()) return std::nullopt;
  return static_cast<std::size_t>(found - routes.begin());
}

}  // namespace

TEST_CASE("the router gives the same answer as walking the list, and explanations agree") {
  std::size_t hits = 0;
  std::size_t beyond_first = 0;
  constexpr std::size_t kTables = 3000;
  constexpr std::size_t kRequests = 40;
  for (std::size_t table = 0; table < kTables; ++table) {
    Dice dice(static_cast<unsigned>(table));
    std::vector<RouteMatch> routes;
    for (std::size_t size = 1 + dice.below(dice.one_in(2) ? 5 : 60); size > 0; --size)
      routes.push_back(random_route(dice));
    const Router router(std::move(routes));
    for (std::size_t i = 0; i < kRequests; ++i) {
      const std::string host = random_host(dice);
      const std::string path = dice.pick(kPaths);
      const std::string method = dice.pick(kRequestMethods);
      const std::string query = dice.pick(kQueries);
      const std::string client = dice.pick(kClients);
      const std::string value = dice.pick(kFieldValues);
      prox::http::RequestHead head;
      head.query = query;
      if (dice.one_in(2)) head.fields.add("x", value, prox::http::FieldId::Other);
      const RouteKey key{host,  path,  prox::http::parse_method(method), method, dice.one_in(3),
                         &head, client};
      const std::optional<RouteHit> expected = walk(router.routes(), key);
      const std::optional<RouteHit> found = router.find(key);
      CAPTURE(table, host, path, method, key.forward_proxy, query, client, head.fields.size(),
              value);
      REQUIRE(found.has_value() == expected.has_value());
      const std::optional<std::size_t> explained = first_without_mismatch(router.routes(), key);
      REQUIRE(explained.has_value() == expected.has_value());
      if (!expected) continue;
      REQUIRE(found->route == expected->route);
      REQUIRE(*explained == expected->route);
      REQUIRE(found->path == expected->path);
      ++hits;
      if (expected->route > 0) ++beyond_first;
    }
  }
  // Otherwise the alphabets are too wide to show anything.
  CHECK(hits > kTables * kRequests / 3);
  CHECK(beyond_first > kTables * kRequests / 4);
}
