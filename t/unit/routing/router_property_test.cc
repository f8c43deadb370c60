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
      const RouteKey key{host, path, prox::http::parse_method(method), method, dice.one_in(3)};
      const std::optional<RouteHit> expected = walk(router.routes(), key);
      const std::optional<RouteHit> found = router.find(key);
      CAPTURE(table, host, path, method, key.forward_proxy);
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
