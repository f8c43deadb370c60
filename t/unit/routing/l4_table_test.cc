#include "prox/routing/l4_table.h"

#include <optional>
#include <string>
#include <vector>

#include "catch.h"
#include "prox/net/socket.h"

using namespace prox;
using routing::L4Hit;
using routing::L4Key;
using routing::L4Table;
using routing::L4Verdict;

namespace {

config::Route route(std::optional<std::string> domain, std::string action) {
  config::Route made;
  made.match.emplace();
  if (domain) made.match->domain = config::Text{*domain, {}};
  made.action = {std::move(action), {}};
  return made;
}

config::Texts texts(const std::vector<std::string>& values) {
  config::Texts made;
  for (const std::string& value : values) made.push_back({value, {}});
  return made;
}

// Actions named after their types.
config::Config config_with(std::vector<config::Route> routes) {
  config::Config made;
  const auto add = [&](const char* name, auto options) {
    config::Action action;
    action.name = {name, {}};
    action.options = options;
    made.actions.push_back(std::move(action));
  };
  add("pass", config::PassAction{});
  add("drop", config::DropAction{});
  add("static", config::StaticAction{});
  made.services.emplace_back();
  made.services.front().routes = std::move(routes);
  return made;
}

std::optional<L4Table> table_of(std::vector<config::Route> routes) {
  const config::Config config = config_with(std::move(routes));
  return routing::compile_l4(config, config.services.front());
}

L4Key key_of(std::string_view name, std::span<const std::string_view> protocols = {},
             std::string_view client = "192.0.2.1") {
  return {name, protocols, net::SocketAddress::from_literal(client, 1)->ip_bytes()};
}

// "1 pass", or "-".
std::string decide(const L4Table& table, const L4Key& key) {
  const std::optional<L4Hit> hit = table.find(key);
  if (!hit) return "-";
  constexpr std::string_view kWords[] = {"serve", "pass", "drop"};
  return std::to_string(hit->route) + " " +
         std::string(kWords[static_cast<std::size_t>(hit->verdict)]);
}

}  // namespace

TEST_CASE("a service without a pass route has no table") {
  CHECK_FALSE(table_of({}));
  CHECK_FALSE(table_of({route("a.test", "drop"), route("*.test", "static")}));
  CHECK(table_of({route("a.test", "drop"), route("*.test", "pass")}));
}

TEST_CASE("the first route whose domain holds decides") {
  const auto table = table_of({route("*.cdn.test", "pass"), route("bad.test", "drop"),
                               route("*.test", "static"), route("a.test", "pass")});
  REQUIRE(table);
  CHECK(decide(*table, key_of("x.cdn.test")) == "0 pass");
  CHECK(decide(*table, key_of("X.CDN.test.")) == "0 pass");
  CHECK(decide(*table, key_of("bad.test")) == "1 drop");
  CHECK(decide(*table, key_of("a.test")) == "2 serve");
  CHECK(decide(*table, key_of("other.org")) == "-");
  CHECK(decide(*table, key_of("")) == "-");
  CHECK(decide(*table, key_of("[::1]")) == "-");
}

TEST_CASE("routes that say nothing about a ClientHello take no part") {
  config::Route by_path = route(std::nullopt, "static");
  by_path.match->path = config::Text{"/*", {}};
  config::Route everything;
  everything.action = {"static", {}};
  config::Route forward = route("*.**", "static");
  forward.match->forward_proxy = true;
  const auto table = table_of({by_path, everything, forward, route("a.test", "pass")});
  REQUIRE(table);
  CHECK(decide(*table, key_of("a.test")) == "3 pass");
  CHECK(decide(*table, key_of("b.test")) == "-");
}

TEST_CASE("a route for HTTP takes the connection whatever else it asks of requests") {
  config::Route with_path = route("a.test", "static");
  with_path.match->path = config::Text{"/x", {}};
  const auto table = table_of({with_path, route("a.test", "pass")});
  CHECK(decide(*table, key_of("a.test")) == "0 serve");
}

TEST_CASE("a drop route that asks for more than a domain is one for HTTP") {
  std::vector<config::Route> drops(4, route("a.test", "drop"));
  drops[0].match->path = config::Text{"/x", {}};
  drops[1].match->methods = texts({"GET"});
  drops[2].match->headers.emplace_back();
  drops[3].match->query.emplace_back();
  for (const config::Route& drop : drops)
    CHECK(decide(*table_of({drop, route("b.test", "pass")}), key_of("a.test")) == "0 serve");
}

TEST_CASE("client and alpn are looked at before the next route is") {
  config::Route inside = route("a.test", "pass");
  inside.match->client = {*config::parse_network("10.0.0.0/8"),
                          *config::parse_network("2001:db8::/32")};
  config::Route acme = route("a.test", "pass");
  acme.match->alpn = texts({"acme-tls/1", "x"});
  config::Route any_name = route(std::nullopt, "pass");
  any_name.match->alpn = texts({"y"});
  const auto table =
      table_of({inside, acme, route("b.test", "drop"), any_name, route("*.test", "static")});
  REQUIRE(table);
  const std::vector<std::string_view> h2 = {"h2"}, both = {"h2", "acme-tls/1"}, y = {"y"};
  CHECK(decide(*table, key_of("a.test", h2, "10.1.2.3")) == "0 pass");
  CHECK(decide(*table, key_of("a.test", h2, "2001:db8::5")) == "0 pass");
  CHECK(decide(*table, key_of("a.test", h2)) == "4 serve");
  CHECK(decide(*table, key_of("a.test", both)) == "1 pass");
  CHECK(decide(*table, key_of("a.test", y)) == "3 pass");
  CHECK(decide(*table, key_of("b.test", y)) == "2 drop");
  CHECK(decide(*table, key_of("other.org", y)) == "3 pass");
  CHECK(decide(*table, key_of("", y)) == "3 pass");
  CHECK(decide(*table, key_of("other.org", h2)) == "-");
}

TEST_CASE("alpn has no effect on routes other than pass") {
  config::Route drop = route("a.test", "drop");
  drop.match->alpn = texts({"h2"});
  CHECK(decide(*table_of({drop, route("b.test", "pass")}), key_of("a.test")) == "0 drop");
}
