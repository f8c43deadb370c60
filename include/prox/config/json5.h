#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "prox/config/diagnostic.h"
#include "prox/config/source.h"

namespace prox::config::json5 {

class Value;

// A number as written. `integer` is set if the text is a whole number that fits exactly (5, 0x1E, 200.0, -0), whatever its size as a
// double. Beyond a double's range `value` is infinite, or 0 (1e999, 1e-999).
struct Number {
  double value = 0;
  std::optional<std::int64_t> integer;
};

struct Member;
using Items = std::vector<Value>;
using Members = std::vector<Member>;  // in the order written; keys are unique

// One value of a JSON5 text (https://spec.json5.org), with its place.
class Value {
 public:
  enum class Type : std::uint8_t { Null, Bool, Number, String, Array, Object };

  Value() = default;

  Type type() const { return static_cast<Type>(data_.index()); }
  // "null", "a boolean", "a number", "a string", "an array", "an object": for messages.
  std::string_view type_name() const;

  bool is_null() const { return type() == Type::Null; }
  const bool* as_bool() const { return std::get_if<bool>(&data_); }
  const Number* as_number() const { return std::get_if<Number>(&data_); }
  const std::string* as_string() const { return std::get_if<std::string>(&data_); }
  const Items* as_array() const;
  const Members* as_object() const;
  // The member's value, or nullptr if this is no object or has none.
  const Value* find(std::string_view key) const;

  Place place;  // from the first byte of the value to its last, quotes and brackets included

  // Alternatives in the order of Type.
  std::variant<std::monostate, bool, Number, std::string, std::unique_ptr<Items>,
               std::unique_ptr<Members>>
      data_;
};

struct Member {
  std::string key;
  Place key_place;
  Value value;
};

inline constexpr int kMaxDepth = 64;                 // the root counts as 1
inline constexpr std::size_t kMaxBytes = 16u << 20;  // of one file

// Reads one text, already added to `sources`. A syntax error ends it: it is added to `diagnostics` (id "syntax": `expected <tokens>, found
// <token>`, or what else is wrong with the text: invalid UTF-8, depth, size) and nothing is returned. Duplicate keys ("duplicate-key") are
// added and reading goes on with the first one. Half a surrogate pair, as an escape, is a syntax error: it stands for no character.
std::optional<Value> parse(const Sources& sources, std::uint32_t file, Diagnostics& diagnostics);

}  // namespace prox::config::json5
