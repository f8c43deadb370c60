#include "prox/base/timestamp.h"

#include <array>
#include <cstring>
#include <ctime>

namespace prox::base {

namespace {

constexpr std::size_t kToSeconds = 20;  // "2026-11-26T04:23:23."
constexpr std::int64_t kNanos = 1'000'000'000;

const char* text_of(std::int64_t second) {
  static std::array<char, kToSeconds + 1> text{};
  static std::int64_t shown = -1;
  if (second == shown) return text.data();
  shown = second;
  const auto time = static_cast<std::time_t>(second);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &parts);
  return text.data();
}

}  // namespace

char* write_timestamp(std::int64_t nanos_since_1970, int digits, char* to) {
  std::memcpy(to, text_of(nanos_since_1970 / kNanos), kToSeconds);
  char* const fraction = to + kToSeconds;
  std::int64_t rest = nanos_since_1970 % kNanos;
  for (int skipped = 9; skipped > digits; --skipped) rest /= 10;
  for (int at = digits - 1; at >= 0; --at) {
    fraction[at] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }
  fraction[digits] = 'Z';
  return fraction + digits + 1;
}

}  // namespace prox::base
