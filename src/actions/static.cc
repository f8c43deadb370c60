#include "prox/actions/static.h"

#include "prox/base/pooled.h"
#include "prox/http/host.h"

namespace prox::actions {

namespace {

using http::Slice;
using routing::Variable;

// The variables of one request. Captures are worked out only when a template asks for them.
class RequestVariables final : public routing::VariableSource {
 public:
  explicit RequestVariables(const exchange::Exchange& x) : x_(x) {}

  std::string_view value(Variable variable) const override {
    switch (variable) {
      case Variable::Domain: return http::without_port(x_.request.host);
      case Variable::DomainPattern:
        return match().domain ? std::string_view(match().domain->text()) : std::string_view();
      case Variable::MatchDomain: return captures().stars;
      case Variable::MatchGlob: return captures().glob;
      case Variable::Path: return x_.path;
      case Variable::MatchPath:
        return x_.path_item != nullptr ? std::string_view(x_.path_item->text) : std::string_view();
      case Variable::Method: return x_.request.method_text;
      case Variable::Host: return x_.request.host;
      case Variable::Uri: return x_.request.target;
      case Variable::Client: return x_.client_ip;
      case Variable::Target: return {};
    }
    return {};
  }

 private:
  struct Captured {
    std::string stars;  // joined by "."
    std::string glob;
  };

  const routing::RouteMatch& match() const {
    const auto index = static_cast<std::size_t>(x_.route - x_.service->routes.data());
    return x_.service->router.routes()[index];
  }

  const Captured& captures() const {
    if (captured_) return *captured_;
    captured_.emplace();
    if (!match().domain) return *captured_;
    char buffer[256];
    routing::DomainPattern::Captures found;
    match().domain->matches(routing::normalise_host(x_.request.host, buffer), &found);
    for (std::string_view star : found.stars) {
      if (!captured_->stars.empty()) captured_->stars.push_back('.');
      captured_->stars.append(star);
    }
    captured_->glob = found.glob;
    return *captured_;
  }

  const exchange::Exchange& x_;
  mutable std::optional<Captured> captured_;
};

class StaticHandler final : public exchange::Handler, public base::Pooled<StaticHandler> {
 public:
  StaticHandler(const StaticAction::Answer& answer, exchange::Exchange& exchange)
      : answer_(answer), x_(exchange) {}

  void start() override;
  void on_request_body(net::Buffer& data) override { data.clear(); }
  void on_request_end(Slice) override {}
  bool wants_request_body() const override { return true; }
  void on_response_drained() override { send_more(); }

 private:
  void send_more();

  const StaticAction::Answer& answer_;
  exchange::Exchange& x_;
  std::string rendered_;  // the body, if it is not the same for all
  Slice unsent_;
  bool ended_ = false;
};

void StaticHandler::start() {
  http::ResponseHead& head = x_.response;
  head.status = answer_.status;
  head.reason = http::reason_phrase(answer_.status);
  for (const auto& [name, value] : answer_.headers)
    head.fields.add(name, value, http::recognise(name));
  if (answer_.body.is_constant()) {
    unsent_ = answer_.body.constant();
  } else {
    answer_.body.render(RequestVariables(x_), answer_.escape, rendered_);
    unsent_ = rendered_;
  }
  if (answer_.status == 205) unsent_ = {};  // it has a length, of 0 (RFC 9110 §15.3.6)
  const bool has_body = answer_.status != 204 && answer_.status != 304;
  x_.head_sent = true;
  x_.sink->send_head(head, has_body
                               ? http::BodyFraming{http::BodyFraming::Kind::Length, unsent_.size()}
                               : http::BodyFraming{});
  if (!has_body || x_.request.method == http::Method::Head) unsent_ = {};
  send_more();
}

// A large body goes out as the client takes it: blocks are held for what is under way, not for all of it.
void StaticHandler::send_more() {
  net::Buffer piece(x_.context->blocks);
  while (!unsent_.empty() && !x_.sink->is_backed_up()) {
    const Slice part = unsent_.substr(0, base::BlockPool::kLarge);
    unsent_.remove_prefix(part.size());
    piece.append_copy(part);
    x_.sink->send_body(piece);
    if (x_.sink->is_backed_up()) x_.sink->flush();
  }
  if (unsent_.empty() && !ended_) {
    ended_ = true;
    x_.sink->end_response({});
  }
  x_.sink->flush();
}

}  // namespace

std::unique_ptr<exchange::Handler> StaticAction::make_handler(exchange::Exchange& exchange) const {
  return std::make_unique<StaticHandler>(answer_, exchange);
}

}  // namespace prox::actions
