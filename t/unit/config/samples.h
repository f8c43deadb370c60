#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "config/schema.h"

// Values and whole configs made from the tables of keys, for the tests that go through all of them.
namespace prox::config::test {

// Strings that need a certain form to be read.
inline std::string sample_string(std::string_view key) {
  static const std::map<std::string_view, std::string> forms = {
      {"client", "10.0.0.0/8"}, {"allow", "10.0.0.0/8"},           {"deny", "10.0.0.0/8"},
      {"from", "10.0.0.0/8"},   {"trusted_proxies", "10.0.0.0/8"}, {"rate", "5/m"},
  };
  const auto form = forms.find(key);
  return form == forms.end() ? std::string("some") : form->second;
}

inline std::string sample_object(const schema::Object& object);

// A value of that type that is not the default.
inline std::string sample(const schema::Type& type, std::string_view key, std::string_view preset) {
  if (key == "status" && type.forms == schema::kString) return "'204'";
  if ((type.forms & schema::kBool) != 0) return preset == "true" ? "false" : "true";
  if ((type.forms & schema::kInteger) != 0) {
    return std::to_string(std::to_string(type.least) == preset ? type.most : type.least);
  }
  if ((type.forms & schema::kNumber) != 0) return "2.5";
  if ((type.forms & schema::kDuration) != 0) return type.negative ? "'-7s'" : "'7s'";
  if ((type.forms & schema::kArray) != 0) return fmt::format("[{}]", sample(*type.items, key, {}));
  if ((type.forms & schema::kMap) != 0)
    return fmt::format("{{k: {}}}", sample(*type.items, "", {}));
  if ((type.forms & schema::kAnything) != 0) return "1";
  if ((type.forms & schema::kString) == 0) return sample_object(*type.object);
  if (type.words == nullptr) return fmt::format("'{}'", sample_string(key));
  const std::string_view last = type.words->list.back().text;
  return fmt::format("'{}'", last == preset ? type.words->list.front().text : last);
}

// `key: value, ` for the keys that an object of that variant cannot be without, but for `but`.
inline std::string required_keys(const schema::Object& object, std::uint32_t variant,
                                 std::string_view but) {
  std::string text;
  for (const schema::Key& key : object.keys) {
    if (key.name == but || (key.variants & variant) == 0) continue;
    if (key.name == object.selector && variant != ~0U) {
      const auto& words = key.type.words->list;
      std::size_t index = 0;
      while (1U << index != variant) ++index;
      text += fmt::format("{}: '{}', ", key.name, words[index].text);
    } else if (key.preset == schema::kRequired) {
      text += fmt::format("{}: {}, ", key.name, sample(key.type, key.name, {}));
    }
  }
  return text;
}

inline std::string sample_object(const schema::Object& object) {
  return fmt::format("{{{}}}", required_keys(object, object.selector.empty() ? ~0U : 1U, {}));
}

// Calls `visit` with each key of each object that a config may hold, for each variant of it, and with what makes a whole config of
// that object's members.
using Whole = std::function<std::string(std::string_view members)>;
using Visit =
    std::function<void(const schema::Object&, const schema::Key&, std::uint32_t, const Whole&)>;

inline void each_key(const schema::Object& object, const Whole& whole, const Visit& visit,
                     std::set<const schema::Object*>& seen) {
  if (!seen.insert(&object).second) return;
  const std::size_t variants =
      object.selector.empty() ? 1 : object.find(object.selector)->type.words->list.size();
  for (std::size_t i = 0; i < variants; ++i) {
    const std::uint32_t variant = object.selector.empty() ? ~0U : 1U << i;
    for (const schema::Key& key : object.keys) {
      if ((key.variants & variant) == 0) continue;
      const Whole in_object = [&](std::string_view members) {
        return whole(required_keys(object, variant, key.name) + std::string(members));
      };
      visit(object, key, variant, in_object);
      const schema::Type* type = &key.type;
      std::string before = fmt::format("{}: ", key.name);
      std::string after;
      for (; type->object == nullptr && type->items != nullptr; type = type->items) {
        const bool is_map = (type->forms & schema::kMap) != 0;
        before += is_map ? "{k: " : "[";
        after.insert(0, is_map ? "}" : "]");
      }
      if (type->object == nullptr) continue;
      const Whole in_member = [&](std::string_view members) {
        return in_object(fmt::format("{}{{{}}}{}", before, members, after));
      };
      each_key(*type->object, in_member, visit, seen);
    }
  }
}

inline void each_key(const Visit& visit) {
  std::set<const schema::Object*> seen;
  each_key(
      schema::kRoot, [](std::string_view members) { return fmt::format("{{{}}}", members); }, visit,
      seen);
}

}  // namespace prox::config::test
