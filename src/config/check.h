#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/context.h"
#include "config/schema.h"
#include "prox/config/json5.h"

namespace prox::config {

// Holds a JSON5 value against the tables of schema.h: known keys, forms, ranges, words, names, and what is not built in yet.
// What a table cannot say (references, patterns, addresses) is left to later steps, which may rely on it that whatever has
// the wrong form was reported here.
class Checker {
 public:
  explicit Checker(const Context& context) : context_(context) {}

  // `thing` is what messages call the object: "the root object".
  void check(const json5::Value& value, const schema::Object& object, std::string thing);
  // An array or an object.
  void check_route_file(const json5::Value& value);
  // The name of a service, an action, a resource, a plugin: `title`.
  void check_name(const Text& name, std::string_view title) const;

  // Whether `object` was written without that key, and without another that may be a misspelling of it: whether it may be
  // called missing.
  bool lacks(const json5::Value& object, std::string_view key) const;

 private:
  // Where a value stands: the key that leads to it, and whether that is built in.
  struct Spot {
    std::string_view key;
    std::string_view holder;  // "an item of ", if the key is that of the list around it
    schema::State state;
  };
  // What is known of an object before its keys are looked at.
  struct Scope {
    const schema::Object& object;
    const json5::Value& value;
    std::string thing;  // `action "a"`
    schema::State state;
    // By its selector; all bits if there is none, or none is recognised.
    std::uint32_t variants = ~0U;
    const schema::Word* variant = nullptr;  // the selector's word, if recognised
  };

  void check_value(const json5::Value& value, const schema::Type& type, const Spot& spot,
                   const std::string& thing);
  bool check_form(const json5::Value& value, const schema::Type& type, const Spot& spot);
  void check_number(const json5::Value& value, const schema::Type& type, const Spot& spot);
  void check_duration(const json5::Value& value, const schema::Type& type, const Spot& spot);
  void check_word(const json5::Value& value, const schema::Type& type, const Spot& spot);
  void check_map(const json5::Value& value, const schema::Type& type, const Spot& spot);
  void check_object(const json5::Value& value, const schema::Object& object, std::string thing,
                    schema::State state);
  void select_variant(Scope& scope) const;
  static bool belongs_to_unbuilt(const schema::Key& key, const Scope& scope);
  void check_member(const json5::Member& member, const Scope& scope);
  void report_unknown(const json5::Member& member, const Scope& scope);

  const Context& context_;
  // By object: the known keys that unknown ones were taken for.
  std::unordered_map<const json5::Value*, std::vector<std::string_view>> misspelt_;
};

}  // namespace prox::config
