#include "config/effective.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "config/duration.h"
#include "config/resource_json.h"
#include "config/schema.h"
#include "config/schema_default.h"

namespace prox::config {
namespace {

using base::Json;
using json5::Value;
using schema::Key;
using schema::Object;
using schema::Type;

constexpr std::string_view kRedacted = "[REDACTED]";
constexpr std::array<std::string_view, 4> kSecretFields = {"authorization", "proxy-authorization",
                                                           "cookie", "x-api-key"};

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool is_secret_field(std::string_view name) {
  return std::any_of(kSecretFields.begin(), kSecretFields.end(),
                     [&](std::string_view secret) { return equal_ignoring_case(secret, name); });
}

bool holds_fields(std::string_view key) { return key == "headers" || key == "response_headers"; }

// The spelling of the list, where case makes no difference.
std::string canonical(const std::string& text, const schema::Words& words) {
  const auto word = std::find_if(words.list.begin(), words.list.end(), [&](const schema::Word& w) {
    return words.any_case && equal_ignoring_case(w.text, text);
  });
  return word == words.list.end() ? text : std::string(word->text);
}

class Describer {
 public:
  explicit Describer(const Tree& tree) : tree_(tree) {
    if (tree.root != nullptr && tree.root->object() != nullptr)
      files_.push_back(tree.root->object());
    std::set<const Document*> seen;
    for (const ServiceSource& source : tree.services) {
      if (source.fragment != nullptr && source.value != nullptr &&
          seen.insert(source.fragment).second) {
        files_.push_back(source.value);
      }
    }
  }

  Json root();

 private:
  Json services();
  Json service(const ServiceSource& source);
  Json routes(const Value& list);
  Json merged(const Key& key);

  Json object(const Value* value, const Object& table);
  static std::uint32_t variants_of(const Value* value, const Object& table);
  void add(Json& to, const Key& key, const Value* value);
  Json written(const Value& value, const Type& type, std::string_view key);
  static Json number(const json5::Number& number);
  Json text(const std::string& text, const Type& type);
  Json map(const Value& value, const Type& type, std::string_view key);

  const Tree& tree_;
  std::vector<const Value*>
      files_;            // that may define actions, resources and plugins, in load order
  Diagnostics ignored_;  // what is wrong was said when the config was read
};

Json Describer::root() {
  const Value* root = tree_.root == nullptr ? nullptr : tree_.root->object();
  Json json = Json::object();
  for (const Key& key : schema::kRoot.keys) {
    if (key.name == "services") {
      json["services"] = services();
    } else if (key.type.named) {
      json[std::string(key.name)] = merged(key);
    } else {
      add(json, key, root == nullptr ? nullptr : root->find(key.name));
    }
  }
  return json;
}

Json Describer::services() {
  Json json = Json::object();
  for (const ServiceSource& source : tree_.services) {
    if (source.value != nullptr) json[source.name.value] = service(source);
  }
  return json;
}

// In a fragment the list of plugins may have another name, beside a registry.
Json Describer::service(const ServiceSource& source) {
  Json json = Json::object();
  for (const Key& key : schema::kService.keys) {
    const Value* value = source.value->find(key.name);
    if (key.name == "plugins" && value != nullptr && value->as_object() != nullptr) value = nullptr;
    if (key.name == "plugins" && value == nullptr && source.fragment != nullptr) {
      value = source.value->find("service_plugins");
    }
    if (key.name == "routes" && value != nullptr && value->as_array() != nullptr) {
      json["routes"] = routes(*value);
    } else {
      add(json, key, value);
    }
  }
  return json;
}

Json Describer::routes(const Value& list) {
  Json json = Json::array();
  const auto append = [&](const json5::Items& items) {
    for (const Value& item : items) {
      if (item.as_object() != nullptr) json.push_back(object(&item, schema::kRoute));
    }
  };
  for (const Value& item : *list.as_array()) {
    if (item.as_object() != nullptr) json.push_back(object(&item, schema::kRoute));
    const auto include = tree_.includes.find(&item);
    if (include == tree_.includes.end()) continue;
    if (const json5::Items* included = include->second.document->routes()) append(*included);
  }
  return json;
}

Json Describer::merged(const Key& key) {
  Json json = Json::object();
  for (const Value* file : files_) {
    const Value* names = file->find(key.name);
    if (names == nullptr || names->as_object() == nullptr) continue;
    for (const json5::Member& member : *names->as_object()) {
      json[member.key] = written(member.value, *key.type.items, member.key);
    }
  }
  return json;
}

std::uint32_t Describer::variants_of(const Value* value, const Object& table) {
  if (table.selector.empty() || value == nullptr) return ~0U;
  const Value* selector = value->find(table.selector);
  const std::string* text = selector == nullptr ? nullptr : selector->as_string();
  const auto& words = table.find(table.selector)->type.words->list;
  for (std::size_t i = 0; text != nullptr && i < words.size(); ++i) {
    if (words[i].text == *text) return 1U << i;
  }
  return ~0U;
}

Json Describer::object(const Value* value, const Object& table) {
  Json json = Json::object();
  const std::uint32_t variants = variants_of(value, table);
  for (const Key& key : table.keys) {
    if ((key.variants & variants) == 0) continue;
    add(json, key, value == nullptr ? nullptr : value->find(key.name));
  }
  return json;
}

void Describer::add(Json& to, const Key& key, const Value* value) {
  const std::string name(key.name);
  if (value != nullptr) {
    to[name] = written(*value, key.type, key.name);
    return;
  }
  std::optional<Json> preset = schema::default_of(key);
  if (!preset) return;
  const bool is_block = preset->is_object() && (key.type.forms & schema::kObject) != 0;
  if (is_block) {
    to[name] = object(nullptr, *key.type.object);
  } else {
    to[name] = preset->is_string() ? text(preset->get<std::string>(), key.type) : *preset;
  }
}

Json Describer::written(const Value& value, const Type& type, std::string_view key) {
  if ((type.forms & schema::kAnything) != 0) return json_of(value, ignored_);
  switch (value.type()) {
    case Value::Type::Null: return nullptr;
    case Value::Type::Bool: return *value.as_bool();
    case Value::Type::Number:
      if ((type.forms & schema::kDuration) != 0) {
        return to_text(seconds_to_duration(value.as_number()->value).value_or(Duration::zero()));
      }
      return number(*value.as_number());
    case Value::Type::String: return text(*value.as_string(), type);
    case Value::Type::Array: {
      Json json = Json::array();
      for (const Value& item : *value.as_array()) json.push_back(written(item, *type.items, key));
      return json;
    }
    case Value::Type::Object:
      return (type.forms & schema::kObject) != 0 ? object(&value, *type.object)
                                                 : map(value, type, key);
  }
  return nullptr;
}

Json Describer::number(const json5::Number& number) {
  return number.integer ? Json(*number.integer) : Json(number.value);
}

Json Describer::text(const std::string& text, const Type& type) {
  if (type.object == &schema::kSecret) return kRedacted;
  if ((type.forms & schema::kDuration) != 0) {
    return to_text(parse_duration(text).value_or(Duration::zero()));
  }
  return type.words == nullptr ? text : canonical(text, *type.words);
}

Json Describer::map(const Value& value, const Type& type, std::string_view key) {
  Json json = Json::object();
  for (const json5::Member& member : *value.as_object()) {
    const std::string* text = member.value.as_string();
    const bool is_secret =
        holds_fields(key) && is_secret_field(member.key) && text != nullptr && !text->empty();
    json[member.key] = is_secret ? Json(kRedacted) : written(member.value, *type.items, member.key);
  }
  return json;
}

}  // namespace

std::string describe_effective(const Tree& tree) {
  return Describer(tree).root().dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace prox::config
