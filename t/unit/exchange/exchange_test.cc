#include "prox/exchange/exchange.h"

#include <memory>
#include <string>

#include "exchange/world.h"

using prox::exchange::Exchange;
using prox::exchange::ExchangePool;

namespace {

struct NotedHandler final : prox::exchange::Handler {
  explicit NotedHandler(int& n) : freed(n) {}
  ~NotedHandler() override { ++freed; }
  void start() override {}
  void on_request_body(prox::net::Buffer& data) override { data.clear(); }
  void on_request_end(prox::base::Slice) override {}
  bool wants_request_body() const override { return true; }
  void on_response_drained() override {}
  int& freed;
};

// Everything that an exchange can hold, set.
void fill(Exchange& x, prox::test::World& world, prox::test::RecordingSink& sink,
          const prox::exchange::Service& service, int& freed) {
  prox::test::read_request(
      x,
      "POST http://a.test/p?q HTTP/1.0\r\nHost: a.test\r\nContent-Length: 3\r\nX-Old: 1\r\n\r\n");
  x.context = &world.context;
  x.service = &service;
  x.sink = &sink;
  x.head_block = world.blocks.take(100);
  x.client_ip = "192.0.2.1";
  static const prox::exchange::ClientTls tls{"a.test", "CN=bob", "00", "TLSv1.3"};
  x.client_tls = &tls;
  x.path = "/p";
  x.route = &service.routes[0];
  static const prox::routing::PathPattern item{"/p", "/p", false};
  x.path_item = &item;
  x.step = 3;
  x.handler = std::make_unique<NotedHandler>(freed);
  x.response.status = 200;
  x.response.reason = "OK";
  x.response.fields.add("X-Old", "1", prox::http::FieldId::Other);
  x.forward = x.request;
  x.head_sent = true;
  x.access.status = 200;
  x.access.error = "no_route";
  x.next = &x;
  x.leaves_at = 9;
}

void check_clean(const Exchange& x) {
  CHECK(x.context == nullptr);
  CHECK(x.service == nullptr);
  CHECK(x.sink == nullptr);
  for (const prox::http::RequestHead* head : {&x.request, &x.forward}) {
    CHECK(head->method == prox::http::Method::Other);
    CHECK(head->version == prox::http::Version::Http11);
    CHECK(head->form == prox::http::TargetForm::Origin);
    for (const prox::base::Slice part : {head->method_text, head->target, head->scheme,
                                         head->authority, head->path, head->query, head->host}) {
      CHECK(part.data() == nullptr);
    }
    CHECK_FALSE(head->has_query);
    CHECK(head->fields.empty());
  }
  CHECK(x.request_body == prox::http::BodyFraming{});
  CHECK_FALSE(x.head_block);
  CHECK(x.client_ip.empty());
  CHECK(x.client_tls == nullptr);
  CHECK(x.path.empty());
  CHECK(x.route == nullptr);
  CHECK(x.path_item == nullptr);
  CHECK(x.step == 0);
  CHECK(x.handler == nullptr);
  CHECK(x.response.status == 0);
  CHECK(x.response.reason.empty());
  CHECK(x.response.fields.empty());
  CHECK_FALSE(x.head_sent);
  CHECK(x.access.status == 0);
  CHECK(x.access.error.empty());
  CHECK(x.next == nullptr);
  CHECK(x.leaves_at == 0);
}

}  // namespace

TEST_CASE(
    "nothing of an exchange is left when it is recycled, and its handler and block are let go") {
  prox::test::World world;
  prox::test::RecordingSink sink;
  const auto service = prox::test::service_with(nullptr);
  int freed = 0;
  Exchange x;
  fill(x, world, sink, *service, freed);
  CHECK(world.blocks.in_use() == 1);
  x.recycle();
  CHECK(freed == 1);
  CHECK(world.blocks.in_use() == 0);
  check_clean(x);
}

TEST_CASE("an exchange that is given back is clean when it is taken again") {
  prox::test::World world;
  prox::test::RecordingSink sink;
  const auto service = prox::test::service_with(nullptr);
  int freed = 0;
  ExchangePool pool;
  ExchangePool::Ptr first = pool.take();
  Exchange* place = first.get();
  fill(*first, world, sink, *service, freed);
  first.reset();
  CHECK(freed == 1);
  const ExchangePool::Ptr second = pool.take();
  CHECK(second.get() == place);
  check_clean(*second);
}

TEST_CASE("exchanges in use at the same time are different ones") {
  ExchangePool pool;
  const ExchangePool::Ptr a = pool.take();
  ExchangePool::Ptr b = pool.take();
  CHECK(a.get() != b.get());
  b.reset();
  const ExchangePool::Ptr c = pool.take();
  CHECK(c.get() != a.get());
}
