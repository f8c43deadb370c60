#include "prox/actions/redirect.h"

#include <string>

#include "prox/base/pooled.h"
#include "prox/exchange/error_response.h"
#include "prox/exchange/response.h"
#include "prox/exchange/variables.h"

namespace prox::actions {

namespace {

class RedirectHandler final : public exchange::Handler, public base::Pooled<RedirectHandler> {
 public:
  RedirectHandler(const RedirectAction& action, exchange::Exchange& exchange)
      : action_(action), x_(exchange) {}

  void start() override;
  void on_request_body(net::Buffer& data) override { data.clear(); }
  void on_request_end(base::Slice) override {}
  bool wants_request_body() const override { return true; }
  void on_response_drained() override {}

 private:
  const RedirectAction& action_;
  exchange::Exchange& x_;
};

// A path of the client's, put where a URI begins, must not name another host: "//evil.test" and, to browsers, "/\evil.test" would.
void keep_on_this_host(std::string& uri) {
  const std::size_t behind = uri.find_first_not_of("/\\");
  if (!uri.starts_with('/') || behind == 1) return;
  uri.erase(1, behind == std::string::npos ? behind : behind - 1);
}

// "https:///x", "https://:8443/": what a template makes of a request that names no host, as HTTP/1.0 allows.
bool lacks_host(std::string_view uri) {
  const std::size_t separator = uri.find("://");
  if (separator == std::string_view::npos || uri.find('/') < separator) return false;
  const std::size_t host = separator + 3;
  return host == uri.size() || std::string_view(":/?#").find(uri[host]) != std::string_view::npos;
}

void RedirectHandler::start() {
  std::string location;
  action_.to().render(exchange::Variables(x_), routing::Escape::Uri, location);
  if (lacks_host(location)) {
    return exchange::fail(x_, {base::Errc::BadMessage, base::Side::Downstream, false, 0,
                               "redirecting a request without a host"});
  }
  keep_on_this_host(location);
  exchange::answer(x_, action_.status(), {{"Location", location, http::FieldId::Other}});
}

}  // namespace

std::unique_ptr<exchange::Handler> RedirectAction::make_handler(
    exchange::Exchange& exchange) const {
  return std::make_unique<RedirectHandler>(*this, exchange);
}

}  // namespace prox::actions
