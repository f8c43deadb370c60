#include "prox/exchange/exchange.h"

#include <utility>

#include "exchange/encoding_sink.h"

namespace prox::exchange {

Exchange::Exchange() = default;
Exchange::~Exchange() = default;

void Exchange::let_go() {
  handler.reset();
  encoding.reset();
}

void Exchange::recycle() {
  handler.reset();
  encoding.reset();
  context = nullptr;
  service = nullptr;
  sink = nullptr;
  request.clear();
  request_body = {};
  head_block.reset();
  client_ip = {};
  client_tls = nullptr;
  path = {};
  route = nullptr;
  path_item = nullptr;
  step = 0;
  response.clear();
  forward.clear();
  head_sent = false;
  access = {};
  next = nullptr;
  leaves_at = 0;
}

ExchangePool::Ptr ExchangePool::take() {
  if (free_.empty()) return Ptr(new Exchange, GiveBack{this});
  Exchange* exchange = free_.back().release();
  free_.pop_back();
  return Ptr(exchange, GiveBack{this});
}

void ExchangePool::give_back(Exchange* exchange) {
  std::unique_ptr<Exchange> owned(exchange);
  owned->recycle();
  if (free_.size() < kKept) free_.push_back(std::move(owned));
}

}  // namespace prox::exchange
