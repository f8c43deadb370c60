#include "prox/routing/condition.h"

#include <string>
#include <string_view>
#include <vector>

#include "catch.h"

namespace {

using prox::config::FieldCondition;
using prox::config::parse_network;
using prox::http::FieldId;
using prox::http::RequestHead;
using prox::routing::FieldPattern;
using prox::routing::is_in;

FieldPattern pattern(std::string_view name, std::string_view value) {
  return FieldPattern(FieldCondition{{std::string(name), {}}, {}, {std::string(value), {}}});
}

FieldPattern presence(std::string_view name, bool present) {
  return FieldPattern(FieldCondition{{std::string(name), {}}, present, {}});
}

}  // namespace

TEST_CASE("a value fits a pattern with stars at its ends") {
  struct Case {
    std::string_view pattern, value;
    bool fits;
  };
  const Case cases[] = {
      {"beta", "beta", true},    {"beta", "Beta", false},
      {"beta", "betas", false},  {"beta*", "beta", true},
      {"beta*", "beta-1", true}, {"beta*", "a-beta", false},
      {"*beta", "a-beta", true}, {"*beta", "beta-1", false},
      {"*beta", "eta", false},   {"*b*", "abc", true},
      {"*b*", "ac", false},      {"*abc*", "ab", false},
      {"*", "", true},           {"*", "x", true},
      {"**", "x", true},         {"", "", true},
      {"", "x", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.pattern, c.value);
    CHECK(pattern("x", c.pattern).fits(c.value) == c.fits);
  }
}

TEST_CASE("a condition on a field holds if any field of that name fits") {
  RequestHead head;
  head.host = "a.test:8080";
  head.fields.add("X-Env", "prod", FieldId::Other);
  head.fields.add("x-env", "beta1", FieldId::Other);
  head.fields.add("X-Empty", "", FieldId::Other);
  CHECK(pattern("X-ENV", "beta*").holds_for_headers(head));
  CHECK(pattern("X-Env", "prod").holds_for_headers(head));
  CHECK_FALSE(pattern("X-Env", "dev").holds_for_headers(head));
  CHECK_FALSE(pattern("X-En", "*").holds_for_headers(head));
  CHECK(pattern("X-Empty", "").holds_for_headers(head));
  CHECK(presence("X-Empty", true).holds_for_headers(head));
  CHECK_FALSE(presence("X-Empty", false).holds_for_headers(head));
  CHECK(presence("X-None", false).holds_for_headers(head));
  CHECK_FALSE(presence("X-None", true).holds_for_headers(head));
}

TEST_CASE("a negated pattern holds if no field fits, and if there is none") {
  RequestHead head;
  head.fields.add("X-Env", "prod", FieldId::Other);
  head.fields.add("X-Env", "beta1", FieldId::Other);
  CHECK_FALSE(pattern("X-Env", "!beta*").holds_for_headers(head));
  CHECK(pattern("X-Env", "!dev").holds_for_headers(head));
  CHECK(pattern("X-None", "!dev").holds_for_headers(head));
  CHECK(pattern("X-None", "!*").holds_for_headers(head));
}

TEST_CASE("a Host condition looks at the host that the request names, wherever") {
  RequestHead head;
  head.host = "a.test:8080";
  CHECK(pattern("host", "*:8080").holds_for_headers(head));
  head.fields.add("Host", "ignored.test", FieldId::Host);
  CHECK_FALSE(pattern("host", "ignored.test").holds_for_headers(head));
  CHECK(presence("Host", true).holds_for_headers(head));
  head.host = {};
  CHECK(presence("Host", false).holds_for_headers(head));
}

TEST_CASE("a condition on the query looks at decoded parameters") {
  CHECK(pattern("debug", "1").holds_for_query("a=b&debug=1"));
  CHECK(pattern("debug", "1").holds_for_query("debug=0&debug=%31"));
  CHECK(pattern("a b", "*c d*").holds_for_query("a+b=x%63%20dx"));
  CHECK(pattern("q", "*d").holds_for_query("q=%61%62%64"));
  CHECK_FALSE(pattern("q", "abcd*").holds_for_query("q=%61%62"));
  CHECK_FALSE(pattern("debug", "1").holds_for_query("Debug=1"));
  CHECK_FALSE(pattern("debug", "1").holds_for_query(""));
  CHECK(pattern("debug", "!1").holds_for_query(""));
  CHECK_FALSE(pattern("debug", "!1").holds_for_query("debug=2&debug=1"));
  CHECK(presence("debug", true).holds_for_query("debug"));
  CHECK(presence("debug", false).holds_for_query("debugger=1"));
}

TEST_CASE("a client is in a network by its address") {
  prox::config::Networks networks;
  for (const std::string_view text : {"10.0.0.0/8", "2001:db8::/32", "192.168.1.7"})
    networks.push_back(*parse_network(text));
  CHECK(is_in(networks, "10.255.0.1"));
  CHECK(is_in(networks, "::ffff:10.0.0.1"));
  CHECK(is_in(networks, "2001:db8:1::1"));
  CHECK(is_in(networks, "192.168.1.7"));
  CHECK_FALSE(is_in(networks, "192.168.1.8"));
  CHECK_FALSE(is_in(networks, "11.0.0.1"));
  CHECK_FALSE(is_in(networks, "::10.0.0.1"));
  CHECK_FALSE(is_in(networks, ""));
  CHECK_FALSE(is_in(networks, "unix:"));
}
