#include "prox/config/loader.h"

#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <vector>

#include "catch.h"
#include "config/loading.h"
#include "prox/base/digest.h"

namespace {

using namespace prox::config;
using namespace prox::config::test;
using prox::base::Digest;
using Lines = std::vector<std::string>;

constexpr const char* kGood =
    "{services: {web: {listen: ':80', routes: [{action: {type: 'static', status: 200}}]}}}";

TEST_CASE("the first example of the documentation gives its six errors, and nothing else") {
  const Directory directory;
  const std::string text = R"(// d1.json5
{
  services: {
    web: {
      lisen: ":8080",
      routes: [
        { match: { path: "/*" }, action: "fronted" },
        { match: {}, action: "frontend" },
        { match: { path: "api/*", methods: ["GTE"] }, action: "frontend" },
      ],
    },
  },
  actions: {
    frontend: { type: "serv", root: "./public" },
  },
}
)";
  const std::string path = directory.write("d1.json5", text);
  for (const Purpose purpose : {Purpose::Serve, Purpose::Validate}) {
    CHECK(describe_all(load({path, {}, purpose})) ==
          Lines{
              "5:7 error unknown-key: unknown key \"lisen\" in service \"web\" => did you mean "
              "\"listen\"?",
              fmt::format("7:42 error action-unknown: no action is named \"fronted\" => did you "
                          "mean \"frontend\"? ({}:14:5)",
                          path),
              "8:11 error match-empty: this match has neither path nor domain => leave out match "
              "to catch everything",
              "9:27 error path-slash: path pattern \"api/*\" must start with \"/\" => write "
              "\"/api/*\"",
              "9:45 error method-unknown: unknown method \"GTE\" => did you mean \"GET\"?",
              "14:23 error action-type-unknown: unknown action type \"serv\"; known: proxy, "
              "static, serve, pass, drop, redirect"
              " => did you mean \"serve\"?",
          });
  }
}

TEST_CASE("ten mistakes give ten errors, in the order of the text") {
  const std::string text = R"({
  process: { workers: 0, user: 5 },
  actions: {
    up: { type: "proxy", upstream: "h:99999", timeout: "5", headers: { "a b": "" } },
  },
  services: {
    one: { listen: "8080", routes: [{ action: "up", match: { path: "x" } }] },
    two: { listen: ":80", routes: [{ action: { type: "static", status: 1000 } }], config: { max_uri_bytes: null } },
    tri: { listen: "127.0.0.1:80", routes: [{ action: "up" }] },
  },
})";
  const LoadResult result = load_text(text);
  CHECK(
      describe_all(result) ==
      Lines{
          "2:23 error int-range: workers must be between 1 and 1024",
          "2:32 error bad-type: \"user\" must be a string, found number => strings need quotes: "
          "\"5\"",
          "4:36 error upstream-syntax: \"h:99999\" is not an upstream address: port 99999 is above "
          "65535",
          "4:56 error duration: \"5\" is not a duration => write 10s, 1m30s or a number of seconds",
          "4:72 error header-name: \"a b\" is not a header name",
          "7:20 error listen-syntax: \"8080\" is not a listen address: the port needs a colon "
          "before it => write \":8080\"",
          "7:69 error path-slash: path pattern \"x\" must start with \"/\" => write \"/x\"",
          "8:72 error status-range: status 1000 is not between 200 and 599",
          "8:108 error null-value: \"max_uri_bytes\" is null; leave the key out instead",
          "9:20 error listen-duplicate: service \"tri\" listens on 127.0.0.1:80, which service "
          "\"two\" already uses",
      });
  CHECK(result.diagnostics.errors() == 10);
  CHECK_FALSE(result.config);
}

TEST_CASE("a config is there exactly if there are no errors") {
  CHECK(load_text(kGood).config);
  CHECK(problems(kGood).empty());
  CHECK_FALSE(load_text("{}").config);
  const LoadResult warned = load_text(in_root("resources: { r: { text: '' } }"));
  CHECK(warned.diagnostics.warnings() == 1);
  CHECK(warned.config);
}

TEST_CASE("a config with errors still tells where its pid file is") {
  const LoadResult result = load_text("{process: {pid_file: '/run/x.pid', workers: 0}}");
  CHECK_FALSE(result.config);
  REQUIRE(result.process.pid_file);
  CHECK(result.process.pid_file->resolved == "/run/x.pid");
  CHECK_FALSE(load_text("{process: {pid_file: ''}}").process.pid_file);
}

TEST_CASE("the root of a config is an object") {
  for (const char* text : {"[]", "5", "null", "'x'"}) {
    CAPTURE(text);
    CHECK(problems(text) ==
          Lines{"1:1 error root-type: a configuration file must hold one object"});
  }
}

TEST_CASE("a syntax error is all that is said of a file that cannot be read to its end") {
  const LoadResult result = load_text("{\n  services: {},\n  actions: \"x\n}");
  REQUIRE(result.diagnostics.all().size() == 1);
  CHECK(result.diagnostics.all()[0].id == "syntax");
  CHECK(result.sources.position(result.diagnostics.all()[0].place).line == 3);
  CHECK_FALSE(result.config);
}

TEST_CASE("a key written twice is an error with a note, and the first one stands") {
  const LoadResult result = load_text(in_root("process: { workers: 1, workers: 0 }"));
  REQUIRE(result.diagnostics.all().size() == 1);
  const Diagnostic& error = result.diagnostics.all()[0];
  CHECK(describe(result, error) ==
        "2:24 error duplicate-key: key \"workers\" is written twice in this object");
  REQUIRE(error.notes.size() == 1);
  CHECK(result.sources.position(error.notes[0].place).column == 12);
  CHECK_FALSE(result.config);
}

TEST_CASE("a config that cannot be opened has no place in a text") {
  const Directory directory;
  const std::string path = directory.path("none.json5");
  const LoadResult result = load({path, {}, Purpose::Serve});
  CHECK(describe_all(result) ==
        Lines{fmt::format("error config-read: cannot read config \"{}\": No such file or directory",
                          path)});
  CHECK_FALSE(result.diagnostics.all().at(0).has_place);
  CHECK_FALSE(result.config);
}

TEST_CASE("a config that everyone may write to is worth a warning") {
  const Directory directory;
  const std::string path = directory.write("c.json5", kGood);
  chmod(path.c_str(), 0666);
  const LoadResult result = load({path, {}, Purpose::Serve});
  CHECK(describe_all(result) ==
        Lines{fmt::format("warning config-permissions: config \"{}\" can be written by everyone => "
                          "take that away with chmod o-w",
                          path)});
  CHECK(result.config);
}

TEST_CASE("a text with a byte order mark counts its columns without it") {
  CHECK(problems("\xEF\xBB\xBF[]") ==
        Lines{"1:1 error root-type: a configuration file must hold one object"});
}

TEST_CASE("the source is known by the path as it was given") {
  const Directory directory;
  const std::string path = directory.write("c.json5", kGood);
  const LoadResult result = load({path, {}, Purpose::Serve});
  REQUIRE(result.sources.size() == 1);
  CHECK(result.sources.path(0) == path);
}

using Watched = std::vector<WatchedPath>;
using Role = WatchedPath::Role;

TEST_CASE("a load says which files it read, and which it looked for in vain") {
  const Directory directory;
  directory.write("a.txt", "a");
  const std::string path = directory.write(
      "c.json5",
      "{resources: {a: {file: 'a.txt'}, b: {file: '/nowhere/b.txt'}, twice: {file: 'a.txt'}}}");
  CHECK(load({path, {}, Purpose::Validate}).watched ==
        Watched{{path, Role::ConfigFile},
                {directory.path("a.txt"), Role::Resource},
                {"/nowhere/b.txt", Role::Resource}});
}

TEST_CASE("what was read from each path can be told from what is there later") {
  const Directory directory;
  const auto digest = [](std::string_view bytes) { return std::optional(Digest(bytes).value()); };
  const std::string page = directory.write("page.html", "<p>");
  const std::string root =
      directory.write("c.json5", "{services: {_: './s/'}, resources: {page: {file: 'page.html'}}}");
  const std::string more = directory.write("s/more.json5", "broken");
  const LoadResult result = load({root, {}, Purpose::Serve});
  REQUIRE(result.watched.size() == 4);
  for (const WatchedPath& path : result.watched) {
    if (path.path == root) CHECK(path.digest == digest(result.sources.text(0)));
    if (path.path == more) CHECK(path.digest == digest("broken"));
    if (path.path == page) CHECK(path.digest == digest("<p>"));
    if (path.role == Role::ConfigDirectory) CHECK(path.digest == digest({"more.json5\0", 11}));
  }
  const LoadResult none = load({directory.path("none.json5"), {}, Purpose::Serve});
  CHECK_FALSE(none.watched.at(0).digest);
}

TEST_CASE("a config that is missing, or ends in a syntax error, is to be watched") {
  const Directory directory;
  const std::string missing = directory.path("none.json5");
  CHECK(load({missing, {}, Purpose::Serve}).watched == Watched{{missing, Role::ConfigFile}});
  const std::string broken = directory.write("c.json5", "{");
  CHECK(load({broken, {}, Purpose::Serve}).watched == Watched{{broken, Role::ConfigFile}});
}

}  // namespace
