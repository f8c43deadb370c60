#include "prox/actions/static.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exchange/world.h"
#include "prox/exchange/pipeline.h"

using prox::actions::StaticAction;
using prox::http::BodyFraming;
using Kind = BodyFraming::Kind;
using Set = std::vector<std::pair<std::string, std::string>>;

namespace {

StaticAction::Answer answer(int status, std::string_view body,
                            const std::string& type = "text/plain", const Set& set = {}) {
  StaticAction::Answer made;
  made.status = status;
  if (!type.empty()) made.headers.emplace_back("Content-Type", prox::routing::Template(type, {}));
  made.body = prox::routing::Template(body, set);
  made.escape = prox::routing::escape_for(type);
  return made;
}

// What a client gets from a service whose one route, on that domain and path, answers so.
struct Got {
  Got(StaticAction::Answer with, const std::string& head, const std::string& domain = "",
      const std::string& paths = "") {
    std::vector<prox::routing::RouteMatch> matches(1);
    if (!domain.empty()) matches[0].domain.emplace(domain);
    if (!paths.empty()) matches[0].paths = prox::routing::parse_paths(paths);
    service.router = prox::routing::Router(std::move(matches));
    service.routes.push_back({"web:0", std::make_unique<StaticAction>(std::move(with))});
    x.context = &world.context;
    x.service = &service;
    x.sink = &sink;
    x.client_ip = "192.0.2.1";
    prox::test::read_request(x, head);
    prox::exchange::advance(x);
  }
  prox::test::World world;
  prox::exchange::Service service;
  prox::test::RecordingSink sink;
  prox::exchange::Exchange x;
};

const std::string kGet = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";

std::string rendered(const std::string& text, const std::string& head,
                     const std::string& domain = "", const std::string& paths = "",
                     const std::string& type = "text/plain", const Set& set = {}) {
  return Got(answer(200, text, type, set), head, domain, paths).sink.body;
}

}  // namespace

TEST_CASE("a static answer is its status, its headers and its body, at once") {
  StaticAction::Answer teapot = answer(418, "short and stout");
  teapot.headers.emplace_back("X-Handle", prox::routing::Template("here", {}));
  const Got got(teapot, kGet);
  CHECK(got.sink.head == "418 Unknown\nContent-Type: text/plain\nX-Handle: here\n");
  CHECK(got.sink.framing == BodyFraming{Kind::Length, 15});
  CHECK(got.sink.body == "short and stout");
  CHECK(got.sink.ended);
  CHECK(got.sink.flushes > 0);
  CHECK(got.x.head_sent);
}

TEST_CASE("an answer without a body says that its length is 0") {
  const Got got(answer(200, "", ""), kGet);
  CHECK(got.sink.framing == BodyFraming{Kind::Length, 0});
  CHECK(got.sink.head == "200 OK\n");
}

TEST_CASE("204 and 304 have no body and no length") {
  for (const int status : {204, 304}) {
    const Got got(answer(status, "", ""), kGet);
    CHECK(got.sink.status == status);
    CHECK(got.sink.framing.kind == Kind::None);
    CHECK(got.sink.ended);
  }
}

TEST_CASE("205 has a length, which is 0 (RFC 9110 §15.3.6)") {
  const Got got(answer(205, "not sent"), kGet);
  CHECK(got.sink.framing == BodyFraming{Kind::Length, 0});
  CHECK(got.sink.body.empty());
}

TEST_CASE("a large body is sent whole") {
  const std::string large(300'000, 'b');
  const Got got(answer(200, large), kGet);
  CHECK(got.sink.body == large);
}

TEST_CASE("a body's variables are those of the request") {
  const std::string head =
      "POST /x/%3Cb%3E?q=1 HTTP/1.1\r\nHost: CDN.Storage.example.com:8443\r\n\r\n";
  struct Case {
    const char* text;
    const char* body;
  };
  for (const auto& [text, body] : {
           Case{"{domain}", "CDN.Storage.example.com"},
           Case{"{host}", "CDN.Storage.example.com:8443"},
           Case{"{domain.pattern}", "*.storage.**"},
           Case{"{match.domain}", "cdn"},
           Case{"{match.glob}", "example.com"},
           Case{"{path}", "/x/<b>"},
           Case{"{match.path}", "/x/*"},
           Case{"{method}", "POST"},
           Case{"{uri}", "/x/%3Cb%3E?q=1"},
           Case{"{client}", "192.0.2.1"},
           Case{"{unknown} {", "{unknown} {"},
           Case{"[{method}] {method}", "[POST] POST"},
       }) {
    CAPTURE(text);
    CHECK(rendered(text, head, "*.storage.**", "/y, /x/*") == body);
  }
}

TEST_CASE("what a route does not ask for is empty in its body") {
  CHECK(rendered("[{match.domain}{match.glob}{domain.pattern}{match.path}]", kGet) == "[]");
}

TEST_CASE("several stars are joined by dots") {
  CHECK(rendered("{match.domain}", "GET / HTTP/1.1\r\nHost: A.b.test\r\n\r\n", "*.*.test") ==
        "a.b");
}

TEST_CASE("inserted text is escaped for the body's type, and never expanded again") {
  const std::string head = "GET /%3Cscript%3E%7Bhost%7D HTTP/1.1\r\nHost: a.test\r\n\r\n";
  CHECK(rendered("{path}", head, "", "", "text/html; charset=utf-8") == "/&lt;script&gt;{host}");
  CHECK(rendered("{\"p\":\"{path}\"}", "GET /%22 HTTP/1.1\r\nHost: a.test\r\n\r\n", "", "",
                 "application/json") == "{\"p\":\"/\\\"\"}");
  CHECK(rendered("{env}", kGet, "", "", "text/plain", {{"env", "prod"}}) == "prod");
}

TEST_CASE("the length told is that of the rendered body") {
  const Got got(answer(200, "{host}{host}"), kGet);
  CHECK(got.sink.framing == BodyFraming{Kind::Length, 12});
}
