#include "prox/routing/template.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.h"

namespace {

using prox::routing::Escape;
using prox::routing::escape_for;
using prox::routing::Template;
using prox::routing::Variable;
using prox::routing::VariableSource;

using Set = std::vector<std::pair<std::string, std::string>>;

// The request of the vectors: GET /x/%3Cb%3E%20?q=1, Host CDN.storage.example.com:8443, on "*.storage.**" and "/x/*".
class Request final : public VariableSource {
 public:
  std::string_view path = "/x/<b> ";

  std::string_view value(Variable variable, std::string_view name) const override {
    switch (variable) {
      case Variable::Domain: return "CDN.storage.example.com";
      case Variable::DomainPattern: return "*.storage.**";
      case Variable::MatchDomain: return "cdn";
      case Variable::MatchGlob: return "example.com";
      case Variable::Path: return path;
      case Variable::MatchPath: return "/x/*";
      case Variable::Method: return "GET";
      case Variable::Host: return "CDN.storage.example.com:8443";
      case Variable::Uri: return "/x/%3Cb%3E%20?q=1";
      case Variable::Client: return "192.0.2.1";
      case Variable::Target: return "10.0.0.1";
      case Variable::Sni: return "cdn.storage.example.com";
      case Variable::TlsClientSubject: return "CN=client";
      case Variable::TlsClientFingerprint: return "0a1b";
      case Variable::Header: return name == "X-Env" ? "<beta>" : "";
      case Variable::Cookie: return name == "id" ? "7" : "";
    }
    return "no such variable";
  }
};

const Set kSet = {{"port", "8080"}, {"a", "{target}"}};

std::string render(std::string_view text, std::string_view content_type,
                   const Request& request = {}, const Set& set = kSet) {
  std::string out;
  Template(text, set).render(request, escape_for(content_type), out);
  return out;
}

std::string render_path(std::string_view path, std::string_view content_type) {
  Request request;
  request.path = path;
  return render("{path}", content_type, request);
}

}  // namespace

TEST_CASE("templates render every variable") {
  const std::string_view plain = "text/plain";
  CHECK(render("{domain}", plain) == "CDN.storage.example.com");
  CHECK(render("{host}", plain) == "CDN.storage.example.com:8443");
  CHECK(render("{domain.pattern}", plain) == "*.storage.**");
  CHECK(render("{match.domain}/{match.glob}", plain) == "cdn/example.com");
  CHECK(render("{path}", plain) == "/x/<b> ");
  CHECK(render("{path}", "text/html") == "/x/&lt;b&gt; ");
  CHECK(render(R"({"p":"{path}"})", "application/json") == R"({"p":"/x/<b> "})");
  CHECK(render("{match.path} {method}", plain) == "/x/* GET");
  CHECK(render("{port}{nope}{", plain) == "8080{nope}{");
  CHECK(render("{uri} {client}", plain) == "/x/%3Cb%3E%20?q=1 192.0.2.1");
  CHECK(render("http://{target}:{port}", plain) == "http://10.0.0.1:8080");
  CHECK(render("{sni} {tls.client.subject} {tls.client.fingerprint}", plain) ==
        "cdn.storage.example.com CN=client 0a1b");
}

TEST_CASE("inserted text is not looked at again") {
  CHECK(render("{a}", "text/plain") == "{target}");
  CHECK(render_path("/x/{host}", "text/plain") == "/x/{host}");
  Request request;
  request.path = "{";
  CHECK(render("{path}host}", "text/plain", request) == "{host}");
}

TEST_CASE("what names no variable stays as text") {
  const auto same = [](std::string_view text) { return render(text, "text/html") == text; };
  CHECK(same(""));
  CHECK(same("body { color: red } /* {} */"));
  CHECK(same("{ path }"));
  CHECK(same("{PATH}"));
  CHECK(same("{path"));
  CHECK(same("path}"));
  CHECK(same("{{{{"));
  CHECK(same("<b>\"&'\r\n</b>"));
  CHECK(render("{{path}}", "text/plain") == "{/x/<b> }");
  CHECK(render("{nope}{method}{nope}", "text/plain") == "{nope}GET{nope}");
}

TEST_CASE("a route's own names come before the built-in ones") {
  CHECK(render("{path}", "text/plain", {}, {{"path", "mine"}}) == "mine");
}

TEST_CASE("a text without variables is constant") {
  const Template constant("a {b} c", {});
  CHECK(constant.is_constant());
  CHECK(constant.constant() == "a {b} c");
  CHECK_FALSE(Template("a {path} c", {}).is_constant());
  CHECK(Template().is_constant());
  CHECK(Template().constant().empty());
}

TEST_CASE("render appends") {
  std::string out = "before ";
  Template("{method}", {}).render(Request{}, Escape::Raw, out);
  CHECK(out == "before GET");
}

TEST_CASE("values are made safe for HTML") {
  CHECK(render_path("<a href=\"'x'\">&amp;", "text/html") ==
        "&lt;a href=&quot;&#39;x&#39;&quot;&gt;&amp;amp;");
  CHECK(render("<i>{v}</i>", "text/html", {}, {{"v", "<b>"}}) == "<i>&lt;b&gt;</i>");
}

TEST_CASE("values are made safe for JSON strings") {
  CHECK(render_path("a\"b\\c/d", "application/json") == R"(a\"b\\c/d)");
  CHECK(render_path("\n\r\t\b\x01\x1f\x7f", "application/json") ==
        "\\n\\r\\t\\u0008\\u0001\\u001f\x7f");
  CHECK(render_path("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "application/json") ==
        "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}

TEST_CASE("bytes that are not UTF-8 cannot spoil a JSON document") {
  const std::string_view broken[] = {
      "\xff",  // never a lead byte
      "\x80",  // no lead byte
      "\xc0",  // overlong
      "\xc3",  // cut short
      "\xf5",  // above U+10FFFF
  };
  for (const std::string_view bytes : broken) {
    CHECK(render_path(std::string(bytes) + "x", "application/json") == "\\ufffdx");
  }
  CHECK(render_path("\xe0\x80\x80", "application/json") == "\\ufffd\\ufffd\\ufffd");
  CHECK(render_path("\xed\xa0\x80", "application/json") == "\\ufffd\\ufffd\\ufffd");
  CHECK(render_path("\xf4\x90\x80\x80", "application/json") == "\\ufffd\\ufffd\\ufffd\\ufffd");
  CHECK(render_path("\xe2\x82", "application/json") == "\\ufffd\\ufffd");
}

TEST_CASE("raw values lose CR and LF") {
  CHECK(render_path("/a\r\nSet-Cookie: x\n", "text/plain") == "/aSet-Cookie: x");
  CHECK(render_path("<\"&'", "text/css") == "<\"&'");
}

TEST_CASE("the content type picks the escaping") {
  struct Case {
    std::string_view content_type;
    Escape escape;
  };
  const Case cases[] = {
      {"text/html", Escape::Html},
      {"Text/HTML; charset=utf-8", Escape::Html},
      {"text/html ;charset=utf-8", Escape::Html},
      {"application/xhtml+xml", Escape::Html},
      {"application/xml", Escape::Html},
      {"text/xml", Escape::Html},
      {"image/svg+xml", Escape::Html},
      {"application/json", Escape::Json},
      {"application/json;charset=utf-8", Escape::Json},
      {"application/problem+json", Escape::Json},
      {"text/plain", Escape::Raw},
      {"text/plain; x=text/html", Escape::Raw},
      {"application/javascript", Escape::Raw},
      {"text/json", Escape::Raw},
      {" ", Escape::Raw},
      {"", Escape::Raw},
  };
  for (const Case& c : cases) {
    CAPTURE(c.content_type);
    CHECK(escape_for(c.content_type) == c.escape);
  }
}

TEST_CASE("text is made safe for a field and for a URI") {
  const auto escaped = [](std::string_view text, prox::routing::Escape how) {
    std::string out;
    prox::routing::append(out, text, how);
    return out;
  };
  using prox::routing::Escape;
  CHECK(escaped("a\tb\r\nc\x01\x7f \xc3\xa9", Escape::Field) == "a\tbc \xc3\xa9");
  CHECK(escaped("/a%20b?c=d#e", Escape::Uri) == "/a%20b?c=d#e");
  CHECK(escaped("/a b\r\n\"<>\\^`{|}\x7f\xc3\xa9", Escape::Uri) ==
        "/a%20b%0D%0A%22%3C%3E%5C%5E%60%7B%7C%7D%7F%C3%A9");
  CHECK(escaped("/100%?#", Escape::UriPath) == "/100%25%3F%23");
}

TEST_CASE("a name behind header. or cookie. is handed on as it is written") {
  CHECK(render("{header.X-Env} {cookie.id} {header.None}{cookie.x}.", "text/html") ==
        "&lt;beta&gt; 7 .");
  CHECK(render("{header.} {cookie.} {header.a b} {headers.x}", "") ==
        "{header.} {cookie.} {header.a b} {headers.x}");
  CHECK(render("{header.X-Env}", "", {}, {{"header.X-Env", "mine"}}) == "mine");
}
