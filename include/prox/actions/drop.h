#pragma once

#include <memory>

#include "prox/exchange/exchange.h"
#include "prox/exchange/service.h"

namespace prox::actions {

// `drop`: the request is never answered.
class DropAction final : public exchange::Action {
 public:
  explicit DropAction(exchange::DropMode mode) : mode_(mode) {}
  std::unique_ptr<exchange::Handler> make_handler(exchange::Exchange& exchange) const override;

 private:
  exchange::DropMode mode_;
};

}  // namespace prox::actions
