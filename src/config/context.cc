#include "config/context.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/files.h"

namespace prox::config {
Diagnostic& Context::environment(std::string_view id, Place place, std::string message) const {
  if (purpose == Purpose::Serve) return diagnostics.error(id, place, std::move(message));
  return diagnostics.warning(id, place, std::move(message));
}

void Context::not_built(Place place, std::string_view what) const {
  environment("not-built", place, fmt::format("{} is not built into this version yet", what));
}

std::string Context::show(Place place) const {
  const Position position = sources.position(place);
  return fmt::format("{}:{}:{}", sources.path(place.file), position.line, position.column);
}

std::string_view Context::written(const json5::Value& value) const {
  return std::string_view(sources.text(value.place.file))
      .substr(value.place.offset, value.place.length);
}

Place Context::inside(const Text& string, std::size_t begin, std::size_t length) const {
  const std::string_view text = sources.text(string.place.file);
  if (text.substr(string.place.offset, string.place.length).substr(1, string.value.size()) !=
      string.value) {
    return string.place;
  }
  return {string.place.file, string.place.offset + 1 + static_cast<std::uint32_t>(begin),
          std::max<std::uint32_t>(static_cast<std::uint32_t>(length), 1)};
}

std::string Context::resolve(std::string_view path) const { return join(base, path); }

Place opening(const json5::Value& object) { return {object.place.file, object.place.offset, 1}; }

std::string called(std::string_view noun, std::string_view name) {
  return name.starts_with(kInlinePrefix) ? fmt::format("this {}", noun)
                                         : fmt::format("{} \"{}\"", noun, name);
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known) {
  const std::optional<std::string_view> best = nearest(word, known);
  return best ? fmt::format("did you mean \"{}\"?", *best) : std::string();
}

}  // namespace prox::config
