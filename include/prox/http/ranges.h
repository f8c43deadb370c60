#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "prox/base/slice.h"

namespace prox::http {

using base::Slice;

// A run of bytes of a representation: first byte and how many, at least one.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
  bool operator==(const ByteRange&) const = default;
};

// What a Range field asks of a representation of a known size (RFC 9110 §14.2).
struct RangeRequest {
  enum class Kind : std::uint8_t {
    Whole,  // no field, another unit, malformed, or more than is reasonable: the field is ignored
    Parts,  // `ranges`, in the order asked for
    Unsatisfiable,  // 416: none of them overlaps the representation
  };
  Kind kind = Kind::Whole;
  std::vector<ByteRange> ranges;
};

// More ranges than this, or ranges that add up to more than the whole, are an attack or of no use (RFC 9110 §14.2): the whole is sent.
inline constexpr std::size_t kMaxRanges = 16;

RangeRequest parse_range(Slice field, std::uint64_t size);

}  // namespace prox::http
