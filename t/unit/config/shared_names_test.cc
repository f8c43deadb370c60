#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "config/loading.h"

// What the files of a config share: one pool of names, route files, and the blame for what is missing.
namespace {

using namespace prox::config;
using namespace prox::config::test;
using Lines = std::vector<std::string>;

TEST_CASE("a name that two files define is an error at the later one") {
  const Files files = {
      {"c.json5",
       "{ services: { w: 'w.json5', v: 'v.json5' },\n"
       "  actions: { a: { type: 'static', status: 200, body_ref: 'r' } },\n"
       "  resources: { r: { text: '' } } }"},
      {"v.json5",
       "{ listen: ':2', routes: [{ action: 'b' }], actions: { b: { type: 'static', status: 200 } } "
       "}"},
      {"w.json5",
       "{ listen: ':1', routes: [{ action: 'a' }],\n"
       "  actions: { b: { type: 'static', status: 200 }, a: { type: 'static', status: 99 } },\n"
       "  resources: { r: { text: '' } } }"}};
  CHECK(
      files.problems("c.json5") ==
      Lines{
          "w.json5:2:50 error duplicate-action: action \"a\" is defined twice [c.json5:2:14 first "
          "defined here]",
          "w.json5:2:79 error status-range: status 99 is not between 200 and 599",
          "w.json5:3:16 error duplicate-resource: resource \"r\" is defined twice [c.json5:3:16 "
          "first defined here]",
          "v.json5:1:55 error duplicate-action: action \"b\" is defined twice [w.json5:2:14 first "
          "defined here]"});
}

TEST_CASE("a syntax error ends its file only, and hides what the file may define") {
  const Files files = {{"c.json5",
                        "{ services: { a: 'a.json5', b: 'b.json5' },\n"
                        "  actions: { unused: { type: 'static', status: 200 } }, proces: {} }"},
                       {"a.json5",
                        "{ listen: ':1',\n  routes: [{ action: 'in_b', match: { path: '/' } }, { "
                        "acton: 'in_b' }] }"},
                       {"b.json5", "{ listen: ':2', actions: { in_b: {"}};
  const Lines problems = files.problems("c.json5");
  REQUIRE(problems.size() == 3);
  CHECK(problems[0].starts_with("c.json5:2:57 error unknown-key: "));
  CHECK(problems[1].starts_with("a.json5:2:56 error unknown-key: "));
  CHECK(problems[2].starts_with("b.json5:1:35 error syntax: "));
}

TEST_CASE("a broken route file defines no names, so those that are missing are missing") {
  const Files files = {
      {"c.json5",
       "{ services: { w: { listen: ':1', routes: ['r.json5', { action: 'b' }] } },\n"
       "  actions: { a: { type: 'static', status: 200 } } }"},
      {"r.json5", "["}};
  const Lines problems = files.problems("c.json5");
  REQUIRE(problems.size() == 2);
  CHECK(problems[0] ==
        "c.json5:1:64 error action-unknown: no action is named \"b\" => did you mean "
        "\"a\"? (c.json5:2:14)");
  CHECK(problems[1].starts_with("r.json5:1:2 error syntax: "));
}

// A file in several places.

TEST_CASE("a mistake in a shared route file is told once, and once a place if it depends on that") {
  const Files files = {{"c.json5",
                        "{ services: {\n"
                        "  one: { listen: ':1', routes: ['r.json5'] },\n"
                        "  two: { listen: ':2', routes: [{ match: { path: '/b/*' }, action: 'up' "
                        "}, 'r.json5'] } },\n"
                        "  actions: { up: { type: 'proxy', upstream: 'h' }, var: { type: 'proxy', "
                        "upstream: 'h:{port}' } } }"},
                       {"r.json5",
                        "[{ match: { path: 'x' }, action: 'nobody' },\n"
                        " { match: { path: '/a' }, action: { type: 'static' } },\n"
                        " { match: { path: '/b/c' }, action: 'var' }]"}};
  const std::string var =
      "r.json5:3:37 error upstream-var: upstream of action \"var\" uses {port}, which this route "
      "does "
      "not set [c.json5:4:84 the upstream is written here] ";
  CHECK(
      files.problems("c.json5") ==
      Lines{
          "r.json5:1:20 error path-slash: path pattern \"x\" must start with \"/\" => write "
          "\"/x\"",
          "r.json5:1:34 error action-unknown: no action is named \"nobody\"",
          "r.json5:2:35 error status-required: this static action needs a status",
          "r.json5:3:2 warning route-unreachable: never reached: route #0 already matches "
          "everything this does [c.json5:3:33 that route is here] [c.json5:3:76 included here, in "
          "service \"two\"]",
          var + "[c.json5:2:33 included here, in service \"one\"]",
          var + "[c.json5:3:76 included here, in service \"two\"]"});
}

TEST_CASE("whether a balancer in a shared route file can work depends on the service") {
  const Files files = {{"c.json5",
                        "{ services: { one: { listen: ':1', routes: ['r.json5'] }, two: { listen: "
                        "':2', plugins: ['./p'], routes: ['r.json5'] } },\n"
                        "  actions: { plain: { type: 'proxy', upstream: 'h' } } }"},
                       {"r.json5",
                        "[{ match: { path: '/a' }, balancer: { type: 'random' },\n action: { type: "
                        "'proxy', upstream: '{target}' } },\n"
                        " { match: { path: '/b' }, balancer: { type: 'rr', targets: ['a', 'a'] }, "
                        "action: 'plain' }]"}};
  const std::string one = " [c.json5:1:45 included here, in service \"one\"]";
  const std::string two = " [c.json5:1:107 included here, in service \"two\"]";
  const std::string plain =
      "r.json5:3:27 error balancer-placeholder: upstream of action \"plain\" does not use {target} "
      "[c.json5:2:48 the upstream is written here]";
  CHECK(files.errors("c.json5") ==
        Lines{"r.json5:1:27 error balancer-targets: this balancer has no targets and no plugin to "
              "supply them" +
                  one,
              plain + one, plain + two,
              "r.json5:3:45 error balancer-type-unknown: unknown balancer type \"rr\"; known: "
              "roundrobin, random, leastconn, p2c, hash",
              "r.json5:3:66 error balancer-target-duplicate: target \"a\" is listed twice "
              "[r.json5:3:61 first listed here]"});
}

TEST_CASE("one fragment as two services is told by its address") {
  const Files files = {
      {"c.json5", "{ services: { a: 'w.json5', b: './w.json5' } }"},
      {"w.json5", "{ listen: ':1', routes: [{ action: { type: 'static', status: 1 } }] }"}};
  CHECK(
      files.problems("c.json5") ==
      Lines{"w.json5:1:11 error listen-duplicate: service \"b\" listens on :1, which service \"a\" "
            "already uses [w.json5:1:11 first used here]",
            "w.json5:1:62 error status-range: status 1 is not between 200 and 599"});
}

TEST_CASE("one fragment as two services defines its names twice") {
  const Files files = {{"c.json5", "{ services: { a: 'w.json5', b: 'w.json5' } }"},
                       {"w.json5",
                        "{ listen: '127.0.0.1:0', routes: [{ action: 'x' }],\n"
                        "  actions: { x: { type: 'static', status: 200 } } }"}};
  CHECK(
      files.problems("c.json5") ==
      Lines{
          "w.json5:2:14 error duplicate-action: action \"x\" is defined twice [w.json5:2:14 first "
          "defined here] [c.json5:1:29 service \"b\" is made of the same file]"});
}

}  // namespace
