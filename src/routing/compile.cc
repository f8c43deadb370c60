#include "prox/routing/compile.h"

#include <algorithm>
#include <string>

namespace prox::routing {

namespace {

// The config takes methods in any case; requests are compared exactly (RFC 9110 §9.1).
std::string upper_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  });
  return text;
}

}  // namespace

RouteMatch compile(const std::optional<config::Match>& match) {
  RouteMatch compiled;
  if (!match) return compiled;
  if (match->domain) compiled.domain.emplace(match->domain->value);
  if (match->path) compiled.paths = parse_paths(match->path->value);
  for (const config::Text& method : match->methods)
    compiled.methods.push_back(upper_case(method.value));
  compiled.forward_proxy = match->forward_proxy;
  compiled.before_tls_only = !match->alpn.empty();
  for (const config::FieldCondition& condition : match->headers)
    compiled.headers.emplace_back(condition);
  for (const config::FieldCondition& condition : match->query)
    compiled.query.emplace_back(condition);
  compiled.clients = match->client;
  return compiled;
}

}  // namespace prox::routing
