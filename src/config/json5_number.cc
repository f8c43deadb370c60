#include "config/json5_number.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

namespace prox::config::json5 {
namespace {

std::optional<std::int64_t> with_sign(std::uint64_t magnitude, bool negative) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (magnitude > kMax + (negative ? 1 : 0)) return std::nullopt;
  return static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
}

std::optional<std::int64_t> to_integer(std::string_view digits, int base, bool negative) {
  std::uint64_t magnitude = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return with_sign(magnitude, negative);
}

// A decimal number as digits and a power of ten: 12.50e3 is 125 and 2. No zeros at either end; "" is zero.
struct Decimal {
  std::string digits;
  std::int64_t power = 0;
};

// Exponents beyond this make 0 or Infinity of any number that fits into a file.
constexpr std::int64_t kHugeExponent = 1'000'000'000;

std::int64_t to_exponent(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error == std::errc()) return std::clamp(exponent, -kHugeExponent, kHugeExponent);
  return text.starts_with('-') ? -kHugeExponent : kHugeExponent;
}

Decimal to_decimal(std::string_view text) {
  Decimal decimal;
  if (const auto e = text.find_first_of("eE"); e != text.npos) {
    decimal.power = to_exponent(text.substr(e + 1));
    text = text.substr(0, e);
  }
  const auto point = std::min(text.find('.'), text.size());
  decimal.digits = text.substr(0, point);
  if (point < text.size()) {
    decimal.digits += text.substr(point + 1);
    decimal.power -= static_cast<std::int64_t>(text.size() - point - 1);
  }
  decimal.digits.erase(0, std::min(decimal.digits.find_first_not_of('0'), decimal.digits.size()));
  while (decimal.digits.ends_with('0')) {
    decimal.digits.pop_back();
    ++decimal.power;
  }
  return decimal;
}

std::optional<std::int64_t> to_integer(const Decimal& decimal, bool negative) {
  if (decimal.digits.empty()) return 0;
  constexpr std::int64_t kMostDigits = std::numeric_limits<std::int64_t>::digits10 + 1;
  const bool whole = decimal.power >= 0;
  if (!whole || static_cast<std::int64_t>(decimal.digits.size()) + decimal.power > kMostDigits)
    return std::nullopt;
  return to_integer(decimal.digits + std::string(static_cast<std::size_t>(decimal.power), '0'), 10,
                    negative);
}

// std::from_chars says only that a number does not fit, not on which side.
double beyond_range(bool large) { return large ? std::numeric_limits<double>::infinity() : 0; }

Number from_hex(std::string_view digits, bool negative) {
  Number number;
  number.integer = to_integer(digits, 16, negative);
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number.value,
                                      std::chars_format::hex);
  if (result.ec == std::errc::result_out_of_range) number.value = beyond_range(true);
  return number;
}

Number from_decimal(std::string_view text, bool negative) {
  const Decimal decimal = to_decimal(text);
  Number number;
  number.integer = to_integer(decimal, negative);
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number.value);
  if (result.ec == std::errc::result_out_of_range) {
    number.value =
        beyond_range(static_cast<std::int64_t>(decimal.digits.size()) + decimal.power > 0);
  }
  return number;
}

Number from_unsigned(std::string_view text, bool negative) {
  if (text.starts_with("0x") || text.starts_with("0X")) return from_hex(text.substr(2), negative);
  if (text == "Infinity") return {std::numeric_limits<double>::infinity(), std::nullopt};
  if (text == "NaN") return {std::numeric_limits<double>::quiet_NaN(), std::nullopt};
  return from_decimal(text, negative);
}

}  // namespace

Number to_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  Number number = from_unsigned(text, negative);
  if (negative) number.value = -number.value;
  return number;
}

}  // namespace prox::config::json5
