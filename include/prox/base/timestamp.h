#pragma once

#include <cstddef>
#include <cstdint>

namespace prox::base {

inline constexpr std::size_t kMaxTimestamp = 30;  // with nine digits

// Writes a time (RFC 3339, UTC) with `digits` of its fraction, 6 or 9: "2026-11-26T04:23:23.123456Z". Returns the end of what it wrote. The
// date is worked out when the second changes, so that lines in a row are cheap.
char* write_timestamp(std::int64_t nanos_since_1970, int digits, char* to);

}  // namespace prox::base
