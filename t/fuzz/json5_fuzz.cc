// Any bytes as a config file: the reader neither crashes nor hangs, places lie where they should, and what was read can be written and read
// again.

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "property.h"
#include "prox/config/json5.h"

namespace {

using prox::config::Diagnostics;
using prox::config::Place;
using prox::config::Sources;
using prox::fuzz::check_diagnostics;
using prox::fuzz::require;
namespace json5 = prox::config::json5;
using json5::Value;

struct Reading {
  explicit Reading(std::string text) {
    value = json5::parse(sources, sources.add("fuzz.json5", std::move(text)), diagnostics);
  }

  Sources sources;
  Diagnostics diagnostics;
  std::optional<Value> value;
};

bool lies_in(Place inner, Place outer) {
  return inner.offset >= outer.offset && inner.length > 0 &&
         std::uint64_t{inner.offset} + inner.length <= std::uint64_t{outer.offset} + outer.length;
}

// `depth` is that of the array or object around the value.
void check_places(const Value& value, Place outer, int depth) {
  if (value.as_array() || value.as_object()) ++depth;
  require(depth <= json5::kMaxDepth, "depth is limited");
  require(lies_in(value.place, outer), "a value lies in its parent");
  if (const auto* items = value.as_array()) {
    for (const Value& item : *items) check_places(item, value.place, depth);
  }
  if (const auto* members = value.as_object()) {
    for (const json5::Member& member : *members) {
      require(lies_in(member.key_place, value.place), "a key lies in its object");
      require(member.key_place.offset + member.key_place.length < member.value.place.offset,
              "a key stands before its value");
      check_places(member.value, value.place, depth);
    }
  }
}

void check_same(const Value& a, const Value& b);

void check_same_members(const json5::Members& a, const json5::Members& b) {
  require(a.size() == b.size(), "objects have the same size");
  for (std::size_t i = 0; i < a.size(); ++i) {
    require(a[i].key == b[i].key, "keys are equal");
    check_same(a[i].value, b[i].value);
  }
}

void check_same(const Value& a, const Value& b) {
  require(a.type() == b.type(), "types are equal");
  if (const auto* flag = a.as_bool()) require(*flag == *b.as_bool(), "booleans are equal");
  if (const auto* text = a.as_string()) require(*text == *b.as_string(), "strings are equal");
  if (const auto* number = a.as_number()) {
    const json5::Number& other = *b.as_number();
    const bool both_nan = std::isnan(number->value) && std::isnan(other.value);
    require(both_nan || number->value == other.value, "numbers are equal");
    // Written from the double, a whole number beyond 64 bits may have been rounded to one within.
    if (number->integer) require(number->integer == other.integer, "integers are equal");
  }
  if (const auto* items = a.as_array()) {
    require(items->size() == b.as_array()->size(), "arrays have the same size");
    for (std::size_t i = 0; i < items->size(); ++i) check_same((*items)[i], (*b.as_array())[i]);
  }
  if (const auto* members = a.as_object()) check_same_members(*members, *b.as_object());
}

void write_string(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

void write_number(const json5::Number& number, std::string& out) {
  if (number.integer) {
    out += fmt::format("{}", *number.integer);
  } else if (std::isnan(number.value)) {
    out += "NaN";
  } else if (std::isinf(number.value)) {
    out += number.value > 0 ? "Infinity" : "-Infinity";
  } else {
    out += fmt::format("{:.17g}", number.value);
  }
}

void write(const Value& value, std::string& out) {
  if (value.is_null()) out += "null";
  if (const auto* flag = value.as_bool()) out += *flag ? "true" : "false";
  if (const auto* number = value.as_number()) write_number(*number, out);
  if (const auto* text = value.as_string()) write_string(*text, out);
  if (const auto* items = value.as_array()) {
    out += '[';
    for (const Value& item : *items) {
      write(item, out);
      out += ',';
    }
    out += ']';
  }
  if (const auto* members = value.as_object()) {
    out += '{';
    for (const json5::Member& member : *members) {
      write_string(member.key, out);
      out += ':';
      write(member.value, out);
      out += ',';
    }
    out += '}';
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Reading first(text);
  require(first.value.has_value() || first.diagnostics.has_errors(), "a refusal has a reason");
  check_diagnostics(first.diagnostics, first.sources);
  const Reading again(text);
  require(first.value.has_value() == again.value.has_value(), "reading is deterministic");
  require(first.diagnostics.all().size() == again.diagnostics.all().size(),
          "diagnostics are deterministic");
  if (!first.value) return 0;
  check_places(*first.value, {0, 0, static_cast<std::uint32_t>(size)}, 0);
  check_same(*first.value, *again.value);
  std::string written;
  write(*first.value, written);
  const Reading reread(written);
  require(reread.value.has_value() && !reread.diagnostics.has_errors(),
          "what is written can be read");
  check_same(*first.value, *reread.value);
  return 0;
}
