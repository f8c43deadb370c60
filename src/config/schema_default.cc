#include "config/schema_default.h"

#include <nlohmann/json.hpp>

namespace prox::config::schema {

std::optional<base::Json> default_of(const Key& key) {
  const Preset& preset = key.preset;
  if (preset.empty() || preset.in_words || preset == kRequired) return std::nullopt;
  const bool is_text = (key.type.forms & (kString | kDuration)) != 0;
  base::Json written = base::Json::parse(preset.text, nullptr, false);
  // "1.2" is a word, "0" a duration: only what is no number may be more than a string there.
  if (written.is_discarded() || (is_text && written.is_primitive())) {
    return base::Json(std::string(preset.text));
  }
  return written;
}

}  // namespace prox::config::schema
