#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "prox/exchange/exchange.h"

namespace prox::downstream {

// Exchanges of one connection that are over, but for bytes of their responses that have not left: only when these have is it known how they
// ended, and their access lines wait for that. In order of their responses.
class LeavingExchanges {
 public:
  explicit LeavingExchanges(exchange::ExchangePool& home) : home_(home) {}
  LeavingExchanges(const LeavingExchanges&) = delete;
  LeavingExchanges& operator=(const LeavingExchanges&) = delete;
  ~LeavingExchanges() { lose({}); }

  // `unsent`: what is in front of the end of its response, that of those before it included. At 0, or where nobody wants a line, it is
  // given back at once.
  void add(exchange::ExchangePool::Ptr exchange, std::size_t unsent);
  bool empty() const { return first_ == nullptr; }
  // Each takes much more memory than a short response, so a client that reads nothing must not add more and more of them.
  bool is_full() const { return count_ >= kMost; }
  // As many bytes have left.
  void on_sent(std::size_t bytes);
  // Nothing more will leave.
  void lose(std::string_view why);

 private:
  static constexpr std::size_t kMost = 32;

  exchange::ExchangePool::Ptr take_first();

  exchange::ExchangePool& home_;
  exchange::Exchange* first_ = nullptr;
  exchange::Exchange* last_ = nullptr;
  std::size_t count_ = 0;
  std::uint64_t sent_ = 0;  // since the first was added
};

}  // namespace prox::downstream
