#include "prox/config/listen_address.h"

#include <string>

#include "catch.h"

namespace {

using prox::config::ListenAddress;
using prox::config::overlap;
using prox::config::parse_listen;
using Kind = ListenAddress::Kind;

TEST_CASE("every form of a listen address is taken apart") {
  struct Row {
    const char* text;
    Kind kind;
    const char* host;
    const char* port;
  };
  const Row rows[] = {
      {":8080", Kind::Any, "", "8080"},
      {"*:8080", Kind::Any, "", "8080"},
      {"0.0.0.0:80", Kind::Ipv4, "0.0.0.0", "80"},
      {"127.0.0.1:0", Kind::Ipv4, "127.0.0.1", "0"},
      {"127.0.0.1:65535", Kind::Ipv4, "127.0.0.1", "65535"},
      {"127.0.0.1:0080", Kind::Ipv4, "127.0.0.1", "80"},
      {"127.0.0.1:000", Kind::Ipv4, "127.0.0.1", "0"},
      {"[::1]:80", Kind::Ipv6, "::1", "80"},
      {"[::]:443", Kind::Ipv6, "::", "443"},
      {"localhost:8080", Kind::Name, "localhost", "8080"},
      {"web-1.internal.example:80", Kind::Name, "web-1.internal.example", "80"},
      {":http", Kind::Any, "", "http"},
      {":https", Kind::Any, "", "https"},
      {":http-alt", Kind::Any, "", "http-alt"},
      {"unix:/run/p.sock", Kind::Unix, "/run/p.sock", ""},
      {"unix:///run/p.sock", Kind::Unix, "/run/p.sock", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto address = parse_listen(row.text);
    REQUIRE(address);
    CHECK(address->kind == row.kind);
    CHECK(address->host == row.host);
    CHECK(address->port == row.port);
  }
}

TEST_CASE("what is no listen address is refused with a reason and a way out") {
  struct Row {
    std::string text;
    const char* why;
    const char* help;
  };
  const Row rows[] = {
      {"8080", "the port needs a colon before it", "write \":8080\""},
      {"localhost", "the port is missing", "write \"localhost:8080\""},
      {"127.0.0.1", "the port is missing", "write \"127.0.0.1:8080\""},
      {"localhost:", "the port is missing", "write \":8080\""},
      {":", "the port is missing", "write \":8080\""},
      {"[::1]", "the port is missing", "write \"[::1]:8080\""},
      {"::1:80", "an IPv6 address needs brackets", "write \"[::1]:80\""},
      {"::1", "an IPv6 address needs brackets", "write \"[::1]:8080\""},
      {"fe80::1:2:8080", "an IPv6 address needs brackets", "write \"[fe80::1:2]:8080\""},
      {":99999", "port 99999 is above 65535", ""},
      {":65536", "port 65536 is above 65535", ""},
      {":99999999999999999999999", "port 99999999999999999999999 is above 65535", ""},
      {":80a", "\"80a\" is not a port", ""},
      {":-1", "\"-1\" is not a port", ""},
      {":80 ", "\"80 \" is not a port", ""},
      {"a b:80", "a host may not contain \" \"", "write \":8080\""},
      {"http://localhost:80", "a host may not contain \":\"", "write \":8080\""},
      {"b\u00fccher.example:80", "a host may not contain \"\u00fc\"", "write \":8080\""},
      {"a..b:80", "the host has an empty label", "write \":8080\""},
      {"256.1.1.1:80", "256.1.1.1 is not an IPv4 address", "write \":8080\""},
      {"1.2.3:80", "1.2.3 is not an IPv4 address", "write \":8080\""},
      {"[::1:80", "the closing bracket is missing", ""},
      {"[127.0.0.1]:80", "\"127.0.0.1\" is not an IPv6 address", ""},
      {"[]:80", "\"\" is not an IPv6 address", ""},
      {"[::1]80", "a colon must follow the bracket", ""},
      {"[::1]:", "the port is missing", "write \":8080\""},
      {"unix:", "the socket path is missing", "write \"unix:/run/prox.sock\""},
      {"unix:prox.sock", "the socket path must begin with \"/\"", "write \"unix:/run/prox.sock\""},
      {"unix://prox.sock", "the socket path must begin with \"/\"",
       "write \"unix:/run/prox.sock\""},
      {"unix:/" + std::string(107, 'x'), "the socket path is longer than 107 bytes",
       "write \"unix:/run/prox.sock\""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto address = parse_listen(row.text);
    REQUIRE_FALSE(address);
    CHECK(address.error().why == row.why);
    CHECK(address.error().help == row.help);
  }
}

TEST_CASE("addresses overlap exactly if both cannot be had") {
  struct Row {
    const char* a;
    const char* b;
    bool overlaps;
  };
  const Row rows[] = {
      {":80", ":80", true},
      {":80", "*:80", true},
      {":80", ":81", false},
      {":80", "127.0.0.1:80", true},
      {":80", "[::1]:80", true},
      {":80", "0.0.0.0:80", true},
      {":80", "[::]:80", true},
      {":80", "example.test:80", true},
      {":0", ":0", false},
      {"127.0.0.1:0", "127.0.0.1:0", false},
      {"0.0.0.0:80", "[::]:80", false},
      {"0.0.0.0:80", "127.0.0.1:80", true},
      {"127.0.0.1:80", "127.0.0.2:80", false},
      {"127.0.0.1:80", "[::1]:80", false},
      {"[::]:80", "[::1]:80", true},
      {"[::1]:80", "[0:0::0:1]:80", true},
      {"[::1]:80", "[::2]:80", false},
      {"a.test:80", "A.test:80", true},
      {"a.test:80", "b.test:80", false},
      {"localhost:80", "127.0.0.1:80", true},
      {"localhost:80", "[::1]:80", true},
      {"localhost:80", "0.0.0.0:80", true},
      {"localhost:80", "127.0.0.2:80", false},
      {"unix:/a", "unix:///a", true},
      {"unix:/a", "unix:/b", false},
      {"unix:/a", ":80", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.a, row.b);
    CHECK(overlap(*parse_listen(row.a), *parse_listen(row.b)) == row.overlaps);
    CHECK(overlap(*parse_listen(row.b), *parse_listen(row.a)) == row.overlaps);
  }
}

}  // namespace
