#include "prox/config/upstream_address.h"

#include <string>

#include "catch.h"

namespace {

using prox::config::parse_upstream;

TEST_CASE("every form of an upstream address is taken apart") {
  struct Row {
    const char* text;
    bool tls;
    const char* host;
    int port;
    const char* authority;
    const char* base_path;
    const char* base_query;
  };
  const Row rows[] = {
      {"127.0.0.1:9000", false, "127.0.0.1", 9000, "127.0.0.1:9000", "", ""},
      {"app.internal", false, "app.internal", 80, "app.internal", "", ""},
      {"app.internal:80", false, "app.internal", 80, "app.internal", "", ""},
      {"app:443", false, "app", 443, "app:443", "", ""},
      {"my_app:1", false, "my_app", 1, "my_app:1", "", ""},
      {"http://h", false, "h", 80, "h", "", ""},
      {"HTTP://h:8080", false, "h", 8080, "h:8080", "", ""},
      {"ws://h", false, "h", 80, "h", "", ""},
      {"https://h", true, "h", 443, "h", "", ""},
      {"https://h:80", true, "h", 80, "h:80", "", ""},
      {"wss://h:443/x", true, "h", 443, "h", "/x", ""},
      {"http://h/b/", false, "h", 80, "h", "/b", ""},
      {"http://h/b", false, "h", 80, "h", "/b", ""},
      {"http://h/", false, "h", 80, "h", "", ""},
      {"http://h/a/b?x=1&y=2", false, "h", 80, "h", "/a/b", "x=1&y=2"},
      {"http://h?x=1", false, "h", 80, "h", "", "x=1"},
      {"h:1/base?u=http://x", false, "h", 1, "h:1", "/base", "u=http://x"},
      {"[::1]:3000", false, "::1", 3000, "[::1]:3000", "", ""},
      {"http://[::1]", false, "::1", 80, "[::1]", "", ""},
      {"http://[2001:db8::1]:80/a", false, "2001:db8::1", 80, "[2001:db8::1]", "/a", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto address = parse_upstream(row.text);
    REQUIRE(address);
    CHECK(address->tls == row.tls);
    CHECK_FALSE(address->is_unix);
    CHECK(address->host == row.host);
    CHECK(address->port == row.port);
    CHECK(address->authority == row.authority);
    CHECK(address->base_path == row.base_path);
    CHECK(address->base_query == row.base_query);
  }
}

TEST_CASE("a Unix socket is an upstream whose Host is localhost") {
  for (const char* text : {"unix:/run/app.sock", "unix:///run/app.sock"}) {
    CAPTURE(text);
    const auto address = parse_upstream(text);
    REQUIRE(address);
    CHECK(address->is_unix);
    CHECK(address->host == "/run/app.sock");
    CHECK(address->authority == "localhost");
    CHECK(address->base_path.empty());
  }
}

TEST_CASE("what is no upstream address is refused with a reason") {
  struct Row {
    const char* text;
    const char* why;
  };
  const Row rows[] = {
      {"", "it is empty"},
      {"9000", "the host is missing: 127.0.0.1:9000"},
      {":9000", "the host is missing"},
      {"http://", "the host is missing"},
      {"http:///x", "the host is missing"},
      {"h:", "the port is missing"},
      {"h:0", "port 0 cannot be connected to"},
      {"h:65536", "port 65536 is above 65535"},
      {"h:http", "\"http\" is not a port"},
      {"ftp://h", "unknown scheme \"ftp\"; known: http, https, ws, wss, unix"},
      {"://h", "unknown scheme \"\"; known: http, https, ws, wss, unix"},
      {"http://user@h", "it may not have a user name"},
      {"::1:3000", "an IPv6 address needs brackets: [::1]:3000"},
      {"[::1", "the closing bracket is missing"},
      {"[::g]:1", "\"::g\" is not an IPv6 address"},
      {"[::1]x", "a colon must follow the bracket"},
      {"300.0.0.1:80", "300.0.0.1 is not an IPv4 address"},
      {"a b:80", "a host may not contain \" \""},
      {"h{x}:80", "a host may not contain \"{\""},
      {"a..b", "the host has an empty label"},
      {"http://h/a b", "it may not contain white space or control characters"},
      {"http://h/a\r\nX: y", "it may not contain white space or control characters"},
      {"http://h/a#b", "it may not have a fragment"},
      {"http://h#b", "it may not have a fragment"},
      {"http://h/\u00fc", "it may not contain \"\u00fc\""},
      {"unix:", "the socket path is missing"},
      {"unix:app.sock", "the socket path must begin with \"/\""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto address = parse_upstream(row.text);
    REQUIRE_FALSE(address);
    CHECK(address.error() == row.why);
  }
}

}  // namespace
