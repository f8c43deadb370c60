#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "config/loading.h"

// What may stand in a file of each kind.
namespace {

using namespace prox::config;
using namespace prox::config::test;
using Lines = std::vector<std::string>;

TEST_CASE("a fragment holds what a service holds, and definitions") {
  const Files files = {{"c.json5", "{ services: { w: 'w.json5', v: 'v.json5' } }"},
                       {"w.json5",
                        "{ listn: ':1', routes: [{ action: { type: 'static', status: 200 } }],\n"
                        "  services: {}, logging: {},\n"
                        "  admin: {}, process: {},\n"
                        "  actons: {} }"},
                       {"v.json5", "[]"}};
  const std::string help = " => in a directory of services, _global.json5 stands for the root file";
  CHECK(
      files.problems("c.json5") ==
      Lines{
          "w.json5:1:3 error unknown-key: unknown key \"listn\" in service \"w\" => did you mean "
          "\"listen\"?",
          "w.json5:2:3 error fragment-root-key: \"services\" is only allowed in the root file",
          "w.json5:2:17 error fragment-root-key: \"logging\" is only allowed in the root file" +
              help,
          "w.json5:3:3 error fragment-root-key: \"admin\" is only allowed in the root file" + help,
          "w.json5:3:14 error fragment-root-key: \"process\" is only allowed in the root file" +
              help,
          "w.json5:4:3 error unknown-key: unknown key \"actons\" in service \"w\" => did you "
          "mean \"actions\"?",
          "v.json5:1:1 error root-type: a configuration file must hold one object"});
}

TEST_CASE("what is missing in a fragment is missing there, not where it is named") {
  const Files files = {{"c.json5", "{ services: { w: 'w.json5' } }"}, {"w.json5", "// empty\n{}"}};
  CHECK(files.problems("c.json5") ==
        Lines{"c.json5:1:1 error no-actions: no actions are defined",
              "w.json5:2:1 error listen-required: service \"w\" needs a listen address => for "
              "example listen: \":8080\" [c.json5:1:15 its file is named here]",
              "w.json5:2:1 error routes-required: service \"w\" has no routes [c.json5:1:15 its "
              "file is named here]"});
}

TEST_CASE("a route file is an array of routes, or an object that holds one") {
  struct Row {
    std::string_view text;
    Lines expected;
  };
  const std::string shape =
      "error include-shape: a route file must be an array of routes or { routes: [...] }";
  const std::vector<Row> rows = {
      {"5", {"r.json5:1:1 " + shape}},
      {"\n 'x.json5'", {"r.json5:2:2 " + shape}},
      {"null", {"r.json5:1:1 " + shape}},
      {"{}", {"r.json5:1:1 " + shape}},
      {"{ rotes: [] }",
       {"r.json5:1:3 error unknown-key: unknown key \"rotes\" in this route file => did you mean "
        "\"routes\"?"}},
      {"{ routes: [], actions: {} }",
       {"r.json5:1:15 error unknown-key: unknown key \"actions\" in this route file"}},
      {"{ routes: {} }",
       {"r.json5:1:11 error bad-type: \"routes\" must be an array of routes, found object"}},
      {"[5, null]",
       {"r.json5:1:2 error bad-type: an item of \"routes\" must be an object, found number",
        "r.json5:1:5 error null-value: an item of \"routes\" is null; leave the key out instead"}},
      {"['x.json5', { action: 'a', 'x': 1 }]",
       {"r.json5:1:2 error include-nested: route files cannot include other files",
        "r.json5:1:28 error unknown-key: unknown key \"x\" in this route"}},
      {"{ routes: ['x.json5'] }",
       {"r.json5:1:12 error include-nested: route files cannot include other files"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Files files = {{"c.json5",
                          "{ services: { w: { listen: ':1', routes: [{ match: { path: '/' }, "
                          "action: 'a' }, 'r.json5'] } },\n"
                          "  actions: { a: { type: 'static', status: 200 } } }"},
                         {"r.json5", row.text}};
    CHECK(files.problems("c.json5") == row.expected);
  }
}

TEST_CASE("a file's name must make a service's name") {
  const Files files = {{"c.json5", "{ services: { all: 'd' } }"},
                       {"d/a b.json5", fragment(1)},
                       {"d/_inline_x.json5", fragment(2)}};
  const std::string reserved =
      "error name-reserved: \"_inline_x\": names that begin with _inline_ are kept for what is "
      "written inline";
  CHECK(files.problems("c.json5") ==
        Lines{"c.json5:1:20 " + reserved,
              "c.json5:1:20 error name-chars: the name of a service may not contain \" \""});
  CHECK(files.problems("d") ==
        Lines{"d/_inline_x.json5:1:1 " + reserved,
              "d/a b.json5:1:1 error name-chars: the name of a service may not contain \" \""});
}

// Plugins: a registry in an object, a list of a service's own in an array.

TEST_CASE("a fragment's plugins are a registry or a list, and service_plugins is the list") {
  const auto keys = [](std::string_view plugins, int port) {
    return fmt::format("{{ {},\n listen: ':{}', routes: [{{ action: {{ type: 'drop' }} }}] }}",
                       plugins, port);
  };
  const std::string list = keys("plugins: ['auth', 'more']", 1);
  const std::string registry =
      keys("plugins: { auth: { path: 'b' }, more: { path: 'c' } }, service_plugins: ['more']", 2);
  const std::string both = keys("plugins: ['auth'], service_plugins: ['more']", 3);
  const std::string wrong = keys("plugins: 'auth'", 4);
  const Files files = {{"c.json5",
                        "{ plugins: { auth: { path: 'auth' } }, services: {\n"
                        "  list: 'list.json5', registry: 'registry.json5', both: 'both.json5', "
                        "wrong: 'wrong.json5' } }"},
                       {"list.json5", list},
                       {"registry.json5", registry},
                       {"both.json5", both},
                       {"wrong.json5", wrong}};
  CHECK(
      files.errors("c.json5") ==
      Lines{"registry.json5:1:14 error duplicate-plugin: plugin \"auth\" is defined twice "
            "[c.json5:1:14 first defined here]",
            "both.json5:1:12 error plugins-twice: \"plugins\" as an array means the same as "
            "\"service_plugins\"; keep one of them [both.json5:1:39 the other one is here]",
            "wrong.json5:1:12 error bad-type: \"plugins\" must be an object of plugins or an array "
            "of names, found string"});
}

TEST_CASE("the plugins of a fragment reach the config") {
  const Files files = {
      {"c.json5", "{ services: { list: 'list.json5', registry: 'registry.json5' } }"},
      {"list.json5", "{ plugins: ['more'], listen: ':1', routes: [{ action: { type: 'drop' } }] }"},
      {"registry.json5",
       "{ plugins: { more: { path: '/p' } }, service_plugins: ['more'], listen: ':2',\n"
       "  routes: [{ action: { type: 'drop' } }] }"}};
  const LoadResult result = files.load("c.json5", Purpose::Validate);
  REQUIRE(result.config);
  REQUIRE(result.config->plugins.size() == 1);
  CHECK(result.config->plugins[0].name.value == "more");
  for (const Service& service : result.config->services) {
    REQUIRE(service.plugins.size() == 1);
    CHECK(service.plugins[0].value == "more");
  }
}

}  // namespace
