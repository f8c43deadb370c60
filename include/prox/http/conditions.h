#pragma once

#include <cstdint>

#include "prox/http/request.h"

namespace prox::http {

// What a selected representation is known by (RFC 9110 §8.8).
struct Validators {
  Slice etag;                      // with quotes, and W/ if weak
  std::int64_t last_modified = 0;  // seconds since 1970
};

enum class Verdict : std::uint8_t {
  Proceed,
  NotModified,  // 304
  Failed,       // 412
};

// Holds the conditions of a GET or HEAD against a representation that exists, in the order of RFC 9110 §13.2.2: If-Match, else
// If-Unmodified-Since; If-None-Match, else If-Modified-Since. Dates that cannot be read count as not sent. `now`: seconds since 1970.
Verdict evaluate(const RequestHead& request, const Validators& current, std::int64_t now);

// The Range field of a request, if it counts: GET alone has ranges (§14.2), there is just one, and no If-Range, or one that names just this
// representation by strong comparison (§13.1.5). Else nullptr: the whole is asked for.
const Field* find_range(const RequestHead& request, const Validators& current, std::int64_t now);

}  // namespace prox::http
