#include "master/addresses.h"

#include <algorithm>
#include <string>
#include <vector>

#include "catch.h"

using prox::config::Config;
using prox::config::Diagnostics;
using prox::config::Purpose;
using prox::master::Address;
using prox::master::resolve_addresses;

namespace {

Config config_of(const std::vector<std::string>& listens) {
  Config config;
  for (const std::string& listen : listens) {
    prox::config::Service service;
    service.name.value = "s" + std::to_string(config.services.size());
    service.listen.value = listen;
    config.services.push_back(service);
  }
  return config;
}

std::vector<Address> resolve(const std::vector<std::string>& listens) {
  Diagnostics diagnostics;
  auto addresses = resolve_addresses(config_of(listens), Purpose::Serve, diagnostics);
  for (const auto& problem : diagnostics.all()) UNSCOPED_INFO(problem.message);
  CHECK(diagnostics.all().empty());
  return addresses;
}

}  // namespace

TEST_CASE("each form of a listen address has one canonical key") {
  const auto [listen, key] = GENERATE(table<std::string, std::string>({
      {":8080", "[::]:8080 dual"},
      {"*:8080", "[::]:8080 dual"},
      {"0.0.0.0:8080", "0.0.0.0:8080"},
      {"127.0.0.1:8080", "127.0.0.1:8080"},
      {"[::1]:8080", "[::1]:8080"},
      {"[0:0::1]:8080", "[::1]:8080"},
      {"[::]:443", "[::]:443"},
      {":https", "[::]:443 dual"},
  }));
  CAPTURE(listen);
  const auto addresses = resolve({listen});
  REQUIRE(addresses.size() == 1);
  CHECK(addresses[0].key == key);
  CHECK(addresses[0].written == listen);
  CHECK(addresses[0].service == 0);
}

TEST_CASE("services that each let the kernel pick a port have different keys") {
  const auto addresses = resolve({"127.0.0.1:0", "127.0.0.1:0"});
  REQUIRE(addresses.size() == 2);
  CHECK(addresses[0].key != addresses[1].key);
  CHECK(addresses[1].service == 1);
}

TEST_CASE("a name stands for every address it has here, each once") {
  const auto addresses = resolve({"localhost:8080"});
  REQUIRE_FALSE(addresses.empty());
  const auto has = [&](const std::string& key) {
    return std::count_if(addresses.begin(), addresses.end(),
                         [&](const Address& a) { return a.key == key; });
  };
  CHECK(has("127.0.0.1:8080") == 1);
  CHECK(has("[::1]:8080") <= 1);
}

TEST_CASE("two texts that mean one address are refused, with a note at the first") {
  Diagnostics diagnostics;
  resolve_addresses(config_of({"127.0.0.1:8080", "localhost:8080"}), Purpose::Serve, diagnostics);
  REQUIRE(diagnostics.errors() == 1);
  CHECK(diagnostics.all()[0].message ==
        "service \"s1\" listens on 127.0.0.1:8080, which service \"s0\" already uses");
  CHECK(diagnostics.all()[0].notes.size() == 1);
}

TEST_CASE("what this system does not know is an error to serve and a warning to validate") {
  const auto listen = GENERATE("127.0.0.1:no-such-port", "no-such-host.invalid:80");
  CAPTURE(listen);
  Diagnostics serving;
  CHECK(resolve_addresses(config_of({listen}), Purpose::Serve, serving).empty());
  CHECK(serving.errors() == 1);
  Diagnostics validating;
  resolve_addresses(config_of({listen}), Purpose::Validate, validating);
  CHECK(validating.errors() == 0);
  CHECK(validating.warnings() == 1);
}
