#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "prox/base/slice.h"

namespace prox::http {

using base::Slice;

// Seconds since 1970 as a Date field writes them (IMF-fixdate, RFC 9110 §5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
std::string format_date(std::int64_t seconds);

// The three forms that a recipient must know: IMF-fixdate, RFC 850's and asctime's. None for anything else, which makes a condition void.
// The name of the day is not compared. `now` (seconds) settles the century of RFC 850's two digits: never more than 50 years ahead.
std::optional<std::int64_t> parse_date(Slice text, std::int64_t now);

}  // namespace prox::http
