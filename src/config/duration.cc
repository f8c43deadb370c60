#include "config/duration.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

namespace prox::config {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};

// A name that is the beginning of another comes after it. Both micro signs are in use: U+00B5 and U+03BC.
constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                         {"us", 1'000},
                                         {"\u00b5s", 1'000},
                                         {"\u03bcs", 1'000},
                                         {"ms", 1'000'000},
                                         {"s", 1'000'000'000},
                                         {"m", 60'000'000'000},
                                         {"h", 3'600'000'000'000}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool add(std::int64_t& sum, std::int64_t term) { return !__builtin_add_overflow(sum, term, &sum); }

struct Decimal {
  std::int64_t whole = 0;
  std::int64_t fraction = 0;  // `fraction / scale`; digits behind the 18th are beyond a nanosecond
  std::int64_t scale = 1;
};

std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal decimal;
  bool any = false;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), any = true) {
    if (__builtin_mul_overflow(decimal.whole, 10, &decimal.whole)) return std::nullopt;
    if (!add(decimal.whole, text.front() - '0')) return std::nullopt;
  }
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), any = true) {
      if (decimal.scale > kMax / 100) continue;
      decimal.fraction = decimal.fraction * 10 + (text.front() - '0');
      decimal.scale *= 10;
    }
  }
  if (!any) return std::nullopt;
  return decimal;
}

const Unit* take_unit(std::string_view& text) {
  for (const Unit& unit : kUnits) {
    if (!text.starts_with(unit.name)) continue;
    text.remove_prefix(unit.name.size());
    return &unit;
  }
  return nullptr;
}

std::optional<std::int64_t> take_term(std::string_view& text) {
  const std::optional<Decimal> decimal = take_decimal(text);
  if (!decimal) return std::nullopt;
  const Unit* unit = take_unit(text);
  if (unit == nullptr) return std::nullopt;
  std::int64_t term = 0;
  if (__builtin_mul_overflow(decimal->whole, unit->nanoseconds, &term)) return std::nullopt;
  const long double part =
      static_cast<long double>(decimal->fraction) * static_cast<long double>(unit->nanoseconds);
  if (!add(term, static_cast<std::int64_t>(part / static_cast<long double>(decimal->scale)))) {
    return std::nullopt;
  }
  return term;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text == "0") return Duration::zero();
  if (text.empty()) return std::nullopt;
  std::int64_t sum = 0;
  while (!text.empty()) {
    const std::optional<std::int64_t> term = take_term(text);
    if (!term || !add(sum, *term)) return std::nullopt;
  }
  return Duration(negative ? -sum : sum);
}

std::optional<Duration> seconds_to_duration(double seconds) {
  const double nanoseconds = seconds * 1e9;
  if (!(std::fabs(nanoseconds) < 9223372036854775807.0)) return std::nullopt;  // false for NaN, too
  return Duration(static_cast<std::int64_t>(std::llround(nanoseconds)));
}

namespace {

// `value / unit` with the digits behind the point that are not 0.
std::string decimal(std::uint64_t value, std::uint64_t unit) {
  std::string text = fmt::format("{}", value / unit);
  if (value % unit == 0) return text;
  const auto digits = static_cast<int>(fmt::formatted_size("{}", unit)) - 1;
  text += fmt::format(".{:0{}}", value % unit, digits);
  return text.substr(0, text.find_last_not_of('0') + 1);
}

}  // namespace

std::string to_text(Duration duration) {
  const bool negative = duration < Duration::zero();
  // As unsigned, since the least value has no positive counterpart.
  const auto count = static_cast<std::uint64_t>(duration.count());
  const std::uint64_t size = negative ? 0 - count : count;
  std::string text = negative ? "-" : "";
  constexpr std::uint64_t kSecond = 1'000'000'000;
  if (size == 0) return "0s";
  if (size < 1000) return text + fmt::format("{}ns", size);
  if (size < 1'000'000) return text + decimal(size, 1000) + "µs";
  if (size < kSecond) return text + decimal(size, 1'000'000) + "ms";
  const std::uint64_t minutes = size / kSecond / 60;
  if (minutes >= 60) text += fmt::format("{}h", minutes / 60);
  if (minutes > 0) text += fmt::format("{}m", minutes % 60);
  return text + decimal(size % (60 * kSecond), kSecond) + "s";
}

}  // namespace prox::config
