#include "prox/exchange/pipeline.h"

#include <memory>
#include <string>
#include <vector>

#include "exchange/world.h"

namespace {

using prox::exchange::Exchange;

// An action that only notes that it was carried out.
struct Noted final : prox::exchange::Action {
  explicit Noted(std::vector<std::string>& to, std::string n) : calls(to), name(std::move(n)) {}
  struct Handler final : prox::exchange::Handler {
    explicit Handler(const Noted& a) : action(a) {}
    void start() override { action.calls.push_back(action.name); }
    void on_request_body(prox::net::Buffer& data) override { data.clear(); }
    void on_request_end(prox::base::Slice) override {}
    bool wants_request_body() const override { return true; }
    void on_response_drained() override {}
    const Noted& action;
  };
  std::unique_ptr<prox::exchange::Handler> make_handler(Exchange&) const override {
    return std::make_unique<Handler>(*this);
  }
  std::vector<std::string>& calls;
  std::string name;
};

struct Advanced {
  explicit Advanced(std::string_view head) {
    std::vector<prox::routing::RouteMatch> matches(2);
    matches[0].paths = prox::routing::parse_paths("/a b, /api/*");
    matches[1].domain.emplace("*.test");
    matches[1].methods = {"GET"};
    service.name = "web";
    service.router = prox::routing::Router(std::move(matches));
    service.routes.push_back({"web:0", std::make_unique<Noted>(calls, "paths")});
    service.routes.push_back({"web:1", std::make_unique<Noted>(calls, "domain")});
    x.context = &world.context;
    x.service = &service;
    x.sink = &sink;
    prox::test::read_request(x, head);
    prox::exchange::advance(x);
  }

  prox::test::World world;
  std::vector<std::string> calls;
  prox::exchange::Service service;
  prox::test::RecordingSink sink;
  Exchange x;
};

using Calls = std::vector<std::string>;

}  // namespace

TEST_CASE("the first route that matches carries the request out, once") {
  Advanced by_path("GET /api/x HTTP/1.1\r\nHost: www.test\r\n\r\n");
  CHECK(by_path.calls == Calls{"paths"});
  CHECK(by_path.x.route->id == "web:0");
  REQUIRE(by_path.x.path_item != nullptr);
  CHECK(by_path.x.path_item->text == "/api/*");
  CHECK(by_path.x.handler);
  prox::exchange::advance(by_path.x);
  CHECK(by_path.calls.size() == 1);

  Advanced by_domain("GET /other HTTP/1.1\r\nHost: WWW.test:80\r\n\r\n");
  CHECK(by_domain.calls == Calls{"domain"});
  CHECK(by_domain.x.path_item == nullptr);
  CHECK(by_domain.sink.status == 0);
}

TEST_CASE("routes compare the cleaned path") {
  Advanced decoded("GET /x/../a%20b HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(decoded.calls == Calls{"paths"});
  CHECK(decoded.x.path == "/a b");
  CHECK(decoded.x.request.path == "/x/../a%20b");
}

TEST_CASE("a request without a route is 404, one with a path that climbs above the root 400") {
  Advanced none("POST /other HTTP/1.1\r\nHost: www.test\r\n\r\n");
  CHECK(none.sink.status == 404);
  CHECK(none.calls.empty());
  Advanced bad("GET /%zz HTTP/1.1\r\nHost: www.test\r\n\r\n");
  CHECK(bad.sink.status == 400);
  Advanced above("GET /../../etc HTTP/1.1\r\nHost: www.test\r\n\r\n");
  CHECK(above.sink.status == 400);
  CHECK(above.calls.empty());
}

TEST_CASE("an expectation other than 100-continue is 417") {
  Advanced known("GET /api/x HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n");
  CHECK(known.calls == Calls{"paths"});
  Advanced unknown("GET /api/x HTTP/1.1\r\nHost: a\r\nExpect: the-inquisition\r\n\r\n");
  CHECK(unknown.sink.status == 417);
  CHECK(unknown.calls.empty());
}
