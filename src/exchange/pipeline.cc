#include "prox/exchange/pipeline.h"

#include <array>

#include "prox/base/result.h"
#include "prox/exchange/error_response.h"
#include "prox/http/path.h"

namespace prox::exchange {

namespace {

using base::Errc;
using base::Result;
using base::Side;

enum class Step : std::uint8_t {
  Next,
  Wait,  // whoever ends its work calls advance
};

Result<Step> check_expectation(Exchange& x) {
  const http::Field* expect = x.request.fields.find(http::FieldId::Expect);
  if (expect == nullptr || http::equal_ignoring_case(expect->value, "100-continue"))
    return Step::Next;
  return base::fail(Errc::UnknownExpectation, Side::Downstream, "reading a request head");
}

Result<Step> match_route(Exchange& x) {
  const Result<Slice> path = http::clean_path(x.request.path, x.path_scratch);
  if (!path) return base::Unexpected{path.error()};
  x.path = *path;
  const std::optional<routing::RouteHit> hit =
      x.service->router.find(routing::RouteKey::of(x.request, x.path, x.client_ip));
  if (!hit) return base::fail(Errc::NoRoute, Side::Downstream, "looking for a route");
  x.route = &x.service->routes[hit->route];
  x.path_item = hit->path;
  // The connection came here through another name: the client shall open one of its own (RFC 9110 §15.5.20).
  if (x.route->pass_to != nullptr)
    return base::fail(Errc::Misdirected, Side::Downstream, "looking for a route");
  return Step::Next;
}

Result<Step> start_handler(Exchange& x) {
  x.handler = x.route->action->make_handler(x);
  x.handler->start();
  return Step::Wait;
}

constexpr std::array kSteps = {check_expectation, match_route, start_handler};

}  // namespace

void advance(Exchange& x) {
  while (x.step < kSteps.size()) {
    const Result<Step> result = kSteps[x.step++](x);
    if (!result) return fail(x, result.error());
    if (*result == Step::Wait) return;
  }
}

}  // namespace prox::exchange
