#include "prox/exchange/response.h"

#include "exchange/world.h"

namespace prox::exchange {

namespace {

ResponseEdit edit(const std::string& name, std::optional<std::string> value) {
  ResponseEdit made{name, http::recognise(name), std::nullopt};
  if (value) made.value = routing::Template(*value, {});
  return made;
}

// An exchange of a service with these edits, its request read, its route not looked for.
struct Edited {
  explicit Edited(std::vector<ResponseEdit> edits) {
    service.response_edits = std::move(edits);
    x.context = &world.context;
    x.service = &service;
    x.sink = &sink;
    x.client_ip = "192.0.2.1";
    test::read_request(x, "GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n");
    x.response.status = 200;
    x.response.reason = "OK";
  }
  test::World world;
  Service service;
  test::RecordingSink sink;
  Exchange x;
};

}  // namespace

TEST_CASE("fields of a response are set, replaced and removed", "[exchange][response]") {
  Edited edited({edit("X-New", "1"), edit("server", "prox"), edit("X-Powered-By", std::nullopt),
                 edit("X-From", "{client} for {host}"), edit("X-How", "{method}")});
  for (const auto& [name, value] : {std::pair{"Server", "a"}, std::pair{"Server", "b"},
                                    std::pair{"x-powered-by", "c"}, std::pair{"X-Kept", "d"}})
    edited.x.response.fields.add(name, value, http::recognise(name));
  send_head(edited.x, {});
  CHECK(edited.sink.head ==
        "200 OK\nX-Kept: d\nX-New: 1\nserver: prox\nX-From: 192.0.2.1 for a.test\nX-How: GET\n");
  CHECK(edited.x.head_sent);
}

TEST_CASE("no control character gets into a field", "[exchange][response]") {
  Edited edited({edit("X-Path", "[{path}]")});
  edited.x.path = "/a\r\nX-Evil: 1\x01\x7f";
  send_head(edited.x, {});
  CHECK(edited.sink.head == "200 OK\nX-Path: [/aX-Evil: 1]\n");
}

TEST_CASE("an answer of our own is its reason, and edited like any other", "[exchange][response]") {
  Edited edited({edit("X-Content-Type-Options", std::nullopt), edit("X-New", "1")});
  answer(edited.x, 405, {{"Allow", "GET", http::FieldId::Other}});
  CHECK(edited.sink.head ==
        "405 Method Not Allowed\nContent-Type: text/plain; charset=utf-8\nAllow: GET\nX-New: 1\n");
  CHECK(edited.sink.body == "Method Not Allowed\n");
  CHECK(edited.sink.ended);
}

}  // namespace prox::exchange
