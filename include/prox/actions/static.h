#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "prox/exchange/exchange.h"
#include "prox/exchange/service.h"
#include "prox/routing/template.h"

namespace prox::actions {

// `static`: a fixed status, fields and a body made from a template.
class StaticAction final : public exchange::Action {
 public:
  struct Answer {
    int status = 200;
    // Content-Type among them if there is a body. One that comes out empty is not sent.
    std::vector<std::pair<std::string, routing::Template>> headers;
    routing::Template body;
    routing::Escape escape = routing::Escape::Raw;
  };

  explicit StaticAction(Answer answer) : answer_(std::move(answer)) {}
  std::unique_ptr<exchange::Handler> make_handler(exchange::Exchange& exchange) const override;
  const Answer& answer() const { return answer_; }

 private:
  Answer answer_;
};

}  // namespace prox::actions
