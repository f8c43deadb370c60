#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/context.h"
#include "config/schema.h"
#include "prox/config/json5.h"
#include "prox/config/network.h"
#include "prox/config/text.h"

namespace prox::config {

// One object of a config and the table of its keys, for reading them into fields of their types. `read` tells whether it did: a
// key that is not written, or has a wrong form (which the Checker reported), leaves the field as it is. What has the right form
// and still no meaning (a network, a secret's file) is reported here.
class Fields {
 public:
  Fields(const Context& context, const json5::Value& object, const schema::Object& table)
      : context_(context), object_(object), table_(table) {}

  bool read(std::string_view key, bool& to) const;
  bool read(std::string_view key, std::int64_t& to) const;
  bool read(std::string_view key, double& to) const;
  bool read(std::string_view key, Duration& to) const;
  bool read(std::string_view key, Text& to) const;
  bool read(std::string_view key, Texts& to) const;
  bool read(std::string_view key, NamedTexts& to) const;  // null: an empty value
  bool read(std::string_view key, Path& to) const;
  bool read(std::string_view key, Networks& to) const;
  bool read(std::string_view key, Secret& to) const;

  // A word: its place in the key's list is the enumerator.
  template <typename Enum>
  requires std::is_enum_v<Enum>
  bool read(std::string_view key, Enum& to) const {
    const json5::Value* value = find(key);
    const auto index = value == nullptr ? std::nullopt : word_index(key_of(key).type, *value);
    if (index) to = static_cast<Enum>(*index);
    return index.has_value();
  }

  // An array of words.
  template <typename Enum>
  requires std::is_enum_v<Enum>
  bool read(std::string_view key, std::vector<Enum>& to) const {
    const json5::Value* value = find(key);
    if (value == nullptr || value->as_array() == nullptr) return false;
    to.clear();
    for (const json5::Value& item : *value->as_array()) {
      const auto index = word_index(*key_of(key).type.items, item);
      if (index) to.push_back(static_cast<Enum>(*index));
    }
    return true;
  }

  template <typename T>
  bool read(std::string_view key, std::optional<T>& to) const {
    T value{};
    if (!read(key, value)) return false;
    to = std::move(value);
    return true;
  }

  // An object in an object, with its own table; nothing if it is written in another form.
  std::optional<Fields> object(std::string_view key) const;
  // The members of an object whose keys are the user's; none if it is not written.
  const json5::Members& members(std::string_view key) const;

  const json5::Value& value() const { return object_; }
  const json5::Value* find(std::string_view key) const;
  const Context& context() const { return context_; }

 private:
  const schema::Key& key_of(std::string_view key) const;
  static std::optional<std::size_t> word_index(const schema::Type& type, const json5::Value& value);

  const Context& context_;
  const json5::Value& object_;
  const schema::Object& table_;
};

}  // namespace prox::config
