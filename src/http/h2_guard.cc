#include "prox/http/h2_guard.h"

#include <algorithm>

namespace prox::http {

namespace {

using Kind = H2Guard::Kind;

struct Budget {
  std::int64_t burst;       // events
  std::int64_t per_second;  // events
};

constexpr std::int64_t kEvent = 1000;

// Resets as nghttp2 has them. Of the rest, what clients are seen to send stays far below: a browser a few frames of each kind a
// second, a gRPC client a PING and two WINDOW_UPDATEs for each batch of data, which earn_by_data allows for.
Budget budget_of(Kind kind) {
  switch (kind) {
    case Kind::Reset: return {1000, 33};
    case Kind::Ping: return {1000, 33};
    case Kind::Settings: return {100, 10};
    case Kind::EmptyFrame: return {100, 10};
    case Kind::Priority: return {2000, 100};
    case Kind::WindowUpdate: return {10'000, 1000};
    case Kind::TinyWindow: return {1000, 33};
  }
  return {0, 0};
}

}  // namespace

bool H2Guard::spend(Kind kind, base::Millis now) {
  Account& account = accounts_[static_cast<std::size_t>(kind)];
  const Budget budget = budget_of(kind);
  // A rate of N a second is N thousandths of an event a millisecond.
  account.spent = std::max<std::int64_t>(0, account.spent - (now - account.at) * budget.per_second);
  account.at = now;
  account.spent += kEvent;
  return account.spent <= budget.burst * kEvent;
}

void H2Guard::earn_by_data() {
  earn(Kind::WindowUpdate, 4);
  earn(Kind::Ping, 1);
}

// What is earned while nothing was spent is not saved up.
void H2Guard::earn(Kind kind, std::int64_t events) {
  Account& account = accounts_[static_cast<std::size_t>(kind)];
  account.spent = std::max<std::int64_t>(0, account.spent - events * kEvent);
}

std::string_view to_words(Kind kind) {
  switch (kind) {
    case Kind::Reset: return "stream resets";
    case Kind::Ping: return "pings";
    case Kind::Settings: return "settings";
    case Kind::EmptyFrame: return "empty frames";
    case Kind::Priority: return "priorities";
    case Kind::WindowUpdate: return "window updates";
    case Kind::TinyWindow: return "tiny windows";
  }
  return "frames";
}

}  // namespace prox::http
