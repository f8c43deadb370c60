#include "config/resource_json.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace prox::config {
namespace {

using base::Json;
using json5::Value;

Json convert_number(const Value& value, Diagnostics& diagnostics) {
  const json5::Number& number = *value.as_number();
  if (!std::isfinite(number.value)) {
    const std::string_view shown = std::isnan(number.value) ? "NaN" : "Infinity";
    diagnostics.error("bad-type", value.place, fmt::format("JSON has no {}", shown));
    return nullptr;
  }
  return number.integer ? Json(*number.integer) : Json(number.value);
}

}  // namespace

Json json_of(const Value& value, Diagnostics& diagnostics) {
  switch (value.type()) {
    case Value::Type::Null: return nullptr;
    case Value::Type::Bool: return *value.as_bool();
    case Value::Type::Number: return convert_number(value, diagnostics);
    case Value::Type::String: return *value.as_string();
    case Value::Type::Array: {
      Json array = Json::array();
      for (const Value& item : *value.as_array()) array.push_back(json_of(item, diagnostics));
      return array;
    }
    case Value::Type::Object: {
      Json object = Json::object();
      for (const json5::Member& member : *value.as_object()) {
        object.emplace(member.key, json_of(member.value, diagnostics));
      }
      return object;
    }
  }
  return nullptr;
}

std::string to_json(const Value& value, Diagnostics& diagnostics) {
  // A lone surrogate escape has no UTF-8; U+FFFD stands for it, as in every browser.
  return json_of(value, diagnostics).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace prox::config
