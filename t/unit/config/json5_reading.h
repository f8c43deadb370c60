#pragma once

#include <optional>
#include <string>
#include <utility>

#include "prox/config/diagnostic.h"
#include "prox/config/json5.h"
#include "prox/config/source.h"

namespace prox::config::json5 {

// One text, read: everything the tests of this folder look at.
struct Reading {
  explicit Reading(std::string text) : file(sources.add("c.json5", std::move(text))) {
    value = parse(sources, file, diagnostics);
    diagnostics.sort();
  }

  // What the file's text says at a place.
  std::string at(Place place) const {
    return sources.text(place.file).substr(place.offset, place.length);
  }
  // The only member of an object.
  const Value& member() const { return value->as_object()->at(0).value; }

  Sources sources;
  Diagnostics diagnostics;
  std::uint32_t file;
  std::optional<Value> value;
};

}  // namespace prox::config::json5
