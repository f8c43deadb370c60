#include "prox/downstream/leaving_exchanges.h"

#include <algorithm>
#include <utility>

#include "prox/exchange/access_log.h"

namespace prox::downstream {

using exchange::Exchange;
using exchange::ExchangePool;

void LeavingExchanges::add(ExchangePool::Ptr exchange, std::size_t unsent) {
  Exchange& x = *exchange;
  if (unsent == 0 || !exchange::wants_access_line(x)) return exchange::log_access(x);
  x.let_go();
  x.leaves_at = sent_ + unsent;
  (first_ == nullptr ? first_ : last_->next) = &x;
  last_ = exchange.release();
  ++count_;
}

void LeavingExchanges::on_sent(std::size_t bytes) {
  sent_ += bytes;
  while (first_ != nullptr && first_->leaves_at <= sent_) exchange::log_access(*take_first());
  if (first_ == nullptr) sent_ = 0;
}

void LeavingExchanges::lose(std::string_view why) {
  while (first_ != nullptr) {
    const ExchangePool::Ptr x = take_first();
    exchange::AccessRecord& record = x->access;
    record.note(why);
    record.bytes_out -= std::min(record.bytes_out, x->leaves_at - sent_);
    sent_ = x->leaves_at;
    exchange::log_access(*x);
  }
  sent_ = 0;
}

ExchangePool::Ptr LeavingExchanges::take_first() {
  ExchangePool::Ptr first(first_, ExchangePool::GiveBack{&home_});
  first_ = std::exchange(first->next, nullptr);
  --count_;
  return first;
}

}  // namespace prox::downstream
