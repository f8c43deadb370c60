#include "prox/routing/router.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.h"
#include "prox/http/path.h"

namespace {

using prox::routing::DomainPattern;
using prox::routing::normalise_host;
using prox::routing::parse_paths;
using prox::routing::RouteHit;
using prox::routing::RouteKey;
using prox::routing::RouteMatch;
using prox::routing::Router;

RouteMatch route(std::string_view domain, std::string_view paths,
                 std::vector<std::string> methods = {}, bool forward_proxy = false) {
  RouteMatch match;
  if (!domain.empty()) match.domain.emplace(domain);
  if (!paths.empty()) match.paths = parse_paths(paths);
  match.methods = std::move(methods);
  match.forward_proxy = forward_proxy;
  return match;
}

RouteKey request(std::string_view method, std::string_view host, std::string_view path,
                 bool forward_proxy = false) {
  return {host, path, prox::http::parse_method(method), method, forward_proxy};
}

constexpr int kNoRoute = -1;

int winner(const Router& router, const RouteKey& key) {
  const std::optional<RouteHit> hit = router.find(key);
  return hit ? static_cast<int>(hit->route) : kNoRoute;
}

std::string_view item(const Router& router, const RouteKey& key) {
  const std::optional<RouteHit> hit = router.find(key);
  if (!hit) return "no route";
  return hit->path == nullptr ? "no path" : std::string_view(hit->path->text);
}

std::string normalised(std::string_view host) {
  char buffer[256];
  return std::string(normalise_host(host, buffer));
}

}  // namespace

TEST_CASE("the first route in config order wins") {
  const Router router({
      route("", "/api/special"),
      route("", "/api/*", {"GET", "HEAD"}),
      route("api.example.com", "/v1/*"),
      route("api.example.com", ""),
      route("", "/*", {"POST"}),
  });
  CHECK(winner(router, request("GET", "any.test", "/api/special")) == 0);
  CHECK(winner(router, request("POST", "any.test", "/api/special")) == 0);
  CHECK(winner(router, request("GET", "x", "/api/x")) == 1);
  CHECK(winner(router, request("HEAD", "x", "/api/x")) == 1);
  CHECK(winner(router, request("GET", "api.example.com", "/api/x")) == 1);
  CHECK(winner(router, request("DELETE", "api.example.com", "/api/x")) == 3);
  CHECK(winner(router, request("DELETE", "x.test", "/api/x")) == kNoRoute);
  CHECK(winner(router, request("GET", "api.example.com:8080", "/v1/a")) == 2);
  CHECK(winner(router, request("GET", "API.EXAMPLE.COM", "/v2/a")) == 3);
  CHECK(winner(router, request("POST", "x.test", "/z")) == 4);
  CHECK(winner(router, request("get", "x.test", "/z")) == kNoRoute);
  CHECK(winner(router, request("GET", "api.example.com", "/v1/a", true)) == kNoRoute);
}

TEST_CASE("forward-proxy requests and routes find only each other") {
  const Router proxy({route("", "", {}, true)});
  CHECK(winner(proxy, request("GET", "example.com", "/", true)) == 0);
  CHECK(winner(proxy, request("GET", "example.com", "/")) == kNoRoute);

  const Router wildcard({route("*.example.com", "/*")});
  CHECK(winner(wildcard, request("GET", "sub.example.com", "/", true)) == kNoRoute);
  CHECK(winner(wildcard, request("GET", "sub.example.com", "/")) == 0);

  const Router catch_all({route("", "")});
  CHECK(winner(catch_all, request("GET", "evil.test", "/", true)) == kNoRoute);

  const Router methods({route("", "", {"GET", "POST"}, true)});
  CHECK(winner(methods, request("DELETE", "example.com", "/", true)) == kNoRoute);
  CHECK(winner(methods, request("POST", "example.com", "/", true)) == 0);

  // Domain and path filter the target.
  const Router filtered({route("*.example.com", "/a/*", {}, true), route("", "")});
  CHECK(winner(filtered, request("GET", "sub.example.com", "/a/b", true)) == 0);
  CHECK(winner(filtered, request("GET", "sub.example.com", "/b", true)) == kNoRoute);
  CHECK(winner(filtered, request("GET", "example.com", "/a/b", true)) == kNoRoute);
  CHECK(winner(filtered, request("GET", "sub.example.com", "/a/b")) == 1);
}

TEST_CASE("CONNECT and OPTIONS * match no path pattern") {
  const Router by_domain({route("*.**", "", {"CONNECT"})});
  CHECK(winner(by_domain, request("CONNECT", "example.com:443", "")) == 0);
  const Router by_path({route("", "/*", {"CONNECT", "OPTIONS"})});
  CHECK(winner(by_path, request("CONNECT", "example.com:443", "")) == kNoRoute);
  CHECK(winner(by_path, request("OPTIONS", "example.com", "*")) == kNoRoute);
  const Router catch_all({route("", "/*"), route("", "")});
  CHECK(winner(catch_all, request("CONNECT", "example.com:443", "")) == 1);
  CHECK(winner(catch_all, request("OPTIONS", "example.com", "*")) == 1);
}

TEST_CASE("patterns see the cleaned path") {
  struct Case {
    std::string_view patterns;
    std::string_view raw;
    bool matches;
  };
  const Case cases[] = {
      {"/a b", "/a%20b", true},
      {"/a b/*", "/a%20b/c", true},
      {"/api/*", "/api%2Fx", true},
      {"/static/*", "/static/../admin", false},
      {"/admin", "/static/../admin", true},
      {"/admin", "/static/%2e%2e/admin", true},
      {"/a/*", "/a//b", true},
      {"/", "//", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.patterns, c.raw);
    std::string scratch;
    const auto path = prox::http::clean_path(c.raw, scratch);
    REQUIRE(path);
    CHECK((winner(Router({route("", c.patterns)}), request("GET", "a.b", *path)) == 0) ==
          c.matches);
  }
}

TEST_CASE("methods are compared exactly") {
  const Router router(
      {route("", "/get", {"GET"}), route("", "/any"), route("", "/odd", {"PURGE", "GET"})});
  CHECK(winner(router, request("GET", "a.b", "/get")) == 0);
  CHECK(winner(router, request("HEAD", "a.b", "/get")) == kNoRoute);
  CHECK(winner(router, request("get", "a.b", "/any")) == 1);
  CHECK(winner(router, request("BREW", "a.b", "/any")) == 1);
  CHECK(winner(router, request("PURGE", "a.b", "/odd")) == 2);
  CHECK(winner(router, request("purge", "a.b", "/odd")) == kNoRoute);
  CHECK(winner(router, request("BREW", "a.b", "/odd")) == kNoRoute);
}

TEST_CASE("a repeated place goes on to the methods that are left") {
  const Router router({
      route("a.b", "/x", {"GET"}),
      route("a.b", "/x", {"GET", "POST"}),
      route("a.b", "/x", {"POST"}),
      route("a.b", "/x", {"PURGE"}),
      route("a.b", "/x", {"BAN"}),
      route("a.b", "/x"),
      route("a.b", "/x", {"PUT"}),
  });
  CHECK(winner(router, request("GET", "a.b", "/x")) == 0);
  CHECK(winner(router, request("POST", "a.b", "/x")) == 1);
  CHECK(winner(router, request("PURGE", "a.b", "/x")) == 3);
  CHECK(winner(router, request("BAN", "a.b", "/x")) == 4);
  CHECK(winner(router, request("PUT", "a.b", "/x")) == 5);
  CHECK(winner(router, request("put", "a.b", "/x")) == 5);
}

TEST_CASE("the hit names the first item of the winner's own list") {
  const Router router({
      route("", "/deep/down/exact, /deep/*, /deep/down/*", {"GET"}),
      route("", "/deep/*, /*"),
      route("a.b", ""),
      route("", ""),
  });
  CHECK(item(router, request("GET", "x", "/deep/down/exact")) == "/deep/down/exact");
  CHECK(item(router, request("GET", "x", "/deep/down/x")) == "/deep/*");
  CHECK(item(router, request("PUT", "x", "/deep/down/exact")) == "/deep/*");
  CHECK(item(router, request("PUT", "x", "/other")) == "/*");
  CHECK(item(router, request("PUT", "a.b", "*")) == "no path");
}

TEST_CASE("every wildcard that fits a host is considered") {
  const Router router({
      route("a-*.x.test", "/one"),
      route("*-b.x.test", "/two"),
      route("a-*-b.x.test", "/three"),
      route("*.x.test", "/four"),
      route("a-1-b.x.test", "/five"),
      route("a-*.**", "/six"),
      route("*.x.**", "/seven"),
      route("*.**", "/eight"),
      route("*.*.*", "/nine"),
      route("a-1-b.*.test", "/ten"),
  });
  const std::string_view paths[] = {"/one", "/two",   "/three", "/four", "/five",
                                    "/six", "/seven", "/eight", "/nine", "/ten"};
  for (int i = 0; i < 10; ++i) {
    CAPTURE(i);
    CHECK(winner(router, request("GET", "A-1-B.X.test:80", paths[i])) == i);
    CHECK(winner(router, request("GET", "localhost", paths[i])) == kNoRoute);
    CHECK(winner(router, request("GET", "[::1]", paths[i])) == kNoRoute);
  }
}

TEST_CASE("a star in the host itself is only a character") {
  const Router router({route("a*b.test.x", ""), route("*.test.x", ""), route("*.**", "")});
  CHECK(winner(router, request("GET", "a*b.test.x", "/")) == 0);
  CHECK(winner(router, request("GET", "*.test.x", "/")) == 1);
  CHECK(winner(router, request("GET", "**.x", "/")) == 2);
  CHECK(winner(router, request("GET", "a.**", "/")) == 2);
}

TEST_CASE("hosts without any name match only routes without domain") {
  const Router router({route("*.**", ""), route("a.example.com", ""), route("", "")});
  for (const std::string_view host :
       {"", "[::1]", "[::1]:8080", "localhost", "a..example.com", ".a.example.com", "."}) {
    CAPTURE(host);
    CHECK(winner(router, request("GET", host, "/")) == 2);
  }
  const std::string longest = std::string(125, 'a') + "." + std::string(130, 'b');
  CHECK(winner(router, request("GET", longest, "/")) == 0);
  CHECK(winner(router, request("GET", longest + "b", "/")) == 2);
}

TEST_CASE("an empty table matches nothing") {
  const Router router({});
  CHECK(winner(router, request("GET", "a.b", "/")) == kNoRoute);
  CHECK(router.routes().empty());
}

TEST_CASE("a router can be moved, and its hits stay valid") {
  Router first({route("", "/a")});
  const std::optional<RouteHit> hit = first.find(request("GET", "", "/a"));
  const Router second(std::move(first));
  REQUIRE(hit);
  CHECK(hit->path == &second.routes()[0].paths[0]);
  CHECK(winner(second, request("GET", "", "/a")) == 0);
}

TEST_CASE("thousands of hosts and paths are told apart") {
  std::vector<RouteMatch> routes;
  for (int i = 0; i < 3000; ++i)
    routes.push_back(route("h" + std::to_string(i) + ".example.com", ""));
  for (int i = 0; i < 3000; ++i) routes.push_back(route("", "/p/" + std::to_string(i) + "/*"));
  const Router router(std::move(routes));
  for (int i = 0; i < 3000; ++i) {
    REQUIRE(winner(router, request("GET", "h" + std::to_string(i) + ".example.com", "/")) == i);
    REQUIRE(winner(router, request("GET", "other.test", "/p/" + std::to_string(i) + "/x")) ==
            3000 + i);
  }
  CHECK(winner(router, request("GET", "h3000.example.com", "/")) == kNoRoute);
  CHECK(winner(router, request("GET", "other.test", "/p/3000/x")) == kNoRoute);
  CHECK(winner(router, request("GET", "other.test", "/p/30")) == kNoRoute);
}

TEST_CASE("hosts are normalised for matching") {
  CHECK(normalised("example.com") == "example.com");
  CHECK(normalised("EXAMPLE.com:443") == "example.com");
  CHECK(normalised("example.com.") == "example.com");
  CHECK(normalised("example.com.:8080") == "example.com");
  CHECK(normalised("example.com..") == "example.com.");
  CHECK(normalised("a..example.com") == "a..example.com");
  CHECK(normalised("10.0.0.1:80") == "10.0.0.1");
  CHECK(normalised("[::1]:8080") == "[::1]");
  CHECK(normalised("[FE80::A]") == "[fe80::a]");
  CHECK(normalised("") == "");
  CHECK(normalised(".") == "");
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (c == '.' || c == ':' || c == ']') continue;
    CAPTURE(byte);
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    CHECK(normalised("\xc1zZ@" + std::string(7, c)) == "\xc1zz@" + std::string(7, lower));
  }
  CHECK(normalised(std::string(256, 'A') + ".:80") == std::string(256, 'a'));
  CHECK(normalised(std::string(257, 'a')) == "");
}
