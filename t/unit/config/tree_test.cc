#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "catch.h"
#include "config/loading.h"

// How the files of a config are found, and what may be wrong with that.
namespace {

using namespace prox::config;
using namespace prox::config::test;
using namespace std::string_literals;
using Lines = std::vector<std::string>;
using Watched = std::vector<WatchedPath>;
using Role = WatchedPath::Role;

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

TEST_CASE("a missing file that is nearly there is told by its name") {
  const Files files = {{"c.json5",
                        "{ services: {\n"
                        "  a: './sub/wbe.json5',\n"
                        "  b: 'sub/web',\n"
                        "  c: 'sub/api.json5',\n"
                        "  e: 'sub/web.json',\n"
                        "  d: { listen: ':1', routes: ['comon.json5'] } } }"},
                       {"common.json5", "[]"},
                       {"sub/web.json5", fragment(2)}};
  const std::string missing = "No such file or directory";
  CHECK(
      files.problems("c.json5") ==
      Lines{
          "c.json5:2:6 error service-path: cannot read service file \"./sub/wbe.json5\": " +
              missing + " => did you mean \"./sub/web.json5\"?",
          "c.json5:3:6 error service-path: cannot read service file \"sub/web\": " + missing +
              " => did you mean \"sub/web.json5\"?",
          "c.json5:4:6 error service-path: cannot read service file \"sub/api.json5\": " + missing,
          "c.json5:5:6 error service-path: cannot read service file \"sub/web.json\": " + missing +
              " => did you mean \"sub/web.json5\"?",
          "c.json5:6:31 error include-read: cannot read route file \"comon.json5\": " + missing +
              " => did you mean \"common.json5\"?"});
  CHECK(files.problems("commmon.json") ==
        Lines{"error config-read: cannot read config \"commmon.json\": " + missing +
              " => did you mean \"common.json5\"?"});
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
