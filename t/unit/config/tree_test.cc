#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "catch.h"
#include "config/loading.h"

// Configs of several files: how they are found, what they make together, and what may be wrong with that.
namespace {

using namespace prox::config;
using namespace prox::config::test;
using namespace std::string_literals;
using Lines = std::vector<std::string>;
using Watched = std::vector<WatchedPath>;
using Role = WatchedPath::Role;

// A service fragment with one route of its own.
std::string fragment(int port, std::string_view more = "") {
  return fmt::format(
      "{{ listen: ':{}', routes: [{{ action: {{ type: 'static', status: 200 }} }}], {} }}", port,
      more);
}

Lines service_names(const LoadResult& result) {
  Lines names;
  for (const Service& service : result.config->services) names.push_back(service.name.value);
  return names;
}

Lines action_names(const Service& service) {
  Lines names;
  for (const Route& route : service.routes) names.push_back(route.action.value);
  return names;
}

// How files are found.

TEST_CASE("a service may be a file, which may include routes, each beside the file that names it") {
  const Files files = {
      {"main.json5",
       "{ services: { web: './web/web.json5' }, actions: { health: { type: 'static', status: 200 } "
       "} }"},
      {"web/web.json5",
       "{ listen: ':80',\n"
       "  routes: [{ match: { path: '/health' }, action: 'health' }, './extra.json5', "
       "'more/more.json5',\n"
       "           { match: { path: '/*' }, action: 'front' }],\n"
       "  actions: { front: { type: 'static', status: 204 } },\n"
       "  resources: { banner: { text: 'Welcome!' } } }"},
      {"web/extra.json5",
       "[{ match: { path: '/banner' }, action: { type: 'static', status: 200, body_ref: 'banner' } "
       "}]"},
      {"web/more/more.json5",
       "{ routes: [{ match: { path: '/x' }, action: 'front' }, { match: { path: '/y' }, action: { "
       "type: 'static', status: 201 } }] }"}};
  CHECK(files.problems("main.json5").empty());
  const LoadResult result = files.load("main.json5");
  REQUIRE(result.config);
  CHECK(files.paths(result) ==
        Lines{"main.json5", "web/web.json5", "web/extra.json5", "web/more/more.json5"});
  REQUIRE(service_names(result) == Lines{"web"});
  const Service& web = result.config->services[0];
  CHECK(action_names(web) == Lines{"health", "_inline_web_1", "front", "_inline_web_3", "front"});
  CHECK(web.routes[4].match->path->value == "/*");
  CHECK(result.config->find_action("_inline_web_3")->as<StaticAction>()->status == 201);
  CHECK(result.config->find_resource("banner")->content == "Welcome!");
}

TEST_CASE("the files of a directory are services, named after them, in the order of bytes") {
  const Files files = {{"c.json5", "{ services: { ignored: './services/' } }"},
                       {"services/web.json5", fragment(1)},
                       {"services/api.json5", fragment(2)},
                       {"services/Zoo.json5", fragment(3)},
                       {"services/.hidden.json5", "broken"},
                       {"services/notes.txt", "broken"},
                       {"services/sub/more.json5", "broken"},
                       {"services/sub.json5/more.json5", "broken"}};
  CHECK(files.problems("c.json5").empty());
  CHECK(service_names(files.load("c.json5")) == Lines{"Zoo", "api", "web"});
}

TEST_CASE("a directory may be the whole config") {
  const Files files = {
      {"web.json5", fragment(1, "actions: { a: { type: 'static', status: 200 } }")},
      {"api.json5", "{ listen: ':2', routes: [{ action: 'a' }, 'routes/more.json5'] }"},
      {"routes/more.json5", "[]"},
      {"README", "not a config"}};
  for (const char* root : {"", "."}) {
    CAPTURE(root);
    CHECK(files.problems(root).empty());
    CHECK(service_names(files.load(root)) == Lines{"api", "web"});
  }
}

TEST_CASE("links to files and to directories are followed") {
  const Files files = {{"c.json5", "{ services: { all: 'live' } }"},
                       {"v2/web.json5", fragment(1)},
                       {"elsewhere.txt", fragment(2)}};
  REQUIRE(symlink("v2", files.path("live").c_str()) == 0);
  REQUIRE(symlink("../elsewhere.txt", files.path("v2/linked.json5").c_str()) == 0);
  CHECK(files.problems("c.json5").empty());
  CHECK(service_names(files.load("c.json5")) == Lines{"linked", "web"});
}

TEST_CASE("paths other than those of config files hang on the root's directory") {
  const Files files = {{"c.json5", "{ services: { web: 'sub/web.json5' } }"},
                       {"sub/web.json5",
                        "{ listen: ':1', routes: [{ action: { type: 'static', status: 200, "
                        "body_ref: { file: 'a.txt' } } }] }"},
                       {"a.txt", "at the root"},
                       {"sub/a.txt", "beside the fragment"}};
  const LoadResult result = files.load("c.json5");
  REQUIRE(result.config);
  CHECK(result.config->find_resource("_inline__inline_web_0_body")->content == "at the root");
  const LoadResult prefixed = load({files.path("c.json5"), files.path("sub"), Purpose::Serve});
  REQUIRE(prefixed.config);
  CHECK(prefixed.config->find_resource("_inline__inline_web_0_body")->content ==
        "beside the fragment");
}

TEST_CASE("in directory mode such paths hang on the directory") {
  const Files files = {{"web.json5",
                        "{ listen: ':1', routes: [{ action: { type: 'static', status: 200, "
                        "body_ref: { file: 'a.txt' } } }] }"},
                       {"a.txt", "here"}};
  const LoadResult result = files.load("");
  REQUIRE(result.config);
  CHECK(result.config->find_resource("_inline__inline_web_0_body")->content == "here");
}

TEST_CASE("the same route file in two services is read once") {
  const Files files = {{"c.json5",
                        "{ services: { a: { listen: ':1', routes: ['r.json5'] }, b: { listen: "
                        "':2', routes: ['./r.json5'] } } }"},
                       {"r.json5", "[{ action: { type: 'static', status: 200 } }]"}};
  CHECK(files.problems("c.json5").empty());
  const LoadResult result = files.load("c.json5");
  CHECK(result.sources.size() == 2);
  CHECK(action_names(result.config->services[1]) == Lines{"_inline_b_0"});
}

TEST_CASE("an empty route file adds nothing, and may be all there is") {
  const Files files = {
      {"c.json5",
       "{ services: { a: { listen: ':1', routes: ['r.json5', { action: 'x' }, 'r.json5'] },\n"
       "              b: { listen: ':2', routes: ['r.json5'] } },\n"
       "  actions: { x: { type: 'static', status: 200 } } }"},
      {"r.json5", "[]"}};
  CHECK(files.problems("c.json5") ==
        Lines{"c.json5:2:15 error routes-required: service \"b\" has no routes"});
}

// _global.json5

TEST_CASE("_global.json5 stands for the root file in directory mode") {
  const Files files = {
      {"_global.json5",
       "{ process: { pid_file: 'p.pid', workers: 2 }, logging: { level: 'warn' },\n"
       "  actions: { a: { type: 'static', status: 200, body_ref: 'r' } }, resources: { r: { text: "
       "'x' } } }"},
      {"A.json5", "{ listen: ':1', routes: [{ action: 'a' }] }"}};
  CHECK(files.problems("").empty());
  const LoadResult result = files.load("");
  REQUIRE(result.config);
  CHECK(service_names(result) == Lines{"A"});
  CHECK(result.config->process.workers == 2);
  CHECK(result.config->logging.level == "warn");
  CHECK(result.process.pid_file->resolved == files.path("p.pid"));
}

TEST_CASE("_global.json5 is a service like any other if it says where to listen, or is no root") {
  const Files own = {{"_global.json5", fragment(1)}, {"web.json5", fragment(2)}};
  CHECK(own.problems("").empty());
  CHECK(service_names(own.load("")) == Lines{"_global", "web"});
  const Files referred = {{"c.json5", "{ services: { all: 'd' } }"},
                          {"d/_global.json5", fragment(1)}};
  CHECK(service_names(referred.load("c.json5")) == Lines{"_global"});
}

TEST_CASE("_global.json5 holds no services, and is not enough") {
  const Files files = {{"_global.json5",
                        "\n{ services: { web: 'web.json5' }, proces: {},\n"
                        "  actions: { a: { type: 'static', status: 200 } } }"}};
  CHECK(
      files.problems("") ==
      Lines{"_global.json5:2:1 error no-services: no services: at least one is needed",
            "_global.json5:2:3 error global-services: \"services\" has no place here: each other "
            "file of the directory is a service",
            "_global.json5:2:35 error unknown-key: unknown key \"proces\" in _global.json5 => did "
            "you mean \"process\"?",
            "_global.json5:3:14 warning action-unused: action \"a\" is never used"});
}

TEST_CASE("a _global.json5 that cannot be read to its end may define what is missing") {
  const Files files = {{"_global.json5", "{"},
                       {"web.json5", "{ listen: ':1', routes: [{ action: 'a' }], lisen: 1 }"}};
  const Lines problems = files.problems("");
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].starts_with("_global.json5:1:2 error syntax: "));
  CHECK(problems[1].starts_with("web.json5:1:44 error unknown-key: "));
}

// What cannot be found or read

TEST_CASE("a missing file is an error at the string that names it, whoever asks") {
  const Files files = {{"c.json5",
                        "{ services: {\n"
                        "  x: 'service/x.json5',\n"
                        "  e: '',\n"
                        "  n: 'a\\0b',\n"
                        "  w: { listen: ':1', routes: ['r.json5', ''] } } }"}};
  for (const Purpose purpose : {Purpose::Serve, Purpose::Validate}) {
    CHECK(
        files.problems("c.json5", purpose) ==
        Lines{
            "c.json5:2:6 error service-path: cannot read service file \"service/x.json5\": No "
            "such file or directory",
            "c.json5:3:6 error service-path: cannot read service file \"\": the path is empty",
            "c.json5:4:6 error service-path: cannot read service file \"a\0b\": the path has a NUL "
            "character in it"s,
            "c.json5:5:31 error include-read: cannot read route file \"r.json5\": No such file "
            "or directory",
            "c.json5:5:42 error include-read: cannot read route file \"\": the path is empty"});
  }
}

TEST_CASE("a directory without a config file is an error") {
  const Files files = {{"c.json5", "{ services: { all: './d/' } }"}, {"d/readme.txt", ""}};
  CHECK(
      files.problems("c.json5") ==
      Lines{"c.json5:1:20 error service-directory-empty: service directory \"./d/\" has no *.json5 "
            "file"});
  CHECK(files.problems("d") ==
        Lines{"error config-empty: config directory \"d\" has no *.json5 file"});
}

TEST_CASE("a directory is no route file, and a pipe no service") {
  const Files files = {
      {"c.json5", "{ services: { p: 'pipe', w: { listen: ':1', routes: ['d'] } } }"},
      {"d/x.json5", ""}};
  REQUIRE(mkfifo(files.path("pipe").c_str(), 0600) == 0);
  CHECK(files.problems("c.json5") ==
        Lines{"c.json5:1:18 error service-path: cannot read service file \"pipe\": it is not a "
              "regular file",
              "c.json5:1:54 error include-read: cannot read route file \"d\": Is a directory"});
}

// A file that cannot be read to its end

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

// What a file of each kind may hold

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
              "w.json5:2:1 error listen-required: service \"w\" needs a listen address",
              "w.json5:2:1 error routes-required: service \"w\" has no routes"});
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

// Cycles

TEST_CASE("a file that leads back to itself is an error where that is written") {
  const Files files = {{"c.json5",
                        "{ services: {\n"
                        "  self: './c.json5',\n"
                        "  w: 'w.json5',\n"
                        "  i: { listen: ':1', routes: ['c.json5', { action: { type: 'static', "
                        "status: 200 } }] } } }"},
                       {"w.json5",
                        "{ listen: ':2', routes: ['w.json5',\n 'c.json5', { action: { type: "
                        "'static', status: 200 } }] }"}};
  CHECK(files.problems("c.json5") ==
        Lines{"c.json5:2:9 error include-cycle: \"c.json5\" includes itself",
              "c.json5:4:31 error include-cycle: \"c.json5\" includes itself",
              "w.json5:1:26 error include-cycle: \"w.json5\" includes itself",
              "w.json5:2:2 error include-cycle: \"c.json5\" includes itself through \"w.json5\""});
}

TEST_CASE("a directory reference that finds the root is a cycle, by whatever name") {
  const Files files = {
      {"c.json5", "{ services: { all: './' }, actions: { a: { type: 'static', status: 200 } } }"},
      {"d/.keep", ""}};
  CHECK(files.problems("c.json5") ==
        Lines{"c.json5:1:20 error include-cycle: \"c.json5\" includes itself through \"./\"",
              "c.json5:1:39 warning action-unused: action \"a\" is never used"});
  REQUIRE(symlink("../c.json5", files.path("d/x.json5").c_str()) == 0);
  CHECK(files.problems("d/x.json5") ==
        Lines{"d/x.json5:1:20 error include-cycle: \"d/x.json5\" includes itself through \"./\"",
              "d/x.json5:1:39 warning action-unused: action \"a\" is never used"});
}

// Names

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

TEST_CASE("a service that comes from two places is an error at the later one") {
  const Files files = {{"c.json5",
                        "{ services: { web: { listen: ':1', routes: [{ action: 'a' }] },\n"
                        "  all: 'd', more: 'e', api: 'd/../api.json5' },\n"
                        "  actions: { a: { type: 'static', status: 200 } } }"},
                       {"d/web.json5", fragment(2)},
                       {"e/web.json5", fragment(3)},
                       {"e/api.json5", fragment(4)},
                       {"api.json5", fragment(5)}};
  CHECK(
      files.problems("c.json5") ==
      Lines{"c.json5:2:8 error service-duplicate: service \"web\" is defined twice [c.json5:1:15 "
            "first defined here]",
            "c.json5:2:19 error service-duplicate: service \"web\" is defined twice [c.json5:1:15 "
            "first defined here]",
            "c.json5:2:24 error service-duplicate: service \"api\" is defined twice [c.json5:2:19 "
            "first defined here]"});
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

// A file in several places

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
          "r.json5:2:35 error status-required: static action \"_inline_one_1\" needs a status",
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

// Permissions, and what to watch

TEST_CASE("each file that everyone may write to is worth a warning") {
  const Files files = {{"c.json5", "{ services: { w: 'w.json5', v: 'v.json5' } }"},
                       {"w.json5", "{ listen: ':1', routes: ['r.json5'] }"},
                       {"v.json5", fragment(2)},
                       {"r.json5", "[{ action: { type: 'static', status: 200 } }]"}};
  for (const char* name : {"w.json5", "r.json5"}) chmod(files.path(name).c_str(), 0666);
  const std::string rest = " can be written by everyone => take that away with chmod o-w";
  CHECK(files.problems("c.json5") ==
        Lines{"warning config-permissions: config \"w.json5\"" + rest,
              "warning config-permissions: config \"r.json5\"" + rest});
}

TEST_CASE("every file and directory that was read or looked for is to be watched") {
  const Files files = {{"c.json5", "{ services: { d: 'd', none: 'none.json5' } }"},
                       {"d/w.json5", "{ listen: ':1', routes: ['../r.json5', 'gone.json5'] }"},
                       {"d/x.json5", "{"},
                       {"r.json5", "[]"}};
  CHECK(files.load("c.json5").watched == Watched{{files.path("c.json5"), Role::ConfigFile},
                                                 {files.path("d"), Role::ConfigDirectory},
                                                 {files.path("d/w.json5"), Role::ConfigFile},
                                                 {files.path("d/../r.json5"), Role::ConfigFile},
                                                 {files.path("d/gone.json5"), Role::ConfigFile},
                                                 {files.path("d/x.json5"), Role::ConfigFile},
                                                 {files.path("none.json5"), Role::ConfigFile}});
  CHECK(files.load("d").watched == Watched{{files.path("d"), Role::ConfigDirectory},
                                           {files.path("d/w.json5"), Role::ConfigFile},
                                           {files.path("d/../r.json5"), Role::ConfigFile},
                                           {files.path("d/gone.json5"), Role::ConfigFile},
                                           {files.path("d/x.json5"), Role::ConfigFile}});
}

TEST_CASE("certificates are watched, although others read them") {
  const Files files = {{"c.json5",
                        "{ services: { w: { listen: ':1', tls: true, tls_cert: 'certs/', "
                        "client_ca: '/ca.pem', ocsp_file: 'o',\n"
                        "  routes: [{ action: { type: 'proxy', upstream: 'https://h', tls: { ca: "
                        "'ca.pem', cert: 'c', key: 'k' } } }] },\n"
                        "  v: { listen: ':2', tls_key: 'k', routes: [] } } }"}};
  CHECK(files.load("c.json5").watched == Watched{{files.path("c.json5"), Role::ConfigFile},
                                                 {files.path("certs/"), Role::Certificate},
                                                 {"/ca.pem", Role::Certificate},
                                                 {files.path("o"), Role::Certificate},
                                                 {files.path("k"), Role::Certificate},
                                                 {files.path("ca.pem"), Role::Certificate},
                                                 {files.path("c"), Role::Certificate}});
}

}  // namespace
