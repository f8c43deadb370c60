#include "prox/actions/drop.h"

#include "prox/base/pooled.h"

namespace prox::actions {

namespace {

class DropHandler final : public exchange::Handler, public base::Pooled<DropHandler> {
 public:
  DropHandler(exchange::DropMode mode, exchange::Exchange& exchange) : mode_(mode), x_(exchange) {}

  void start() override {
    zone::add(x_.context->row.dropped_total);
    x_.sink->drop_exchange(mode_);
  }
  void on_request_body(net::Buffer& data) override { data.clear(); }
  void on_request_end(exchange::Slice) override {}
  bool wants_request_body() const override { return false; }
  void on_response_drained() override {}

 private:
  exchange::DropMode mode_;
  exchange::Exchange& x_;
};

}  // namespace

std::unique_ptr<exchange::Handler> DropAction::make_handler(exchange::Exchange& exchange) const {
  return std::make_unique<DropHandler>(mode_, exchange);
}

}  // namespace prox::actions
