#include "cli/request.h"

#include "catch.h"

using prox::cli::parse_url;
using prox::cli::Question;
using prox::cli::Url;
using prox::cli::write_head;

namespace {

Url url(std::string_view text) {
  const auto parsed = parse_url(text);
  REQUIRE(parsed);
  return *parsed;
}

std::string head(const Question& question) {
  const auto written = write_head(question, url(question.url));
  REQUIRE(written);
  return *written;
}

}  // namespace

TEST_CASE("a URL is taken apart") {
  struct Case {
    std::string_view text, scheme, authority;
    int port;
    bool has_port;
    std::string_view rest;
  };
  const Case cases[] = {
      {"http://example.com/a?b#c", "http", "example.com", 80, false, "/a?b"},
      {"https://example.com", "https", "example.com", 443, false, "/"},
      {"https://example.com:8443?x", "https", "example.com:8443", 8443, true, "/?x"},
      {"wss://h:/", "wss", "h:", 443, false, "/"},
      {"example.com:8080/x", "http", "example.com:8080", 8080, true, "/x"},
      {"http://[::1]:81/", "http", "[::1]:81", 81, true, "/"},
      {"ws://[::1]/../x", "ws", "[::1]", 80, false, "/../x"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const Url parsed = url(c.text);
    CHECK(parsed.scheme == c.scheme);
    CHECK(parsed.authority == c.authority);
    CHECK(parsed.port == c.port);
    CHECK(parsed.has_port == c.has_port);
    CHECK(parsed.rest == c.rest);
  }
}

TEST_CASE("the head is what a client would send") {
  Question question;
  question.url = "http://a.b/x?y";
  CHECK(head(question) == "GET /x?y HTTP/1.1\r\nHost: a.b\r\n\r\n");
  question.proxy = true;
  CHECK(head(question) == "GET http://a.b/x?y HTTP/1.1\r\nHost: a.b\r\n\r\n");
  question.method = "CONNECT";
  CHECK(head(question) == "CONNECT a.b:80 HTTP/1.1\r\nHost: a.b\r\n\r\n");
  question.method = "OPTIONS";
  question.target = "*";
  question.headers = {"X: 1", "host: c.d"};
  CHECK(head(question) == "OPTIONS * HTTP/1.1\r\nX: 1\r\nhost: c.d\r\n\r\n");
}
