#include <string>
#include <vector>

#include "catch.h"
#include "config/loading.h"

// One config in four files with 25 different mistakes, each of which is found, at its place, and nothing else.
namespace {

using namespace prox::config;
using namespace prox::config::test;
using Lines = std::vector<std::string>;

constexpr std::string_view kMain =
    R"(// The root: a service of its own, two from files, and one that is the root itself.
{
  services: {
    admin: {
      listen: "127.0.0.1:9000",
      tls: true,
      plugins: [""],
      routes: [{ action: "health" }],
    },
    web: "./web.json5",
    api: "./api.json5",
    self: "./main.json5",
  },
  plugins: { auth: {} },
  actions: {
    health: { type: "static", status: 200 },
    spare: { type: "proxy", upstream: "127.0.0.1:1", timout: "5s" },
  },
}
)";

constexpr std::string_view kWeb = R"({
  listen: ":8080",
  routes: [
    { match: { path: "/health" }, action: "helth" },
    { match: { path: "/save", methods: ["PSOT"] }, action: "spare" },
    { match: { path: "api/*" }, action: "spare" },
    { match: { path: "/api/*/users" }, action: "spare" },
    { match: { domain: "localhost" }, action: "spare" },
    { match: { domain: "*a*.example.com" }, action: "spare" },
    "./extra.json5",
    { match: { domain: "**.example.com" }, action: "spare" },
    { match: {}, action: "spare" },
    { match: { path: "/about" }, action: { type: "static", status: 200, body_ref: "about" } },
  ],
  actions: {
    health: { type: "static", status: 204 },
  },
}
)";

constexpr std::string_view kExtra = R"([
  { match: { path: "/raw", methods: ["GET"] }, action: "raw" },
  "./more.json5",
  { match: { path: "/a" },
    balancer: { type: "rr", targets: ["10.0.0.1:80"] },
    action: { type: "proxy", upstream: "{target}" } },
]
)";

constexpr std::string_view kApi = R"({
  routes: [
    { match: { path: "/s" }, balancer: { type: "random", targets: ["a:1"] }, action: "health" },
    { match: { path: "/p" }, balancer: { type: "random", targets: ["a:1"] }, action: "spare" },
    { match: { path: "/d" }, balancer: { type: "leastconn", targets: ["a:1", "a:1"] }, action: "all" },
  ],
  actions: {
    all: { type: "proxy", upstream: "{target}" },
    raw: { type: "pass" },
  },
}
)";

TEST_CASE("25 different mistakes in four files are 25 errors, in the order of the files") {
  const Files files = {
      {"main.json5", kMain}, {"web.json5", kWeb}, {"extra.json5", kExtra}, {"api.json5", kApi}};
  const LoadResult result = files.load("main.json5", Purpose::Validate);
  CHECK(result.diagnostics.errors() == 25);
  CHECK(result.sources.size() == 4);
  CHECK_FALSE(result.config);
  CHECK(
      files.errors("main.json5") ==
      Lines{
          "main.json5:6:7 error tls-cert-required: service \"admin\" has tls on but no tls_cert",
          "main.json5:7:17 error plugin-empty: empty plugin reference",
          "main.json5:12:11 error include-cycle: \"main.json5\" includes itself",
          "main.json5:14:14 error plugin-path: plugin \"auth\" needs a path",
          "main.json5:17:54 error unknown-key: unknown key \"timout\" in action \"spare\" => did "
          "you "
          "mean \"timeout\"?",
          "web.json5:4:43 error action-unknown: no action is named \"helth\" => did you mean "
          "\"health\"? (main.json5:16:5)",
          "web.json5:5:41 error method-unknown: unknown method \"PSOT\" => did you mean \"POST\"?",
          "web.json5:6:23 error path-slash: path pattern \"api/*\" must start with \"/\" => write "
          "\"/api/*\"",
          "web.json5:7:28 error path-wildcard: \"*\" may only end a path pattern, in "
          "\"/api/*/users\"",
          "web.json5:8:24 error domain-segments: domain pattern \"localhost\" needs at least two "
          "labels, such as example.com",
          "web.json5:9:25 error domain-stars: label \"*a*\" has more than one \"*\"",
          "web.json5:11:25 error domain-glob: \"**\" may only be the last label",
          "web.json5:12:7 error match-empty: this match has neither path nor domain => leave out "
          "match to catch everything",
          "web.json5:13:83 error body-unknown: no resource is named \"about\"",
          "web.json5:16:5 error duplicate-action: action \"health\" is defined twice "
          "[main.json5:16:5 first defined here]",
          "extra.json5:2:3 error pass-domain: a pass route needs a domain (it is matched by SNI)",
          "extra.json5:2:14 error pass-path: a pass route cannot match a path: TLS is not opened",
          "extra.json5:2:28 error pass-methods: a pass route cannot match methods: TLS is not "
          "opened",
          "extra.json5:3:3 error include-nested: route files cannot include other files",
          "extra.json5:5:23 error balancer-type-unknown: unknown balancer type \"rr\"; known: "
          "roundrobin, random, leastconn, p2c, hash",
          "api.json5:1:1 error listen-required: service \"api\" needs a listen address => for "
          "example listen: \":8080\" [main.json5:11:5 its file is named here]",
          "api.json5:3:30 error balancer-action: a balancer works only with proxy and pass "
          "actions; "
          "action \"health\" is static",
          "api.json5:4:30 error balancer-placeholder: upstream of action \"spare\" does not use "
          "{target} [main.json5:17:39 the upstream is written here]",
          "api.json5:5:78 error balancer-target-duplicate: target \"a:1\" is listed twice "
          "[api.json5:5:71 first listed here]",
          "api.json5:9:5 error upstream-required: pass action \"raw\" needs an upstream",
      });
}

}  // namespace
