#include <chrono>
#include <optional>
#include <string>

#include "catch.h"
#include "config/duration.h"
#include "config/loading.h"
#include "config/schema.h"
#include "prox/config/config.h"

// The values that a config gives to the rest of the program.
namespace {

using namespace prox::config;
using namespace prox::config::test;
using namespace std::chrono_literals;

Config config_of(const std::string& text) {
  LoadResult result = load_text(text);
  CAPTURE(describe_all(result));
  REQUIRE(result.config);
  return std::move(*result.config);
}

TEST_CASE("settings that are left out have the defaults of their table") {
  const ServiceSettings defaults;
  struct Row {
    const char* key;
    Duration value;
  };
  const Row durations[] = {
      {"read_timeout", defaults.read_timeout},
      {"header_timeout", defaults.header_timeout},
      {"write_timeout", defaults.write_timeout},
      {"idle_timeout", defaults.idle_timeout},
      {"response_header_timeout", defaults.response_header_timeout},
      {"keep_alive", defaults.keep_alive},
      {"flush_interval", defaults.flush_interval},
  };
  for (const Row& row : durations) {
    CAPTURE(row.key);
    CHECK(parse_duration(schema::kServiceConfig.find(row.key)->preset.text) == row.value);
  }
  const std::pair<const char*, std::int64_t> integers[] = {
      {"max_idle_conns", defaults.max_idle_conns},
      {"max_idle_conns_per_host", defaults.max_idle_conns_per_host},
      {"max_header_bytes", defaults.max_header_bytes},
      {"max_uri_bytes", defaults.max_uri_bytes},
      {"max_header_count", defaults.max_header_count},
      {"max_body_bytes", defaults.max_body_bytes},
      {"max_requests_per_conn", defaults.max_requests_per_conn},
  };
  for (const auto& [key, value] : integers) {
    CAPTURE(key);
    CHECK(schema::kServiceConfig.find(key)->preset.text == std::to_string(value));
  }
  CHECK(parse_duration(schema::kProcess.find("shutdown_timeout")->preset.text) ==
        Process().shutdown_timeout);
  CHECK(parse_duration(schema::kProcess.find("drain_timeout")->preset.text) ==
        Process().drain_timeout);
}

TEST_CASE("a service's settings are those that were written") {
  const Config config = config_of(
      in_settings("read_timeout: 1, header_timeout: '2s', write_timeout: 0, idle_timeout: '1m30s', "
                  "response_header_timeout: .5, dial_timeout: '100ms',"
                  "keep_alive: 0x10, flush_interval: -1, max_idle_conns: 1, "
                  "max_idle_conns_per_host: 0, max_header_bytes: 1024, max_uri_bytes: 64,"
                  "max_header_count: 3, max_body_bytes: 4294967296, max_requests_per_conn: 0"));
  const ServiceSettings& settings = config.services.at(0).settings;
  CHECK(settings.read_timeout == Duration(1s));
  CHECK(settings.header_timeout == Duration(2s));
  CHECK(settings.write_timeout == Duration(0s));
  CHECK(settings.idle_timeout == Duration(90s));
  CHECK(settings.response_header_timeout == Duration(500ms));
  CHECK(settings.dial_timeout == Duration(100ms));
  CHECK(settings.keep_alive == Duration(16s));
  CHECK(settings.flush_interval < Duration(0s));
  CHECK(settings.max_idle_conns == 1);
  CHECK(settings.max_idle_conns_per_host == 0);
  CHECK(settings.max_header_bytes == 1024);
  CHECK(settings.max_uri_bytes == 64);
  CHECK(settings.max_header_count == 3);
  CHECK(settings.max_body_bytes == 4294967296);
  CHECK(settings.max_requests_per_conn == 0);
}

TEST_CASE("without a dial_timeout the action's timeout stands") {
  CHECK_FALSE(config_of(in_settings("")).services.at(0).settings.dial_timeout);
}

TEST_CASE("routes keep their order, and what they ask for and set") {
  const Config config = config_of(
      "{services: {web: {listen: ':80', routes: ["
      "  {match: {path: '/a/*, /b', domain: '*.Example.com', methods: ['get', 'POST']}, set: "
      "{port: '8080', x: ''}, action: 'up'},"
      "  {action: {type: 'static', status: 404, body_ref: {text: 'nothing'}}}]}},"
      " actions: {up: {type: 'proxy', upstream: 'http://h:{port}', timeout: '5s', preserve_host: "
      "true, headers: {A: 'b', Cookie: null}}}}");
  const Service& service = config.services.at(0);
  CHECK(service.name.value == "web");
  CHECK(service.listen.value == ":80");
  REQUIRE(service.routes.size() == 2);
  const Route& first = service.routes[0];
  REQUIRE(first.match);
  CHECK(first.match->path->value == "/a/*, /b");
  CHECK(first.match->domain->value == "*.Example.com");
  REQUIRE(first.match->methods.size() == 2);
  CHECK(first.match->methods[0].value == "get");
  CHECK(first.action.value == "up");
  CHECK(first.set == StringMap{{"port", "8080"}, {"x", ""}});
  CHECK_FALSE(service.routes[1].match);
  CHECK(service.routes[1].action.value == "_inline_web_1");

  const Action* up = config.find_action("up");
  REQUIRE(up != nullptr);
  const auto* proxy = up->as<ProxyAction>();
  REQUIRE(proxy != nullptr);
  CHECK(proxy->connecting.upstream.value == "http://h:{port}");
  CHECK(proxy->connecting.timeout == Duration(5s));
  CHECK(proxy->preserve_host);
  CHECK(proxy->headers == HeaderEdits{{{"A", {}}, {"b", {}}}, {{"Cookie", {}}, {"", {}}}});

  const Action* nothing = config.find_action("_inline_web_1");
  REQUIRE(nothing != nullptr);
  const auto* fixed = nothing->as<StaticAction>();
  REQUIRE(fixed != nullptr);
  CHECK(fixed->status == 404);
  REQUIRE(fixed->body_ref);
  CHECK(fixed->body_ref->value == "_inline__inline_web_1_body");
  REQUIRE(config.find_resource(fixed->body_ref->value) != nullptr);
  CHECK(config.find_resource(fixed->body_ref->value)->content == "nothing");
  CHECK(config.find_action("other") == nullptr);
  CHECK(config.find_resource("other") == nullptr);
}

TEST_CASE("resources have content and the type that goes with it") {
  struct Row {
    const char* resource;
    std::string content;
    const char* content_type;
  };
  const Row rows[] = {
      {"{ text: 'a\\nb' }", "a\nb", "text/plain; charset=utf-8"},
      {"{ text: '' }", "", "text/plain; charset=utf-8"},
      {"{ json: { z: 1, a: [true, null, 'x'], m: {} } }", R"({"z":1,"a":[true,null,"x"],"m":{}})",
       "application/json"},
      {"{ json: [0.1, 1e3, 0x1F, -0.5, 1e21, 123456789012345678, 200.0, .5, 5e-324] }",
       R"([0.1,1000,31,-0.5,1e+21,123456789012345678,200,0.5,5e-324])", "application/json"},
      {"{ json: '<a href=\"x\">&\\u2028\\u0001' }", "\"<a href=\\\"x\\\">&\u2028\\u0001\"",
       "application/json"},
      {"{ json: null }", "null", "application/json"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.resource);
    const Config config = config_of(
        in_action(fmt::format("type: 'static', status: 200, body_ref: {}", row.resource)));
    REQUIRE(config.resources.size() == 1);
    CHECK(config.resources[0].content == row.content);
    CHECK(config.resources[0].content_type == row.content_type);
  }
}

TEST_CASE("a file is read when the config is loaded, from the config's directory or the prefix") {
  const Directory directory;
  const std::string body("\x00\xffx", 3);
  directory.write("conf/www/index.HTML", body);
  directory.write("prefix/www/index.HTML", "prefixed");
  const std::string path = directory.write(
      "conf/c.json5",
      in_action("type: 'static', status: 200, body_ref: { file: 'www/index.HTML' }"));
  const LoadResult beside = load({path, {}, Purpose::Serve});
  REQUIRE(beside.config);
  CHECK(beside.config->resources.at(0).content == body);
  CHECK(beside.config->resources.at(0).content_type == "text/html; charset=utf-8");
  const LoadResult prefixed = load({path, directory.path("prefix"), Purpose::Serve});
  REQUIRE(prefixed.config);
  CHECK(prefixed.config->resources.at(0).content == "prefixed");
}

TEST_CASE("a file's content type goes by its ending") {
  const Directory directory;
  for (const auto& [name, type] : {std::pair{"a.js", "text/javascript; charset=utf-8"},
                                   {"a.b.css", "text/css; charset=utf-8"},
                                   {"a.json", "application/json"},
                                   {"png", "application/octet-stream"},
                                   {"a.xyz", "application/octet-stream"},
                                   {"d.js/a", "application/octet-stream"}}) {
    CAPTURE(name);
    directory.write(name, "");
    const std::string text =
        in_action(fmt::format("type: 'static', status: 200, body_ref: {{ file: '{}' }}", name));
    const LoadResult result = load({directory.write("c.json5", text), {}, Purpose::Serve});
    REQUIRE(result.config);
    CHECK(result.config->resources.at(0).content_type == type);
    if (std::string(name) == "a.js") std::filesystem::remove(directory.path(name));
  }
}

TEST_CASE("process and logging are what was written") {
  const Config config =
      config_of(in_root("process: { workers: 3, user: 'root', group: 'root', pid_file: "
                        "'/run/x.pid', shutdown_timeout: '1m',"
                        " drain_timeout: 5, rlimit_nofile: 1024 }, logging: { level: 'WARNING' }"));
  CHECK(config.process.workers == 3);
  CHECK(config.process.user->value == "root");
  CHECK(config.process.group->value == "root");
  CHECK(config.process.pid_file->resolved == "/run/x.pid");
  CHECK(config.process.shutdown_timeout == Duration(1min));
  CHECK(config.process.drain_timeout == Duration(5s));
  CHECK(config.process.rlimit_nofile == 1024);
  CHECK(config.logging.level == "warn");
}

TEST_CASE("workers are as many as fit the machine unless a number is written") {
  CHECK_FALSE(config_of(in_root("process: { workers: 'auto' }")).process.workers);
  CHECK_FALSE(config_of(in_root("")).process.workers);
}

TEST_CASE("a relative pid file hangs on the prefix, else on the config's directory") {
  const Directory directory;
  const std::string path =
      directory.write("conf/c.json5", in_root("process: { pid_file: 'run/p.pid' }"));
  CHECK(load({path, {}, Purpose::Serve}).config->process.pid_file->resolved ==
        directory.path("conf/run/p.pid"));
  CHECK(load({path, "/srv", Purpose::Serve}).config->process.pid_file->resolved ==
        "/srv/run/p.pid");
  CHECK(load({path, "/srv/", Purpose::Serve}).config->process.pid_file->resolved ==
        "/srv/run/p.pid");
  CHECK(problems(in_root("process: { pid_file: '' }")) ==
        std::vector<std::string>{
            "2:22 error pid-file: pid_file is empty; leave the key out for its default"});
}

}  // namespace
