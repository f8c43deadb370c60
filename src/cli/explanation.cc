#include "cli/explanation.h"

#include <utility>

#include <fmt/format.h>

#include "prox/base/assert.h"
#include "prox/exchange/error_response.h"
#include "prox/http/framing.h"
#include "prox/http/h1_parser.h"
#include "prox/http/path.h"
#include "prox/routing/compile.h"
#include "prox/routing/explain.h"
#include "prox/routing/router.h"

namespace prox::cli {

namespace {

using base::Result;
using config::Service;
using routing::RouteHit;
using routing::RouteKey;
using routing::RouteMatch;
using routing::Router;

Router compile(const Service& service) {
  std::vector<RouteMatch> matches;
  for (const config::Route& route : service.routes)
    matches.push_back(routing::compile(route.match));
  return Router(std::move(matches));
}

Result<http::RequestHead> parse(const Service& service, std::string_view head) {
  const config::ServiceSettings& settings = service.settings;
  http::H1Parser parser(base::Side::Downstream,
                        {static_cast<std::size_t>(settings.max_header_bytes),
                         static_cast<std::size_t>(settings.max_uri_bytes),
                         static_cast<std::size_t>(settings.max_header_count)});
  http::RequestHead request;
  const auto progress = parser.parse_request(head, request);
  if (!progress) return base::Unexpected{progress.error()};
  PROX_ASSERT(*progress == http::H1Parser::Progress::Done);
  const auto framing = http::request_framing(request);
  if (!framing) return base::Unexpected{framing.error()};
  return request;
}

void refuse(Explanation& explanation, const base::Error& error) {
  explanation.refused = exchange::status_of(error);
  explanation.why_refused = fmt::format("{} while {}", base::to_word(error.code), error.context);
}

void route(const Router& router, const RouteKey& key, Explanation& explanation) {
  const std::optional<RouteHit> hit = router.find(key);
  const std::size_t end = hit ? hit->route : router.routes().size();
  for (std::size_t i = 0; i < end; ++i) {
    auto mismatch = routing::find_mismatch(router.routes()[i], key);
    PROX_ASSERT(mismatch.has_value());
    explanation.passed_over.push_back({i, std::move(mismatch->why)});
  }
  if (!hit) return;
  explanation.winner = captured(hit->route, router.routes()[hit->route].domain, key.host);
  if (hit->path != nullptr) explanation.winner->path = hit->path->text;
}

}  // namespace

Winner captured(std::size_t route, const std::optional<routing::DomainPattern>& domain,
                std::string_view host) {
  Winner winner{route, {}, {}, {}};
  if (!domain) return winner;
  char buffer[256];
  routing::DomainPattern::Captures found;
  domain->matches(routing::normalise_host(host, buffer), &found);
  winner.domain = fmt::format("{}", fmt::join(found.stars, "."));
  winner.glob = found.glob;
  return winner;
}

Explanation explain(const config::Config& config, const Service& service, std::string_view head,
                    std::string_view client) {
  Explanation explanation;
  explanation.request_line = head.substr(0, head.rfind(' ', head.find("\r\n")));
  const Result<http::RequestHead> request = parse(service, head);
  if (!request) {
    refuse(explanation, request.error());
    return explanation;
  }
  std::string scratch;
  const Result<http::Slice> path = http::clean_path(request->path, scratch);
  if (!path) {
    refuse(explanation, path.error());
    return explanation;
  }
  char buffer[256];
  explanation.host = routing::normalise_host(request->host, buffer);
  explanation.path = *path;
  route(compile(service), RouteKey::of(*request, *path, client), explanation);
  if (!explanation.winner) {
    refuse(explanation,
           {base::Errc::NoRoute, base::Side::Downstream, false, 0, "looking for a route"});
    return explanation;
  }
  const std::string& action = service.routes[explanation.winner->route].action.value;
  if (config.find_action(action)->type() == config::ActionType::Pass) {
    refuse(explanation,
           {base::Errc::Misdirected, base::Side::Downstream, false, 0,
            "looking for a route: pass routes take connections by their SNI, not requests"});
  }
  return explanation;
}

}  // namespace prox::cli
