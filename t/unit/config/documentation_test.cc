#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "config/loading.h"

// The examples that prox was first described with, word for word. Where one leaves something out, with `...` or by speaking of a file, it
// is supplied here; what it then means is what its description says.
namespace {

using namespace prox::config;
using namespace prox::config::test;
using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

// An example, with what stands in it as `...` filled in.
std::string completed(std::string_view example, std::string_view left_out) {
  constexpr std::string_view kDots = "...";
  std::string text(example);
  for (std::size_t at = text.find(kDots); at != text.npos; at = text.find(kDots, at)) {
    text.replace(at, kDots.size(), left_out);
    at += left_out.size();
  }
  return text;
}

constexpr std::string_view kRoute = "{ action: { type: 'static', status: 204 } }";

LoadResult load_example(const Files& files, std::string_view root) {
  CHECK(files.errors(root).empty());
  LoadResult result = files.load(root, Purpose::Validate);
  REQUIRE(result.config);
  return result;
}

Lines service_names(const Config& config) {
  Lines names;
  for (const Service& service : config.services) names.push_back(service.name.value);
  return names;
}

TEST_CASE("an inline service") {
  const Files files = {{"config.json5", completed(R"({
  services: {
    my_site: {
      listen: ":8080",         // required
      tls: true,               // optional, default: false
      tls_cert: "/path/cert",  // required if tls: true
      tls_key: "/path/key",    // required if tls: true
      config: {},              // optional, per-service tuning
      routes: [...]            // required, at least one
    },
  },
})",
                                                  kRoute)}};
  const LoadResult result = load_example(files, "config.json5");
  REQUIRE(service_names(*result.config) == Lines{"my_site"});
  const Service& service = result.config->services[0];
  CHECK(service.listen.value == ":8080");
  CHECK(service.tls.on);
  CHECK(service.tls.cert->resolved == "/path/cert");
  CHECK(service.tls.key->resolved == "/path/key");
  CHECK(service.routes.size() == 1);
}

TEST_CASE("an empty config block has the documented defaults") {
  const Files files = {
      {"config.json5",
       completed("{ services: { a: { listen: ':1', config: {}, routes: [...] } } }", kRoute)}};
  const LoadResult result = load_example(files, "config.json5");
  const ServiceSettings& settings = result.config->services[0].settings;
  CHECK(settings.read_timeout == 10s);
  CHECK(settings.write_timeout == 30s);
  CHECK(settings.idle_timeout == 120s);
  CHECK(settings.response_header_timeout == 30s);
  CHECK(settings.flush_interval == 0s);
  CHECK_FALSE(settings.dial_timeout);  // the action's
  CHECK(settings.keep_alive == 30s);
  CHECK(settings.max_idle_conns == 100);
  CHECK(settings.max_idle_conns_per_host == 10);
  CHECK(settings.tls_handshake_timeout == 10s);
  CHECK(settings.h2_read_idle_timeout == 30s);
  CHECK(settings.h2_ping_timeout == 15s);
  CHECK(settings.max_connections == 0);
  CHECK_FALSE(result.config->services[0].tls.on);
}

TEST_CASE("durations are strings, or numbers of seconds") {
  const Files files = {
      {"config.json5",
       completed("{ services: { a: { listen: ':1', routes: [...], config: { read_timeout: \"5s\",\n"
                 " write_timeout: \"1m30s\", idle_timeout: \"5m\", keep_alive: 7 } } } }",
                 kRoute)}};
  const LoadResult result = load_example(files, "config.json5");
  const ServiceSettings& settings = result.config->services[0].settings;
  CHECK(settings.read_timeout == 5s);
  CHECK(settings.write_timeout == 90s);
  CHECK(settings.idle_timeout == 300s);
  CHECK(settings.keep_alive == 7s);
}

TEST_CASE("a gateway for streams") {
  const Files files = {
      {"config.json5",
       completed(R"(// Streaming-friendly gateway — long timeouts, immediate flushing.
{
  services: {
    gateway: {
      listen: ":443",
      tls: true,
      tls_cert: "/etc/prox/certs/",
      config: {
        read_timeout: "5m",
        write_timeout: "5m",
        response_header_timeout: "5m",
        flush_interval: -1,
      },
      routes: [...]
    },
  },
})",
                 kRoute)}};
  const LoadResult result = load_example(files, "config.json5");
  const Service& service = result.config->services.at(0);
  CHECK(service.settings.read_timeout == 5min);
  CHECK(service.settings.write_timeout == 5min);
  CHECK(service.settings.response_header_timeout == 5min);
  CHECK(service.settings.flush_interval < 0s);
  CHECK(service.tls.cert->resolved == "/etc/prox/certs/");
  CHECK_FALSE(service.tls.key);  // a directory of pairs needs none
}

// The fragment of the documentation. Its `health` is a global action.
constexpr std::string_view kWebFragment = R"(// web.json5
{
  listen: ":8080",
  routes: [
    { match: { path: "/health" }, action: "health" },
    { match: { path: "/*" }, action: "frontend" },
  ],

  // Local actions — merged into the global pool.
  actions: {
    frontend: { type: "serve", root: "./public" },
  },

  // Local resources — merged into the global pool.
  resources: {
    banner: { text: "Welcome!" },
  },
}
)";
constexpr std::string_view kHealth = "actions: { health: { type: 'static', status: 200 } }";

std::string api_fragment() {
  return completed(
      "{ listen: ':8081', routes: [{ match: { path: '/x' }, action: 'frontend' }, ...] }", kRoute);
}

TEST_CASE("services from files, with what they define") {
  const Files files = {{"config.json5", completed(R"({
  services: {
    web: "./web.json5", // load ServiceFragment from file
    api: "./api.json5",
  },
...
})",
                                                  kHealth)},
                       {"web.json5", kWebFragment},
                       {"api.json5", api_fragment()}};
  const LoadResult result = load_example(files, "config.json5");
  const Config& config = *result.config;
  REQUIRE(service_names(config) == Lines{"web", "api"});
  CHECK(config.services[0].listen.value == ":8080");
  REQUIRE(config.services[0].routes.size() == 2);
  CHECK(config.services[0].routes[0].match->path->value == "/health");
  CHECK(config.services[0].routes[0].action.value == "health");
  CHECK(config.services[0].routes[1].action.value == "frontend");
  // Both are in the global pool: another service may use the action.
  REQUIRE(config.find_action("frontend")->as<ServeAction>() != nullptr);
  CHECK(config.find_action("frontend")->as<ServeAction>()->root->resolved ==
        files.path("./public"));
  CHECK(config.services[1].routes[0].action.value == "frontend");
  CHECK(config.find_resource("banner")->content == "Welcome!");
}

TEST_CASE("services from a directory, named after their files") {
  const Files files = {{"config.json5", completed(R"({
  services: {
    _microservices: "./services/",
    //  services/web.json5 → service "web"
    //  services/api.json5 → service "api"
  },
...
})",
                                                  kHealth)},
                       {"services/web.json5", kWebFragment},
                       {"services/api.json5", api_fragment()},
                       {"services/README.md", "not a service"},
                       {"services/old/web.json5", "nor is this"}};
  const LoadResult result = load_example(files, "config.json5");
  CHECK(service_names(*result.config) == Lines{"api", "web"});
}

TEST_CASE("a directory instead of a root file") {
  const Files files = {
      {"config/web.json5", kWebFragment},
      {"config/api.json5",
       completed("{ listen: ':8081', routes: [{ action: 'health' }], ... }", kHealth)}};
  const LoadResult result = load_example(files, "config");
  CHECK(service_names(*result.config) == Lines{"api", "web"});
  CHECK(result.config->find_action("frontend")->as<ServeAction>()->root->resolved ==
        files.path("config/./public"));
}

TEST_CASE("TLS that is passed through and TLS that is ended on one port") {
  const Files files = {
      {"config.json5",
       completed(R"({
services: {
gateway: {
listen: ":443",
tls: true,
tls_cert: "/etc/prox/certs/",
routes: [
// L4: *.cdn.example.com → raw TCP relay (no TLS termination)
{
match: { domain: "*.cdn.example.com" },
action: { type: "pass", upstream: "10.0.0.5:3504" },
},
// L7: everything else on *.example.com → TLS termination + HTTP
{
match: { domain: "*.example.com" },
action: "web_app",
},
],
},
},
...
})",
                 "actions: { web_app: { type: 'proxy', upstream: '127.0.0.1:3000' } }")}};
  const LoadResult result = load_example(files, "config.json5");
  const Service& gateway = result.config->services.at(0);
  REQUIRE(gateway.routes.size() == 2);
  CHECK(gateway.routes[0].match->domain->value == "*.cdn.example.com");
  const Action& pass = *result.config->find_action(gateway.routes[0].action.value);
  REQUIRE(pass.as<PassAction>() != nullptr);
  CHECK(pass.connecting()->upstream.value == "10.0.0.5:3504");
  CHECK(gateway.routes[1].match->domain->value == "*.example.com");
  CHECK(gateway.routes[1].action.value == "web_app");
}

}  // namespace
