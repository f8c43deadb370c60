#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/watched_paths.h"
#include "prox/config/config.h"
#include "prox/config/diagnostic.h"
#include "prox/config/json5.h"
#include "prox/config/loader.h"
#include "prox/config/source.h"

namespace prox::config {

// How the names begin that are given to what is written inline.
inline constexpr std::string_view kInlinePrefix = "_inline_";

// What all steps of one load share: where texts are, where problems go, what is read, and who asks.
struct Context {
  Sources& sources;
  Diagnostics& diagnostics;
  WatchedPaths& watched;
  Purpose purpose;
  std::string
      base;  // what relative paths of files other than config files hang on; empty: the working directory

  // A problem of the machine, not of the text: an error, or a warning for `prox validate`.
  Diagnostic& environment(std::string_view id, Place place, std::string message) const;
  // `<what> is not built into this version yet`: the same two severities.
  void not_built(Place place, std::string_view what) const;
  // "config.json5:30:5"
  std::string show(Place place) const;
  // The value as it stands in the file.
  std::string_view written(const json5::Value& value) const;
  // A part of a string's text; the whole value if it has escapes, so that bytes in it and in the file differ.
  Place inside(const Text& string, std::size_t begin, std::size_t length) const;
  // A file's path, relative to `base`.
  std::string resolve(std::string_view path) const;
};

// The first byte of an object: where the caret goes for what concerns it as a whole.
Place opening(const json5::Value& object);

// `action "web"`; `this action` if it is written inline, under a name that its author does not know.
std::string called(std::string_view noun, std::string_view name);

// `did you mean "x"?`, or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace prox::config
