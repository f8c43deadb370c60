#include "prox/config/json_schema.h"

#include <fmt/format.h>

#include <cctype>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <vector>

#include "config/schema.h"
#include "config/schema_default.h"

namespace prox::config {
namespace {

using base::Json;
using schema::Key;
using schema::Object;
using schema::Type;

constexpr const char* kDurationPattern =
    "^([-+]?(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h))+|[-+]?0)$";
constexpr const char* kPositiveDurationPattern =
    "^([+]?(([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h))+|[-+]?0)$";

Json reference_to(std::string_view name) { return {{"$ref", fmt::format("#/$defs/{}", name)}}; }

std::string variant_name(const Object& object, std::string_view word) {
  return fmt::format("{}.{}", object.title, word);
}

// Every spelling of a word in which case makes no difference.
std::string any_case(std::string_view word) {
  std::string pattern;
  for (const char c : word) {
    const auto letter = static_cast<unsigned char>(c);
    pattern += fmt::format("[{}{}]", static_cast<char>(std::toupper(letter)),
                           static_cast<char>(std::tolower(letter)));
  }
  return pattern;
}

// Editors offer what is in an enum; the pattern takes the same words in any case.
Json of_words(const schema::Words& words) {
  Json list = Json::array();
  std::vector<std::string> patterns;
  for (const schema::Word& word : words.list) {
    if (word.listed || !words.any_case) list.push_back(word.text);
    patterns.push_back(any_case(word.text));
  }
  if (!words.any_case) return {{"enum", list}};
  return {{"anyOf",
           {{{"enum", list}},
            {{"type", "string"}, {"pattern", fmt::format("^({})$", fmt::join(patterns, "|"))}}}}};
}

Json of_integer(const Type& type) {
  Json json = {{"type", "integer"}};
  if (type.least != std::numeric_limits<std::int64_t>::min()) json["minimum"] = type.least;
  if (type.most != std::numeric_limits<std::int64_t>::max()) json["maximum"] = type.most;
  return json;
}

Json of_type(const Type& type) {
  if ((type.forms & schema::kAnything) != 0) return Json::object();
  Json forms = Json::array();
  const auto add = [&](schema::Form form, auto make) {
    if ((type.forms & form) != 0) forms.push_back(make());
  };
  add(schema::kNull, [] { return Json{{"type", "null"}}; });
  add(schema::kBool, [] { return Json{{"type", "boolean"}}; });
  add(schema::kInteger, [&] { return of_integer(type); });
  add(schema::kNumber, [] { return Json{{"type", "number"}}; });
  add(schema::kDuration,
      [&] { return reference_to(type.negative ? "signed_duration" : "duration"); });
  add(schema::kString, [&] {
    return type.words == nullptr ? Json{{"type", "string"}} : of_words(*type.words);
  });
  add(schema::kArray, [&] { return Json{{"type", "array"}, {"items", of_type(*type.items)}}; });
  add(schema::kMap, [&] {
    return Json{{"type", "object"}, {"additionalProperties", of_type(*type.items)}};
  });
  add(schema::kObject, [&] { return reference_to(type.object->title); });
  return forms.size() == 1 ? forms[0] : Json{{"anyOf", forms}};
}

std::string description_of(const Key& key) {
  std::string text(key.meaning);
  if (!key.unit.empty()) text += fmt::format(" ({})", key.unit);
  if (key.preset.in_words) text += fmt::format("; default: {}", key.preset.text);
  return text;
}

// Beside a $ref other words have their own meaning since draft 2019-09, so description and default may stand there.
Json of_key(const Key& key) {
  Json json = of_type(key.type);
  json["description"] = description_of(key);
  if (const auto preset = schema::default_of(key)) json["default"] = *preset;
  return json;
}

Json of_keys(const Object& object, std::uint32_t variants) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const Key& key : object.keys) {
    if ((key.variants & variants) == 0) continue;
    properties[std::string(key.name)] = of_key(key);
    if (key.preset == schema::kRequired) required.push_back(key.name);
  }
  Json json = {{"type", "object"}, {"properties", properties}};
  if (!required.empty()) json["required"] = required;
  json["additionalProperties"] = false;
  return json;
}

class Definitions {
 public:
  void add(const Object& object);
  Json take() { return std::move(definitions_); }

 private:
  void add_variants(const Object& object);

  std::set<const Object*> seen_;
  Json definitions_ = {
      {"duration",
       {{"description", "1m30s, 500ms, or a number of seconds"},
        {"anyOf",
         {{{"type", "number"}, {"minimum", 0}},
          {{"type", "string"}, {"pattern", kPositiveDurationPattern}}}}}},
      {"signed_duration",
       {{"description", "1m30s, 500ms, -1, or a number of seconds"},
        {"anyOf", {{{"type", "number"}}, {{"type", "string"}, {"pattern", kDurationPattern}}}}}}};
};

void Definitions::add(const Object& object) {
  if (!seen_.insert(&object).second) return;
  if (object.selector.empty()) {
    definitions_[std::string(object.title)] = of_keys(object, ~0U);
  } else {
    add_variants(object);
  }
  for (const Key& key : object.keys) {
    for (const Type* type = &key.type; type != nullptr; type = type->items) {
      if (type->object != nullptr) add(*type->object);
    }
  }
}

// The selector decides which of the variants' own definitions holds.
void Definitions::add_variants(const Object& object) {
  const Key& selector = *object.find(object.selector);
  const std::string name(selector.name);
  Json cases = Json::array();
  const auto& words = selector.type.words->list;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string variant = variant_name(object, words[i].text);
    cases.push_back(
        {{"if", {{"properties", {{name, {{"const", words[i].text}}}}}, {"required", {name}}}},
         {"then", reference_to(variant)}});
    definitions_[variant] = of_keys(object, 1U << i);
  }
  definitions_[std::string(object.title)] = {{"type", "object"},
                                             {"properties", {{name, of_key(selector)}}},
                                             {"required", {name}},
                                             {"allOf", cases}};
}

}  // namespace

std::string json_schema() {
  Definitions definitions;
  definitions.add(schema::kRoot);
  Json defs = definitions.take();
  Json json = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
               {"title", "prox.json5"},
               {"description", "The configuration of prox; printed by prox schema."}};
  const std::string root(schema::kRoot.title);
  json.update(defs[root]);
  defs.erase(root);
  json["$defs"] = std::move(defs);
  return json.dump(2) + "\n";
}

}  // namespace prox::config
