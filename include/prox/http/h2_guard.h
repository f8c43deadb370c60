#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "prox/base/clock.h"

namespace prox::http {

// Counts what a peer of one HTTP/2 connection makes us do without asking for anything: each kind has a budget that refills with
// time, and whoever overdraws it floods (CVE-2019-9511 to 9518, CVE-2023-44487, CVE-2025-8671). Time is passed in.
class H2Guard {
 public:
  enum class Kind : std::uint8_t {
    Reset,         // streams that the peer resets, or makes us reset
    Ping,          //
    Settings,      //
    EmptyFrame,    // DATA without a byte or an end
    Priority,      // PRIORITY and PRIORITY_UPDATE
    WindowUpdate,  //
    TinyWindow,    // DATA that we had to cut into very small frames
  };

  // Counts one. False if the budget is overdrawn.
  bool spend(Kind kind, base::Millis now);
  // A full DATA frame was sent: its receiver may answer it by some WINDOW_UPDATEs, and by a PING that measures the line.
  void earn_by_data();

 private:
  struct Account {
    std::int64_t spent =
        0;  // in thousandths of one event, so that a millisecond pays back the rate
    base::Millis at = 0;
  };
  static constexpr std::size_t kKinds = 7;
  void earn(Kind kind, std::int64_t events);

  std::array<Account, kKinds> accounts_{};
};

// The kind in a word or two, for logs.
std::string_view to_words(H2Guard::Kind kind);

}  // namespace prox::http
