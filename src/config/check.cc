#include "config/check.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "config/duration.h"
#include "config/host.h"

namespace prox::config {
namespace {

using json5::Value;
using schema::Key;
using schema::State;
using schema::Type;

constexpr std::string_view kDurationHelp = "write 10s, 1m30s or a number of seconds";

// The form that a value has, as one bit; a duration counts as the string or number that it is written as.
std::uint16_t form_of(const Value& value) {
  switch (value.type()) {
    case Value::Type::Null: return schema::kNull;
    case Value::Type::Bool: return schema::kBool;
    case Value::Type::Number: return schema::kNumber;
    case Value::Type::String: return schema::kString;
    case Value::Type::Array: return schema::kArray;
    case Value::Type::Object: return schema::kObject;
  }
  return 0;
}

// All forms that a value of the written form `form` can serve as.
std::uint16_t serves_as(std::uint16_t form) {
  switch (form) {
    case schema::kNumber: return schema::kNumber | schema::kInteger | schema::kDuration;
    case schema::kString: return schema::kString | schema::kDuration;
    case schema::kObject: return schema::kObject | schema::kMap;
    default: return form;
  }
}

// What a message says was found: the type, or what makes a number unusable.
std::string found(const Value& value) {
  if (const json5::Number* number = value.as_number()) {
    if (std::isnan(number->value)) return "NaN";
    if (std::isinf(number->value)) return "Infinity";
  }
  const std::string_view name = value.type_name();
  const std::size_t article = name.find(' ');
  return std::string(article == std::string_view::npos ? name : name.substr(article + 1));
}

// How the value would be written that its author may have had in mind.
std::string help_for_form(const Value& value, const Type& type, std::string_view written) {
  if ((type.forms & schema::kDuration) != 0) return std::string(kDurationHelp);
  if (type.forms == schema::kString && value.as_number() != nullptr)
    return fmt::format("strings need quotes: \"{}\"", written);
  const std::string* text = value.as_string();
  if (text == nullptr) return {};
  if (type.forms == schema::kArray && (type.items->forms & schema::kString) != 0)
    return fmt::format("write [{}]", written);
  const bool is_meant = type.forms == schema::kBool
                            ? *text == "true" || *text == "false"
                            : type.forms == schema::kInteger && is_digits(*text);
  return is_meant ? fmt::format("write {}, without quotes", *text) : std::string();
}

bool is_word(const schema::Words& words, std::string_view text) {
  return std::any_of(words.list.begin(), words.list.end(), [&](const schema::Word& word) {
    if (!words.any_case) return word.text == text;
    return word.text.size() == text.size() &&
           strncasecmp(word.text.data(), text.data(), text.size()) == 0;
  });
}

const schema::Word* find_word(const schema::Words& words, std::string_view text) {
  const auto word = std::find_if(words.list.begin(), words.list.end(),
                                 [&](const schema::Word& w) { return w.text == text; });
  return word == words.list.end() ? nullptr : &*word;
}

std::string named(const schema::Object& object, std::string_view name) {
  return fmt::format("{} \"{}\"", object.title, name);
}

// The character of a name that would break route ids or log lines.
std::optional<std::string_view> bad_name_character(std::string_view name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    if (c <= ' ' || c == 0x7f || c == ':' || c == '/') return name.substr(i, 1);
  }
  return std::nullopt;
}

}  // namespace

void Checker::check(const Value& value, const schema::Object& object, std::string thing) {
  check_object(value, object, std::move(thing), State::Built);
}

void Checker::check_route_file(const Value& value) {
  check_value(value, schema::kRouteFile, {"routes", {}, State::Built},
              std::string(schema::kRouteFileObject.thing));
}

bool Checker::lacks(const Value& object, std::string_view key) const {
  if (object.find(key) != nullptr) return false;
  const auto taken = misspelt_.find(&object);
  return taken == misspelt_.end() ||
         std::find(taken->second.begin(), taken->second.end(), key) == taken->second.end();
}

void Checker::check_value(const Value& value, const Type& type, const Spot& spot,
                          const std::string& thing) {
  if ((type.forms & schema::kAnything) != 0) return;
  if (!check_form(value, type, spot)) return;
  const std::uint16_t forms = type.forms & serves_as(form_of(value));
  if ((forms & schema::kDuration) != 0) check_duration(value, type, spot);
  if ((forms & schema::kInteger) != 0) check_number(value, type, spot);
  if ((forms & schema::kString) != 0 && type.words != nullptr) check_word(value, type, spot);
  if ((forms & schema::kObject) != 0) check_object(value, *type.object, thing, spot.state);
  if ((forms & schema::kMap) != 0) check_map(value, type, spot);
  if ((forms & schema::kArray) == 0) return;
  for (const Value& item : *value.as_array()) {
    const std::string item_thing(type.items->object == nullptr ? std::string_view{}
                                                               : type.items->object->thing);
    check_value(item, *type.items, {spot.key, "an item of ", spot.state}, item_thing);
  }
}

bool Checker::check_form(const Value& value, const Type& type, const Spot& spot) {
  const json5::Number* number = value.as_number();
  bool fits = (type.forms & serves_as(form_of(value))) != 0 &&
              (number == nullptr || std::isfinite(number->value));
  std::string what = found(value);
  const bool whole_only =
      number != nullptr && fits && (type.forms & (schema::kNumber | schema::kDuration)) == 0;
  if (whole_only && std::trunc(number->value) != number->value) {
    fits = false;
    what = "a fraction";
  }
  if (fits) return true;
  if (value.is_null()) {
    context_.diagnostics.error(
        "null-value", value.place,
        fmt::format("{}\"{}\" is null; leave the key out instead", spot.holder, spot.key));
  } else if (!type.mismatch.empty()) {
    context_.diagnostics.error(type.mismatch_id, value.place, std::string(type.mismatch));
  } else {
    context_.diagnostics.error(
        "bad-type", value.place,
        fmt::format("{}\"{}\" must be {}, found {}", spot.holder, spot.key, type.text, what),
        help_for_form(value, type, context_.written(value)));
  }
  return false;
}

void Checker::check_number(const Value& value, const Type& type, const Spot& spot) {
  const std::optional<std::int64_t> integer = value.as_number()->integer;
  if (integer && *integer >= type.least && *integer <= type.most) return;
  if (type.range_id.empty()) {
    context_.diagnostics.error(
        "int-range", value.place,
        fmt::format("{} must be between {} and {}", spot.key, type.least, type.most));
  } else {
    context_.diagnostics.error(type.range_id, value.place,
                               fmt::format("{} {} is not between {} and {}", spot.key,
                                           context_.written(value), type.least, type.most));
  }
}

void Checker::check_duration(const Value& value, const Type& type, const Spot& spot) {
  const std::string* text = value.as_string();
  const std::optional<Duration> duration =
      text != nullptr ? parse_duration(*text) : seconds_to_duration(value.as_number()->value);
  if (!duration) {
    const std::string_view shown =
        text != nullptr ? std::string_view(*text) : context_.written(value);
    context_.diagnostics.error("duration", value.place,
                               fmt::format("\"{}\" is not a duration", shown),
                               std::string(kDurationHelp));
  } else if (*duration < Duration::zero() && !type.negative) {
    context_.diagnostics.error("duration-negative", value.place,
                               fmt::format("{} must not be negative", spot.key));
  }
}

void Checker::check_word(const Value& value, const Type& type, const Spot& spot) {
  const schema::Words& words = *type.words;
  const std::string& text = *value.as_string();
  if (is_word(words, text)) {
    const schema::Word* word = find_word(words, text);
    const bool later = word != nullptr && word->state == State::Later && spot.state == State::Built;
    if (later) context_.not_built(value.place, fmt::format("\"{}\"", text));
    return;
  }
  std::vector<std::string_view> known;
  for (const schema::Word& word : words.list) {
    if (word.listed) known.push_back(word.text);
  }
  std::string message =
      words.noun.empty() ? fmt::format("\"{}\" must be {}, found \"{}\"", spot.key, type.text, text)
                         : fmt::format("unknown {} \"{}\"", words.noun, text);
  if (!words.noun.empty() && words.named_in_message) {
    message += fmt::format("; known: {}", fmt::join(known, ", "));
  }
  context_.diagnostics.error(words.id, value.place, std::move(message), did_you_mean(text, known));
}

void Checker::check_map(const Value& value, const Type& type, const Spot& spot) {
  const schema::Object* object = type.items->object;
  for (const json5::Member& member : *value.as_object()) {
    if (type.named && object != nullptr) check_name({member.key, member.key_place}, object->title);
    check_value(member.value, *type.items, {member.key, {}, spot.state},
                object == nullptr ? std::string() : named(*object, member.key));
  }
}

void Checker::check_name(const Text& name, std::string_view title) const {
  Diagnostics& diagnostics = context_.diagnostics;
  if (name.value.empty()) {
    diagnostics.error("name-empty", name.place,
                      fmt::format("the name of a {} may not be empty", title));
  } else if (const std::optional<std::string_view> bad = bad_name_character(name.value)) {
    const auto code = static_cast<unsigned char>(bad->front());
    const std::string shown =
        code < ' ' || code == 0x7f ? fmt::format("U+{:04X}", code) : fmt::format("\"{}\"", *bad);
    diagnostics.error("name-chars", name.place,
                      fmt::format("the name of a {} may not contain {}", title, shown));
  } else if (name.value.starts_with(kInlinePrefix)) {
    diagnostics.error(
        "name-reserved", name.place,
        fmt::format("\"{}\": names that begin with _inline_ are kept for what is written inline",
                    name.value));
  }
}

void Checker::check_object(const Value& value, const schema::Object& object, std::string thing,
                           State state) {
  Scope scope{object, value, std::move(thing), state};
  if (!object.selector.empty()) select_variant(scope);
  for (const json5::Member& member : *value.as_object()) check_member(member, scope);
}

void Checker::select_variant(Scope& scope) const {
  const Value* selector = scope.value.find(scope.object.selector);
  const schema::Words& words = *scope.object.find(scope.object.selector)->type.words;
  const std::string* text = selector == nullptr ? nullptr : selector->as_string();
  const schema::Word* word = text == nullptr ? nullptr : find_word(words, *text);
  if (word == nullptr) return;
  scope.variants = 1U << static_cast<unsigned>(word - words.list.data());
  scope.variant = word;
}

// Whether nothing is to be said of a key that is not built in: because its variant is not built in either, which was said of
// the selector, or because nobody can tell which variant is meant.
bool Checker::belongs_to_unbuilt(const Key& key, const Scope& scope) {
  if (scope.object.selector.empty() || key.name == scope.object.selector) return false;
  if (scope.variant == nullptr) return key.variants != ~0U;
  return scope.variant->state == State::Later;
}

void Checker::check_member(const json5::Member& member, const Scope& scope) {
  const Key* key = scope.object.find(member.key, scope.variants);
  if (key == nullptr) {
    if (scope.object.find(member.key) == nullptr) return report_unknown(member, scope);
    context_.diagnostics.error("action-key", member.key_place,
                               fmt::format("\"{}\" is not used by {} {}s", member.key,
                                           scope.variant->text, scope.object.title));
    return;
  }
  const bool silent = scope.state == State::Later || belongs_to_unbuilt(*key, scope);
  if (key->state == State::Later && !silent) {
    context_.not_built(member.key_place, fmt::format("\"{}\"", key->name));
  }
  const State state = silent || key->state != State::Built ? State::Later : State::Built;
  const schema::Object* inner = key->type.object;
  check_value(member.value, key->type, {member.key, {}, state},
              inner == nullptr ? std::string() : std::string(inner->thing));
}

void Checker::report_unknown(const json5::Member& member, const Scope& scope) {
  for (const schema::Foreign& foreign : scope.object.foreign) {
    if (foreign.name != member.key) continue;
    context_.diagnostics.error(foreign.id, member.key_place,
                               fmt::format("\"{}\" {}", foreign.name, foreign.message),
                               std::string(foreign.help));
    if (!foreign.holder.empty()) misspelt_[&scope.value].push_back(foreign.holder);
    return;
  }
  std::vector<std::string_view> known;
  for (const Key& key : scope.object.keys) {
    if ((key.variants & scope.variants) != 0) known.push_back(key.name);
  }
  if (const std::optional<std::string_view> meant = nearest(member.key, known)) {
    misspelt_[&scope.value].push_back(*meant);
  }
  context_.diagnostics.error("unknown-key", member.key_place,
                             fmt::format("unknown key \"{}\" in {}", member.key, scope.thing),
                             did_you_mean(member.key, known));
}

}  // namespace prox::config
