#include "prox/exchange/variables.h"

#include <algorithm>
#include <utility>

#include "prox/http/fields.h"
#include "prox/http/host.h"

namespace prox::exchange {

using routing::Variable;

std::string_view Variables::value(Variable variable, std::string_view name) const {
  switch (variable) {
    case Variable::Domain: return http::without_port(x_.request.host);
    case Variable::DomainPattern:
      return domain() != nullptr ? std::string_view(domain()->text()) : std::string_view();
    case Variable::MatchDomain: return captures().stars;
    case Variable::MatchGlob: return captures().glob;
    case Variable::Path: return x_.path;
    case Variable::MatchPath:
      return x_.path_item != nullptr ? std::string_view(x_.path_item->text) : std::string_view();
    case Variable::Method: return x_.request.method_text;
    case Variable::Host: return x_.request.host;
    case Variable::Uri: return uri();
    case Variable::Client: return x_.client_ip;
    case Variable::Sni: return client_tls().sni;
    case Variable::TlsClientSubject: return client_tls().subject;
    case Variable::TlsClientFingerprint: return client_tls().fingerprint;
    case Variable::Target: return {};
    case Variable::Header: return header(name);
    case Variable::Cookie: return cookie(name);
  }
  return {};
}

// Several lines are one list (RFC 9110 §5.3).
std::string_view Variables::header(std::string_view name) const {
  const http::Field* first = nullptr;
  bool has_more = false;
  for (const http::Field& field : x_.request.fields) {
    if (!http::equal_ignoring_case(field.name, name)) continue;
    if (first == nullptr) {
      first = &field;
      continue;
    }
    if (!std::exchange(has_more, true)) joined_.assign(first->value);
    joined_.append(", ").append(field.value);
  }
  if (has_more) return joined_;
  return first != nullptr ? first->value : std::string_view();
}

// The first of that name, in the order in which they came (RFC 6265 §5.4).
std::string_view Variables::cookie(std::string_view name) const {
  for (const http::Field& field : x_.request.fields) {
    if (!http::equal_ignoring_case(field.name, "Cookie")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      std::string_view pair = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      pair.remove_prefix(std::min(pair.find_first_not_of(" \t"), pair.size()));
      pair = pair.substr(0, pair.find_last_not_of(" \t") + 1);
      if (pair.size() <= name.size() || pair[name.size()] != '=' || !pair.starts_with(name))
        continue;
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

const ClientTls& Variables::client_tls() const {
  static const ClientTls none;
  return x_.client_tls != nullptr ? *x_.client_tls : none;
}

// Path and query as received, of whatever form the target has (RFC 9112 §3.2).
std::string_view Variables::uri() const {
  const http::RequestHead& request = x_.request;
  switch (request.form) {
    case http::TargetForm::Origin: return request.target;
    case http::TargetForm::Absolute: break;
    case http::TargetForm::Authority:
    case http::TargetForm::Asterisk: return {};  // which stands for an empty path
  }
  const std::size_t scheme_end = request.target.find("://") + 3;
  const std::size_t begin = request.target.find_first_of("/?", scheme_end);
  return begin == std::string_view::npos ? "/" : request.target.substr(begin);
}

// nullptr if the route has none, or there is no route.
const routing::DomainPattern* Variables::domain() const {
  if (x_.route == nullptr) return nullptr;
  const auto index = static_cast<std::size_t>(x_.route - x_.service->routes.data());
  const routing::RouteMatch& match = x_.service->router.routes()[index];
  return match.domain ? &*match.domain : nullptr;
}

const Variables::Captured& Variables::captures() const {
  if (captured_) return *captured_;
  captured_.emplace();
  if (domain() == nullptr) return *captured_;
  char buffer[256];
  routing::DomainPattern::Captures found;
  domain()->matches(routing::normalise_host(x_.request.host, buffer), &found);
  for (std::string_view star : found.stars) {
    if (!captured_->stars.empty()) captured_->stars.push_back('.');
    captured_->stars.append(star);
  }
  captured_->glob = found.glob;
  return *captured_;
}

}  // namespace prox::exchange
