#include "prox/routing/pattern.h"

#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "prox/routing/router.h"

namespace {

using prox::routing::DomainPattern;
using prox::routing::normalise_host;
using prox::routing::parse_paths;
using prox::routing::PathPattern;

struct DomainCase {
  std::string_view pattern;
  std::string_view host;  // as received
  bool matches;
  std::string_view stars = "";  // joined by "."
  std::string_view glob = "";
};

constexpr DomainCase kDomainCases[] = {
    {"example.com", "example.com", true},
    {"example.com", "example.com:443", true},
    {"example.com", "EXAMPLE.COM", true},
    {"Example.Com", "example.com", true},
    {"example.com", "sub.example.com", false},
    {"example.com", "example.com.", true},
    {"example.com", "example.com.:8080", true},
    {"*.myapp.dev", "sub.myapp.dev", true, "sub"},
    {"*.myapp.dev", "SUB.myapp.dev:443", true, "sub"},
    {"*.myapp.dev", "myapp.dev", false},
    {"*.myapp.dev", "deep.sub.myapp.dev", false},
    {"test.*.myapp.dev", "test.staging.myapp.dev", true, "staging"},
    {"test.*.myapp.dev", "test.a.b.myapp.dev", false},
    {"test.*.myapp.dev", "other.staging.myapp.dev", false},
    {"*.*.myapp.dev", "a.b.myapp.dev", true, "a.b"},
    {"*.*.myapp.dev", "a.myapp.dev", false},
    {"*.*.myapp.dev", "a.b.c.myapp.dev", false},
    {"*.storage.**", "cdn.storage.example.com", true, "cdn", "example.com"},
    {"*.storage.**", "test.storage.a.b.c.dev", true, "test", "a.b.c.dev"},
    {"*.storage.**", "storage.example.com", false},
    {"*.storage.**", "files.storage", false},
    {"*.storage.**", "files.cdn.example.com", false},
    {"*.*.storage.**", "x.y.storage.a.b", true, "x.y", "a.b"},
    {"catchall.**", "catchall", false},
    {"catchall.**", "catchall.a.b.c.d", true, "", "a.b.c.d"},
    {"cdn-*.example.com", "cdn-us.example.com", true, "us"},
    {"cdn-*.example.com", "CDN-Asia-Pacific.example.com", true, "asia-pacific"},
    {"cdn-*.example.com", "cdn.example.com", false},
    {"cdn-*.example.com", "cdn-.example.com", true},
    {"cdn-*.example.com", "web-us.example.com", false},
    {"*-prod.example.com", "api-prod.example.com", true, "api"},
    {"*-prod.example.com", "prod.example.com", false},
    {"app-*-v2.example.com", "app-api-v2.example.com", true, "api"},
    {"app-*-v2.example.com", "app-v2.example.com", false},
    {"cdn-*.**", "cdn-us.a.b", true, "us", "a.b"},
    {"cdn-*.**", "cdn-us", false},
    {"*.**", "a.b", true, "a", "b"},
    {"*.**", "localhost", false},
    {"*.**", "10.0.0.1:80", true, "10", "0.0.1"},
    {"*.**", "[::1]:8080", false},
    {"*.*.*.*", "10.0.0.1", true, "10.0.0.1"},
    {"a*b.example.com", "ab.example.com", true},
    {"aa*a.example.com", "aa.example.com", false},
    {"a.example.com", "a..example.com", false},
    // More of the same.
    {"other.com", "example.com", false},
    {"cdn-*.example.com", "cdn-us.other.com", false},
    {"app-*-v2.example.com", "app--v2.example.com", true},
    {"app-*-v2.example.com", "app-api-v3.example.com", false},
    {"aa*a.example.com", "aaa.example.com", true},
    {"CDN-*.Example.Com", "cdn-us.example.com", true, "us"},
    {"*.**", "", false},
    // No pattern matches an empty label.
    {"*.example.com", ".example.com", false},
    {"*.*.example.com", "a..example.com", false},
    {"a.**", "a.", false},
    {"a.**", "a..b", false},
    {"a.**", "a.b..c", false},
    {"a.**", "a.b.", true, "", "b"},
    {"a.**", "a.b..", false},
    {"*.**", ".", false},
    // An IPv6 literal is one label that nothing matches, even where it holds dots.
    {"*.**", "[::ffff:10.0.0.1]", false},
    {"*.*.*.*", "[::ffff:10.0.0.1]:80", false},
};

std::string join(const std::vector<std::string_view>& parts) {
  std::string joined;
  for (const std::string_view part : parts) {
    if (!joined.empty()) joined += '.';
    joined += part;
  }
  return joined;
}

}  // namespace

TEST_CASE("domain patterns match and capture") {
  for (const DomainCase& c : kDomainCases) {
    CAPTURE(c.pattern, c.host);
    const DomainPattern pattern(c.pattern);
    char buffer[256];
    const std::string_view host = normalise_host(c.host, buffer);
    DomainPattern::Captures captures;
    captures.stars = {"left over"};
    captures.glob = "left over";
    CHECK(pattern.matches(host, &captures) == c.matches);
    CHECK(pattern.matches(host) == c.matches);
    if (c.matches) {
      CHECK(join(captures.stars) == c.stars);
      CHECK(captures.glob == c.glob);
    }
  }
}

TEST_CASE("a domain pattern knows its text and its kind") {
  const DomainPattern exact("Example.Com");
  CHECK(exact.text() == "Example.Com");
  CHECK(exact.lower_case() == "example.com");
  CHECK(exact.is_exact());
  CHECK_FALSE(exact.has_glob());
  const DomainPattern glob("A-*.**");
  CHECK(glob.text() == "A-*.**");
  CHECK_FALSE(glob.is_exact());
  CHECK(glob.has_glob());
  CHECK_FALSE(DomainPattern("a.*").has_glob());
}

TEST_CASE("captures keep their places when a star before them took nothing") {
  const DomainPattern pattern("a*.b*.c*.**");
  DomainPattern::Captures captures;
  REQUIRE(pattern.matches("a.bx.cy.z", &captures));
  CHECK(captures.stars == std::vector<std::string_view>{"x", "y"});
  CHECK(captures.glob == "z");
}

TEST_CASE("path lists match by item") {
  struct Case {
    std::string_view list;
    std::string_view path;  // cleaned
    std::string_view item;  // the first one that matches; "" for none
  };
  const Case cases[] = {
      {"/styles.css", "/styles.css", "/styles.css"},
      {"/styles.css", "/styles.css/", ""},
      {"/styles.css", "/Styles.css", ""},
      {"/api/*", "/api/", "/api/*"},
      {"/api/*", "/api/users/123", "/api/*"},
      {"/api/*", "/api//x", "/api/*"},
      {"/api/*", "/api", ""},
      {"/api/*", "/apix/y", ""},
      {"/api/*", "/other", ""},
      {"/api/*", "/API/x", ""},
      {"/*", "/", "/*"},
      {"/*", "//", "/*"},
      {"/a/*, /b ,/c/*", "/b", "/b"},
      {"/a/*, /b ,/c/*", "/c/x", "/c/*"},
      {"/a/*, /b ,/c/*", "/b/", ""},
      {"/a/*,\t/b\t,/c/*", "/b", "/b"},
      {"/assets/*, /api/* ,/ws", "/assets", ""},
      {"/API/*", "/api/x", ""},
      {"/a b", "/a b", "/a b"},
      {"/a b/*", "/a b/c", "/a b/*"},
      {"/static/*", "/admin", ""},
      {"/*", "", ""},   // CONNECT
      {"/*", "*", ""},  // OPTIONS *
      {"/", "//", ""},
      {"/", "/", "/"},
      {"/a/*", "/a//b", "/a/*"},
      {"/a/*, /a/b", "/a/b", "/a/*"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.list, c.path);
    std::string_view found;
    const std::vector<PathPattern> patterns = parse_paths(c.list);
    for (const PathPattern& pattern : patterns) {
      if (found.empty() && pattern.matches(c.path)) found = pattern.text;
    }
    CHECK(found == c.item);
  }
}

TEST_CASE("a path item is kept as written, without the blanks around it") {
  const std::vector<PathPattern> patterns = parse_paths(" /a/* ,/b c\t");
  REQUIRE(patterns.size() == 2);
  CHECK(patterns[0].text == "/a/*");
  CHECK(patterns[0].prefix == "/a/");
  CHECK(patterns[0].is_prefix);
  CHECK(patterns[1].text == "/b c");
  CHECK(patterns[1].prefix == "/b c");
  CHECK_FALSE(patterns[1].is_prefix);
}
