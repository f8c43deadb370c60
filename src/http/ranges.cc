#include "prox/http/ranges.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "http/chars.h"
#include "prox/http/fields.h"

namespace prox::http {

namespace {

// 1*DIGIT; a number that is too large is larger than every size.
std::optional<std::uint64_t> parse_position(Slice text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? value : UINT64_MAX;
}

// One int-range or suffix-range. False if it is malformed; one that no byte of the representation is in adds nothing.
bool add_range(Slice spec, std::uint64_t size, std::vector<ByteRange>& ranges) {
  const std::size_t dash = spec.find('-');
  if (dash == Slice::npos) return false;
  const Slice last_text = spec.substr(dash + 1);
  if (dash == 0) {
    const std::optional<std::uint64_t> suffix = parse_position(last_text);
    if (!suffix) return false;
    const std::uint64_t length = std::min(*suffix, size);
    if (length > 0) ranges.push_back({size - length, length});
    return true;
  }
  const std::optional<std::uint64_t> first = parse_position(spec.substr(0, dash));
  const std::optional<std::uint64_t> last =
      last_text.empty() ? std::optional(UINT64_MAX) : parse_position(last_text);
  if (!first || !last || *last < *first) return false;
  if (*first < size) ranges.push_back({*first, std::min(*last, size - 1) - *first + 1});
  return true;
}

}  // namespace

RangeRequest parse_range(Slice field, std::uint64_t size) {
  constexpr Slice kUnit = "bytes=";
  if (field.size() < kUnit.size() || !equal_ignoring_case(field.substr(0, kUnit.size()), kUnit))
    return {};
  std::vector<ByteRange> ranges;
  std::size_t asked = 0;
  bool is_sound = true;
  for_each_member(field.substr(kUnit.size()), [&](Slice spec) {
    is_sound = ++asked <= kMaxRanges && add_range(spec, size, ranges);
    return is_sound;
  });
  if (!is_sound || asked == 0) return {};
  if (ranges.empty()) return {RangeRequest::Kind::Unsatisfiable, {}};
  std::uint64_t left = size;
  for (const ByteRange& range : ranges) {
    if (range.length > left) return {};
    left -= range.length;
  }
  return {RangeRequest::Kind::Parts, std::move(ranges)};
}

}  // namespace prox::http
