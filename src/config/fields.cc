#include "config/fields.h"

#include <fmt/format.h>

#include <utility>

#include "config/duration.h"
#include "config/secret.h"
#include "prox/base/assert.h"

namespace prox::config {

using json5::Value;

const schema::Key& Fields::key_of(std::string_view key) const {
  const schema::Key* known = table_.find(key);
  PROX_ASSERT(known != nullptr);  // what is read must be in the table, or nobody could write it
  return *known;
}

const Value* Fields::find(std::string_view key) const {
  key_of(key);
  return object_.find(key);
}

std::optional<std::size_t> Fields::word_index(const schema::Type& type, const Value& value) {
  const std::string* text = value.as_string();
  if (text == nullptr) return std::nullopt;
  const auto& words = type.words->list;
  const auto word = std::find_if(words.begin(), words.end(),
                                 [&](const schema::Word& w) { return w.text == *text; });
  if (word == words.end()) return std::nullopt;
  return static_cast<std::size_t>(word - words.begin());
}

bool Fields::read(std::string_view key, bool& to) const {
  const Value* value = find(key);
  const bool* flag = value == nullptr ? nullptr : value->as_bool();
  if (flag != nullptr) to = *flag;
  return flag != nullptr;
}

bool Fields::read(std::string_view key, std::int64_t& to) const {
  const Value* value = find(key);
  const json5::Number* number = value == nullptr ? nullptr : value->as_number();
  if (number == nullptr || !number->integer) return false;
  to = *number->integer;
  return true;
}

bool Fields::read(std::string_view key, double& to) const {
  const Value* value = find(key);
  const json5::Number* number = value == nullptr ? nullptr : value->as_number();
  if (number != nullptr) to = number->value;
  return number != nullptr;
}

bool Fields::read(std::string_view key, Duration& to) const {
  const Value* value = find(key);
  if (value == nullptr) return false;
  std::optional<Duration> duration;
  if (const std::string* text = value->as_string()) duration = parse_duration(*text);
  if (const json5::Number* n = value->as_number()) duration = seconds_to_duration(n->value);
  if (duration) to = *duration;
  return duration.has_value();
}

bool Fields::read(std::string_view key, Text& to) const {
  const Value* value = find(key);
  const std::string* text = value == nullptr ? nullptr : value->as_string();
  if (text != nullptr) to = {*text, value->place};
  return text != nullptr;
}

bool Fields::read(std::string_view key, Texts& to) const {
  const Value* value = find(key);
  if (value == nullptr || value->as_array() == nullptr) return false;
  to.clear();
  for (const Value& item : *value->as_array()) {
    if (item.as_string() != nullptr) to.push_back({*item.as_string(), item.place});
  }
  return true;
}

bool Fields::read(std::string_view key, NamedTexts& to) const {
  const Value* value = find(key);
  if (value == nullptr || value->as_object() == nullptr) return false;
  to.clear();
  for (const json5::Member& member : *value->as_object()) {
    const std::string* text = member.value.as_string();
    if (text == nullptr && !member.value.is_null()) continue;
    to.push_back({{member.key, member.key_place},
                  {text == nullptr ? std::string() : *text, member.value.place}});
  }
  return true;
}

bool Fields::read(std::string_view key, Path& to) const {
  if (!read(key, to.written)) return false;
  to.resolved = context_.resolve(to.written.value);
  return true;
}

bool Fields::read(std::string_view key, Networks& to) const {
  Texts texts;
  if (!read(key, texts)) return false;
  to.clear();
  for (const Text& text : texts) {
    const tl::expected<Network, std::string_view> network = parse_network(text.value);
    if (network) {
      to.push_back(*network);
    } else {
      context_.diagnostics.error(
          "network", text.place,
          fmt::format("\"{}\" is not a network: {}", text.value, network.error()),
          "write an address or a range of them, such as 10.0.0.0/8 or 2001:db8::/32");
    }
  }
  return true;
}

bool Fields::read(std::string_view key, Secret& to) const {
  const Value* value = find(key);
  std::optional<Secret> secret =
      value == nullptr ? std::nullopt : read_secret(context_, *value, key);
  if (secret) to = std::move(*secret);
  return secret.has_value();
}

std::optional<Fields> Fields::object(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr || value->as_object() == nullptr) return std::nullopt;
  return Fields(context_, *value, *key_of(key).type.object);
}

const json5::Members& Fields::members(std::string_view key) const {
  static const json5::Members none;
  const Value* value = find(key);
  return value == nullptr || value->as_object() == nullptr ? none : *value->as_object();
}

}  // namespace prox::config
