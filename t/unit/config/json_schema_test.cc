#include "prox/config/json_schema.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "catch.h"
#include "config/samples.h"
#include "prox/base/json.h"

// The JSON Schema for editors, held against the tables. That it is a good one, and takes what prox takes, is for t/test_schema.py.
namespace {

using namespace prox::config;
using namespace prox::config::test;
using prox::base::Json;

const Json& definition(const Json& root, const std::string& name) {
  CAPTURE(name);
  REQUIRE(root["$defs"].contains(name));
  return root["$defs"][name];
}

// Where the keys of that kind of object are.
const Json& keys_of(const Json& root, const schema::Object& object, std::uint32_t variant) {
  if (&object == &schema::kRoot) return root;
  if (object.selector.empty()) return definition(root, std::string(object.title));
  std::size_t index = 0;
  while (1U << index != variant) ++index;
  const auto& word = object.find(object.selector)->type.words->list[index];
  return definition(root, fmt::format("{}.{}", object.title, word.text));
}

TEST_CASE("the schema in conf is the one that prox prints") {
  std::ostringstream text;
  text << std::ifstream("conf/prox.schema.json").rdbuf();
  INFO("write it anew: prox schema > conf/prox.schema.json");
  CHECK((text.str() == json_schema()));
}

TEST_CASE("the schema has the keys of the tables, no more, no less") {
  const Json root = Json::parse(json_schema());
  std::set<std::pair<const schema::Object*, std::uint32_t>> objects;
  each_key([&](const schema::Object& object, const schema::Key& key, std::uint32_t variant,
               const Whole&) {
    objects.insert({&object, variant});
    CAPTURE(object.title, key.name);
    const Json& properties = keys_of(root, object, variant)["properties"];
    REQUIRE(properties.contains(std::string(key.name)));
    const std::string description = properties[std::string(key.name)]["description"];
    CHECK(description.starts_with(key.meaning));
  });
  for (const auto& [object, variant] : objects) {
    CAPTURE(object->title, variant);
    std::size_t count = 0;
    for (const schema::Key& key : object->keys) count += (key.variants & variant) != 0 ? 1 : 0;
    const Json& keys = keys_of(root, *object, variant);
    CHECK(keys["properties"].size() == count);
    CHECK(keys["additionalProperties"] == false);
  }
}

TEST_CASE("no two kinds of object share a name in the schema") {
  std::set<const schema::Object*> objects;
  std::set<std::string_view> titles;
  each_key([&](const schema::Object& object, const schema::Key&, std::uint32_t, const Whole&) {
    if (objects.insert(&object).second) CHECK(titles.insert(object.title).second);
  });
}

}  // namespace
