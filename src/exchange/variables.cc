#include "prox/exchange/variables.h"

#include "prox/http/host.h"

namespace prox::exchange {

using routing::Variable;

std::string_view Variables::value(Variable variable) const {
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
