#include "cli/hello_explanation.h"

#include <algorithm>
#include <utility>

#include "prox/base/assert.h"
#include "prox/routing/explain.h"
#include "prox/routing/router.h"

namespace prox::cli {

namespace {

using routing::L4Table;

const L4Table::Route* find(const L4Table& table, std::size_t index) {
  const auto found = std::find_if(table.routes().begin(), table.routes().end(),
                                  [&](const L4Table::Route& r) { return r.index == index; });
  return found == table.routes().end() ? nullptr : &*found;
}

std::string why_unseen(const config::Route& route) {
  return route.match && route.match->forward_proxy
             ? "it is for forward-proxy requests, which are not seen before TLS"
             : "it has no domain, and is not looked at before TLS";
}

}  // namespace

HelloExplanation explain_hello(const config::Config& config, const config::Service& service,
                               const routing::L4Key& key) {
  HelloExplanation explanation;
  char buffer[256];
  explanation.host = routing::normalise_host(key.server_name, buffer);
  if (const auto table = routing::compile_l4(config, service)) {
    explanation.is_looked_at = true;
    const auto hit = table->find(key);
    const std::size_t end = hit ? hit->route : service.routes.size();
    for (std::size_t index = 0; index < end; ++index) {
      const L4Table::Route* route = find(*table, index);
      auto mismatch = route != nullptr ? routing::find_mismatch(*route, key) : std::nullopt;
      PROX_ASSERT(route == nullptr || mismatch.has_value());
      explanation.passed_over.push_back(
          {index, mismatch ? std::move(mismatch->why) : why_unseen(service.routes[index])});
    }
    if (hit) {
      explanation.verdict = hit->verdict;
      explanation.winner = captured(hit->route, find(*table, hit->route)->domain, key.server_name);
    }
  }
  explanation.is_refused = explanation.verdict == routing::L4Verdict::Serve && !service.tls.on;
  return explanation;
}

}  // namespace prox::cli
