#pragma once

#include <memory>
#include <utility>

#include "prox/exchange/exchange.h"
#include "prox/exchange/service.h"
#include "prox/routing/template.h"

namespace prox::actions {

// `redirect`: sends the client to another URI (RFC 9110 §15.4).
class RedirectAction final : public exchange::Action {
 public:
  RedirectAction(routing::Template to, int status) : to_(std::move(to)), status_(status) {}
  std::unique_ptr<exchange::Handler> make_handler(exchange::Exchange& exchange) const override;

  const routing::Template& to() const { return to_; }
  int status() const { return status_; }

 private:
  routing::Template to_;
  int status_;
};

}  // namespace prox::actions
