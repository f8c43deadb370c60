#include "config/effective.h"

#include <nlohmann/json.hpp>
#include <string>

#include "catch.h"
#include "config/loading.h"
#include "config/samples.h"
#include "config/tree.h"
#include "prox/base/json.h"

// What a config comes to.
namespace {

using namespace prox::config;
using namespace prox::config::test;
using prox::base::Json;

// Whatever else is wrong with the text.
std::string effective(const std::string& text) {
  const Directory directory;
  Sources sources;
  Diagnostics diagnostics;
  WatchedPaths watched;
  const Context context{sources, diagnostics, watched, Purpose::Validate, {}};
  const Tree tree = read_tree(context, directory.write("c.json5", text));
  CAPTURE(text);
  REQUIRE(tree.is_readable());
  return describe_effective(tree);
}

Json json_of(const LoadResult& result) {
  CAPTURE(describe_all(result));
  REQUIRE(result.config);
  return Json::parse(result.effective);
}

Json describe_text(const std::string& text) {
  const Directory directory;
  return json_of(load({directory.write("c.json5", text), {}, Purpose::Validate, true}));
}

// A string leads to a file, which is not there.
bool is_reference(const schema::Key& key) { return key.name == "services" || key.name == "routes"; }

TEST_CASE("every key shows in the effective config, and is what it is there") {
  int keys = 0;
  each_key(
      [&](const schema::Object& object, const schema::Key& key, std::uint32_t, const Whole& whole) {
        if (is_reference(key) || key.name == object.selector) return;
        CAPTURE(object.title, key.name);
        const std::string with =
            whole(fmt::format("{}: {}", key.name, sample(key.type, key.name, key.preset.text)));
        const std::string shown = effective(with);
        CAPTURE(with, shown);
        CHECK(shown.find(fmt::format("\"{}\": ", key.name)) != std::string::npos);
        const bool is_block = (key.type.forms & schema::kObject) != 0 && key.preset == "{}";
        if (!is_block) CHECK(shown != effective(whole("")));
        // What was shown is a config that comes to the same.
        CHECK(effective(shown) == shown);
        ++keys;
      });
  CHECK(keys > 190);
}

TEST_CASE("a default that is not written is filled in") {
  int keys = 0;
  each_key(
      [&](const schema::Object& object, const schema::Key& key, std::uint32_t, const Whole& whole) {
        const bool is_literal =
            !key.preset.empty() && !key.preset.in_words && !(key.preset == schema::kRequired);
        if (!is_literal) return;
        CAPTURE(object.title, key.name);
        CHECK(effective(whole("")).find(fmt::format("\"{}\": ", key.name)) != std::string::npos);
        ++keys;
      });
  CHECK(keys > 90);
}

TEST_CASE("values are shown in one form") {
  const Json json = describe_text(
      "{services: {web: {listen: ':80', config: {read_timeout: 90, write_timeout: '0', "
      "keep_alive: .5, max_body_bytes: 0x10}, routes: [{match: {path: '/', methods: ['get']}, "
      "action: {type: 'static', status: 200.0, body_ref: {json: {b: [1, null], a: 0.5}}}}]}}, "
      "logging: {level: 'WARN'}}");
  const Json& web = json["services"]["web"];
  CHECK(web["config"]["read_timeout"] == "1m30s");
  CHECK(web["config"]["write_timeout"] == "0s");
  CHECK(web["config"]["keep_alive"] == "500ms");
  CHECK(web["config"]["max_body_bytes"] == 16);
  CHECK(web["config"]["header_timeout"] == "10s");
  CHECK(web["config"].find("dial_timeout") == web["config"].end());
  CHECK(web["routes"][0]["match"]["methods"][0] == "GET");
  CHECK(web["routes"][0]["action"]["status"] == 200);
  CHECK(web["routes"][0]["action"]["body_ref"]["json"].dump() == R"({"b":[1,null],"a":0.5})");
  CHECK(json["logging"]["level"] == "warn");
  CHECK(json["process"]["workers"] == "auto");
  CHECK(json["actions"].dump() == "{}");
}

TEST_CASE("keys are in the order of the documentation") {
  const std::string text = effective(in_root("process: {}, admin: {listen: ':1'}, logging: {}"));
  std::size_t at = 0;
  for (const schema::Key& key : schema::kRoot.keys) {
    CAPTURE(key.name);
    const std::size_t found = text.find(fmt::format("\n  \"{}\"", key.name));
    REQUIRE(found != std::string::npos);
    CHECK(found > at);
    at = found;
  }
}

TEST_CASE("nobody reads a secret from it") {
  const std::string text = effective(
      "{admin: {listen: ':1', token: 'hidden'}, services: {web: {listen: ':80', basic_auth: "
      "{users: "
      "{joe: 'hidden', ann: {env: 'ANN'}}}, response_headers: {'X-API-KEY': 'hidden', Cookie: "
      "null}, "
      "routes: [{match: {headers: {cookie: 'hidden', A: 'seen'}}, action: {type: 'proxy', "
      "upstream: "
      "'h', headers: {Authorization: 'hidden', 'proxy-authorization': 'hidden', B: 'seen'}}}]}}}");
  CHECK(text.find("hidden") == std::string::npos);
  const Json json = Json::parse(text);
  CHECK(json["admin"]["token"] == "[REDACTED]");
  const Json& web = json["services"]["web"];
  CHECK(web["basic_auth"]["users"]["joe"] == "[REDACTED]");
  CHECK(web["basic_auth"]["users"]["ann"].dump() == R"({"env":"ANN"})");
  CHECK(web["response_headers"]["Cookie"].is_null());
  CHECK(web["routes"][0]["match"]["headers"]["A"] == "seen");
  CHECK(web["routes"][0]["action"]["headers"]["B"] == "seen");
}

TEST_CASE("all files are one") {
  const Directory directory;
  const std::string path = directory.write(
      "c.json5",
      "{services: {web: './web.json5'}, actions: {root: {type: 'static', status: 200}}}");
  directory.write(
      "web.json5",
      "{listen: ':80', routes: [{match: {path: '/'}, action: 'own'}, './more.json5', "
      "{action: 'root'}], actions: {own: {type: 'static', status: 201}}, resources: {r: "
      "{text: ''}}, service_plugins: ['./p'], plugins: {q: {path: '/bin/sh'}}}");
  directory.write("more.json5", "[{match: {path: '/a'}, action: 'root'}]");
  const Json json = json_of(load({path, {}, Purpose::Validate, true}));
  const Json& web = json["services"]["web"];
  REQUIRE(web["routes"].size() == 3);
  CHECK(web["routes"][1]["match"]["path"] == "/a");
  CHECK(web["plugins"].dump() == R"(["./p"])");
  CHECK(web.find("actions") == web.end());
  CHECK(json["actions"]["root"]["status"] == 200);
  CHECK(json["actions"]["own"]["status"] == 201);
  CHECK(json["resources"].dump() == R"({"r":{"text":""}})");
  CHECK(json["plugins"]["q"]["path"] == "/bin/sh");
}

}  // namespace
