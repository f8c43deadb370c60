#pragma once

#include <cstdint>
#include <string_view>

#include "prox/base/clock.h"

namespace prox::exchange {

// What is gathered of one exchange for its access line, beside what its heads say. Times are those of the loop's turns. Texts lie in the
// plan, or live as long as the process.
struct AccessRecord {
  base::Micros started = 0;           // the first byte of the request was there
  base::Micros upstream_started = 0;  // the upstream was asked; 0: it was not
  base::Micros connected = 0;         // a connection to it was made for this request
  base::Micros answered = 0;          // its response head came
  std::uint64_t bytes_in = 0;   // of the request's body, or that a tunnel brought from the client
  std::uint64_t bytes_out = 0;  // the same to the client
  std::string_view upstream;    // its address
  std::string_view error;       // what went wrong, first; one of error_word()'s, or who ended it
  std::uint16_t status = 0;     // sent to the client; 0: none
  std::uint16_t upstream_status = 0;
  std::uint16_t retries = 0;

  // The first thing that goes wrong is what the line tells.
  void note(std::string_view what) {
    if (error.empty()) error = what;
  }
};

// Words for exchanges that ended before their response did.
inline constexpr std::string_view kClientClosed = "client_closed";  // it shut its side
inline constexpr std::string_view kClientReset = "client_reset";  // its connection or stream broke
inline constexpr std::string_view kWriteTimeout = "write_timeout";  // it did not read
inline constexpr std::string_view kMinRate = "min_rate";        // it was waited for, and too slow
inline constexpr std::string_view kProtocolError = "h2_error";  // it broke HTTP/2
inline constexpr std::string_view kShutdown = "shutdown";       // prox stopped, at its limit

}  // namespace prox::exchange
