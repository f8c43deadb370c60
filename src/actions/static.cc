#include "prox/actions/static.h"

#include "prox/base/pooled.h"
#include "prox/exchange/rendered_values.h"
#include "prox/exchange/response.h"
#include "prox/exchange/variables.h"

namespace prox::actions {

namespace {

using http::Slice;

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
  void add_fields(http::Fields& fields);
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
  add_fields(head.fields);
  if (answer_.body.is_constant()) {
    unsent_ = answer_.body.constant();
  } else {
    answer_.body.render(exchange::Variables(x_), answer_.escape, rendered_);
    unsent_ = rendered_;
  }
  if (answer_.status == 205) unsent_ = {};  // it has a length, of 0 (RFC 9110 §15.3.6)
  const bool has_body = answer_.status != 204 && answer_.status != 304;
  exchange::send_head(x_, has_body
                              ? http::BodyFraming{http::BodyFraming::Kind::Length, unsent_.size()}
                              : http::BodyFraming{});
  if (!has_body || x_.request.method == http::Method::Head) unsent_ = {};
  send_more();
}

void StaticHandler::add_fields(http::Fields& fields) {
  exchange::RenderedValues values(x_, x_.fields_scratch);
  for (const auto& [name, text] : answer_.headers) {
    if (!text.is_constant()) values.add(text);
  }
  for (const auto& [name, text] : answer_.headers) {
    const Slice value = text.is_constant() ? Slice(text.constant()) : values.take();
    if (!value.empty()) fields.add(name, value, http::recognise(name));
  }
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
