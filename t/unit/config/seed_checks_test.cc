#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "config/loading.h"

// The checks that `prox validate` promises, in the order of its documentation: for each one configs that break it and nothing else, with
// everything that is said about them. Finer cases of a rule are in the tests of its own file.
namespace {

using namespace prox::config::test;
using Lines = std::vector<std::string>;

struct Broken {
  std::string_view root;      // c.json5
  std::string_view fragment;  // w.json5, which is there in any case
  Lines expected;
};
struct Check {
  std::string_view promise;
  std::vector<Broken> configs;
};

const std::vector<Check> kChecks = {
    {"All action references resolve",
     {{R"({ services: { web: { listen: ':1', routes: [{ action: 'fronted' }] } },
  actions: { frontend: { type: 'static', status: 200 } } })",
       "",
       {"c.json5:1:55 error action-unknown: no action is named \"fronted\" => did you mean "
        "\"frontend\"? (c.json5:2:14)"}},
      {"{ services: { web: 'w.json5' }, actions: { a: { type: 'static', status: 200 } } }",
       R"({ listen: ':1', routes: [
  { match: { path: '/a' }, action: 'a' },
  { action: 'nobody' } ] })",
       {"w.json5:3:13 error action-unknown: no action is named \"nobody\""}}}},
    {"All resource references resolve",
     {{R"({ services: { web: 'w.json5' }, resources: { about: { text: 'x' } } })",
       R"({ listen: ':1', routes: [{ action: {
  type: 'static', status: 200, body_ref: 'abuot' } }] })",
       {"w.json5:2:42 error body-unknown: no resource is named \"abuot\" => did you mean "
        "\"about\"? (c.json5:1:46)"}}}},
    {"Required fields are present",
     {{R"({ services: {
  none: {},
  web: { listen: ':1', routes: [{}, { action: {} }] },
  api: { listen: ':2', routes: [{ match: { path: '/p' }, action: { type: 'proxy' } },
    { match: { path: '/s' }, action: { type: 'static' } }, { action: { type: 'serve' } }] } } })",
       "",
       {"c.json5:2:3 error listen-required: service \"none\" needs a listen address => for example "
        "listen: \":8080\"",
        "c.json5:2:3 error routes-required: service \"none\" has no routes",
        "c.json5:3:33 error action-required: this route has no action",
        "c.json5:3:47 error action-type-required: this action needs a type",
        "c.json5:4:66 error upstream-required: this proxy action needs an upstream",
        "c.json5:5:38 error status-required: this static action needs a status",
        "c.json5:5:70 error serve-one: this serve action needs root or file"}},
      {"{}",
       "",
       {"c.json5:1:1 error no-services: no services: at least one is needed",
        "c.json5:1:1 error no-actions: no actions are defined"}}}},
    {"HTTP methods are valid",
     {{"{ services: { web: 'w.json5' } }",
       R"({ listen: ':1', routes: [
  { match: { path: '/*', methods: ['GET', 'PSOT'] }, action: { type: 'static', status: 200 } }] })",
       {"w.json5:2:43 error method-unknown: unknown method \"PSOT\" => did you mean \"POST\"?"}}}},
    {"Path patterns are well-formed",
     {{"{ services: { web: 'w.json5' }, actions: { a: { type: 'static', status: 200 } } }",
       R"({ listen: ':1', routes: [
  { match: { path: 'api/*' }, action: 'a' },
  { match: { path: '/api/*/users' }, action: 'a' },
  { match: { path: '/api*' }, action: 'a' },
  { match: { path: '/ok,' }, action: 'a' } ] })",
       {"w.json5:2:21 error path-slash: path pattern \"api/*\" must start with \"/\" => write "
        "\"/api/*\"",
        "w.json5:3:26 error path-wildcard: \"*\" may only end a path pattern, in \"/api/*/users\"",
        "w.json5:4:25 error path-wildcard-slash: \"*\" must follow a \"/\" in \"/api*\" => write "
        "\"/api/*\"",
        "w.json5:5:25 error path-empty-item: empty path pattern"}}}},
    {"Domain patterns are well-formed (at most one * per segment, at least 2 segments, ** only at "
     "end)",
     {{"{ services: { web: 'w.json5' }, actions: { a: { type: 'static', status: 200 } } }",
       R"({ listen: ':1', routes: [
  { match: { domain: '*a*.example.com' }, action: 'a' },
  { match: { domain: 'localhost' }, action: 'a' },
  { match: { domain: '**.example.com' }, action: 'a' },
  { match: { domain: 'a..b' }, action: 'a' },
  { match: { domain: 'cdn-*.example.**' }, action: 'a' } ] })",
       {"w.json5:2:23 error domain-stars: label \"*a*\" has more than one \"*\"",
        "w.json5:3:22 error domain-segments: domain pattern \"localhost\" needs at least two "
        "labels, such as example.com",
        "w.json5:4:23 error domain-glob: \"**\" may only be the last label",
        "w.json5:5:25 error domain-empty-label: domain pattern \"a..b\" has an empty label"}}}},
    {"At least one of path or domain in each route (or omit match for catch-all)",
     {{"{ services: { web: 'w.json5' }, actions: { a: { type: 'static', status: 200 } } }",
       R"({ listen: ':1', routes: [
  { match: {}, action: 'a' },
  { match: { methods: ['GET'] }, action: 'a' },
  { action: 'a' } ] })",
       {"w.json5:2:5 error match-empty: this match has neither path nor domain => leave out match "
        "to catch everything",
        "w.json5:3:5 error match-empty: this match has neither path nor domain => leave out match "
        "to catch everything"}}}},
    {"TLS cert/key are provided when TLS is enabled",
     {{R"({ services: { web: 'w.json5', api: { listen: ':2', tls: true,
  routes: [{ action: { type: 'static', status: 200 } }] } } })",
       R"({ listen: ':1', tls: true, tls_cert: 'web.pem',
  routes: [{ action: { type: 'static', status: 200 } }] })",
       {"c.json5:1:52 error tls-cert-required: service \"api\" has tls on but no tls_cert",
        "w.json5:1:28 error tls-key-required: service \"web\" needs tls_key for the certificate "
        "file \"web.pem\" => a directory of pairs needs none"}}}},
    {"pass routes require a domain (SNI matching) and cannot use path or methods",
     {{"{ services: { web: 'w.json5' }, actions: { p: { type: 'pass', upstream: 'a.test:443' } } }",
       R"({ listen: ':1', routes: [
  { action: 'p' },
  { match: { domain: 'a.test', path: '/x' }, action: 'p' },
  { match: { domain: 'b.test', methods: ['GET'] }, action: 'p' } ] })",
       {"w.json5:2:3 error pass-domain: a pass route needs a domain (it is matched by SNI)",
        "w.json5:3:32 error pass-path: a pass route cannot match a path: TLS is not opened",
        "w.json5:4:32 error pass-methods: a pass route cannot match methods: TLS is not "
        "opened"}}}},
    {"pass actions require an upstream",
     {{"{ services: { web: 'w.json5' } }",
       R"({ listen: ':1', routes: [{ match: { domain: 'a.test' }, action: 'p' }],
  actions: { p: { type: 'pass' } } })",
       {"w.json5:2:14 error upstream-required: pass action \"p\" needs an upstream"}}}},
    {"Balancer type is valid (roundrobin, random, or leastconn)",
     {{"{ services: { web: 'w.json5' }, actions: { a: { type: 'proxy', upstream: '{target}' } } }",
       R"({ listen: ':1', routes: [
  { match: { path: '/1' }, action: 'a', balancer: { type: 'rr', targets: ['a:1'] } },
  { match: { path: '/2' }, action: 'a', balancer: { type: 'leastcon', targets: ['a:1'] } },
  { match: { path: '/3' }, action: 'a', balancer: { targets: ['a:1'] } },
  { match: { path: '/4' }, action: 'a', balancer: { type: 'leastconn', targets: ['a:1'] } } ] })",
       {"w.json5:2:59 error balancer-type-unknown: unknown balancer type \"rr\"; known: "
        "roundrobin, random, leastconn, p2c, hash",
        "w.json5:3:59 error balancer-type-unknown: unknown balancer type \"leastcon\"; known: "
        "roundrobin, random, leastconn, p2c, hash => did you mean \"leastconn\"?",
        "w.json5:4:41 error balancer-type-required: a balancer needs a type"}}}},
    {"Balancer targets are non-empty and unique (empty allowed with plugins)",
     {{R"({ services: { web: 'w.json5' },
  plugins: { p: { path: '/bin/sh' } }, actions: { a: { type: 'proxy', upstream: '{target}' } } })",
       R"({ listen: ':1', routes: [
  { match: { path: '/1' }, action: 'a', balancer: { type: 'random', targets: [] } },
  { match: { path: '/2' }, action: 'a', balancer: { type: 'random', targets: [''] } },
  { match: { path: '/3' }, action: 'a', balancer: { type: 'random', targets: ['a:1', 'a:1'] } },
  { match: { path: '/4' }, action: 'a', balancer: { type: 'random', targets: [] }, plugins: ['p'] } ] })",
       {"w.json5:2:78 error balancer-targets: this balancer has no targets and no plugin to supply "
        "them",
        "w.json5:3:79 error balancer-target-empty: empty target",
        "w.json5:4:86 error balancer-target-duplicate: target \"a:1\" is listed twice "
        "[w.json5:4:79 first listed here]"}}}},
    {"Balancer is only used with proxy or pass actions",
     {{"{ services: { web: 'w.json5' }, actions: { a: { type: 'static', status: 200 } } }",
       R"({ listen: ':1', routes: [
  { action: 'a', balancer: { type: 'random', targets: ['a:1'] } } ] })",
       {"w.json5:2:18 error balancer-action: a balancer works only with proxy and pass actions; "
        "action \"a\" is static"}}}},
    {"Action upstream contains {target} when a balancer is used",
     {{R"({ services: { web: 'w.json5' },
  actions: { a: { type: 'proxy', upstream: 'localhost:3000' } } })",
       R"({ listen: ':1', routes: [
  { action: 'a', balancer: { type: 'random', targets: ['a:1'] } } ] })",
       {"w.json5:2:18 error balancer-placeholder: upstream of action \"a\" does not use {target} "
        "[c.json5:2:44 the upstream is written here]"}}}},
    {"Plugin paths are non-empty",
     {{R"({ services: { web: 'w.json5' },
  plugins: { auth: { path: '' }, rate: {} } })",
       R"({ listen: ':1', plugins: [''],
  routes: [{ plugins: [''], action: { type: 'static', status: 200, plugins: [''] } }] })",
       {"c.json5:2:14 error plugin-path: plugin \"auth\" needs a path",
        "c.json5:2:34 error plugin-path: plugin \"rate\" needs a path",
        "w.json5:1:27 error plugin-empty: empty plugin reference",
        "w.json5:2:24 error plugin-empty: empty plugin reference",
        "w.json5:2:78 error plugin-empty: empty plugin reference"}}}},
    {"No duplicate action/resource names across files",
     {{R"({ services: { web: 'w.json5' },
  actions: { a: { type: 'static', status: 200 } },
  resources: { r: { text: 'x' } } })",
       R"({ listen: ':1', routes: [{ action: 'a' }],
  actions: { a: { type: 'static', status: 204 } },
  resources: { r: { text: 'y' } } })",
       {"w.json5:2:14 error duplicate-action: action \"a\" is defined twice [c.json5:2:14 first "
        "defined here]",
        "w.json5:3:16 error duplicate-resource: resource \"r\" is defined twice [c.json5:3:16 "
        "first defined here]"}}}},
    {"No circular file references",
     {{R"({ services: { self: './c.json5',
  web: 'w.json5' } })",
       R"({ listen: ':1', routes: ['w.json5',
  'c.json5', { action: { type: 'static', status: 200 } }] })",
       {"c.json5:1:21 error include-cycle: \"c.json5\" includes itself",
        "w.json5:1:26 error include-cycle: \"w.json5\" includes itself",
        "w.json5:2:3 error include-cycle: \"c.json5\" includes itself through \"w.json5\""}}}},
    {"Reports all issues at once",
     {{R"({ services: { web: 'w.json5' },
  logging: { levle: 'info' }, actions: { a: { type: 'proxy', upstream: 'ftp://h' } } })",
       R"({ lsten: ':1', routes: [{ match: { path: 'x' }, action: 'b' },
  { match: { domain: 'x' }, action: 'a' } ] })",
       {"c.json5:2:14 error unknown-key: unknown key \"levle\" in logging => did you mean "
        "\"level\"?",
        "c.json5:2:72 error upstream-syntax: \"ftp://h\" is not an upstream address: unknown "
        "scheme \"ftp\"; known: http, https, ws, wss, unix",
        "w.json5:1:3 error unknown-key: unknown key \"lsten\" in service \"web\" => did you mean "
        "\"listen\"?",
        "w.json5:1:43 error path-slash: path pattern \"x\" must start with \"/\" => write \"/x\"",
        "w.json5:1:57 error action-unknown: no action is named \"b\" => did you mean \"a\"? "
        "(c.json5:2:42)",
        "w.json5:2:22 error domain-segments: domain pattern \"x\" needs at least two labels, such "
        "as example.com"}}}},
};

TEST_CASE("every check of the documentation says what is wrong, and where") {
  for (const Check& check : kChecks) {
    CAPTURE(check.promise);
    for (const Broken& broken : check.configs) {
      CAPTURE(broken.root, broken.fragment);
      const Files files = {{"c.json5", broken.root}, {"w.json5", broken.fragment}};
      CHECK(files.errors("c.json5") == broken.expected);
    }
  }
}

}  // namespace
