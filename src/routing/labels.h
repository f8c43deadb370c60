#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace prox::routing {

// Whether a wildcard pattern may match `host` at all: it is a name or an IPv4 literal whose labels all hold something.
// "[::1]", "", ".a", "a." and "a..b" match no pattern.
inline bool has_full_labels(std::string_view host) {
  if (host.empty() || host.front() == '[' || host.front() == '.' || host.back() == '.')
    return false;
  for (std::size_t i = 1; i < host.size(); ++i) {
    if (host[i] == '.' && host[i - 1] == '.') return false;
  }
  return true;
}

// Cuts the first label, and the dot behind it, off `rest`.
inline std::string_view pop_first_label(std::string_view& rest) {
  const std::size_t size = std::min(rest.find('.'), rest.size());
  const std::string_view label = rest.substr(0, size);
  rest.remove_prefix(std::min(size + 1, rest.size()));
  return label;
}

// Cuts the last label, and the dot before it, off `rest`.
inline std::string_view pop_last_label(std::string_view& rest) {
  const std::size_t dot = rest.rfind('.');
  const std::string_view label = dot == rest.npos ? rest : rest.substr(dot + 1);
  rest = dot == rest.npos ? std::string_view{} : rest.substr(0, dot);
  return label;
}

// Splits a pattern's label at its "*". Without one, all of it is prefix.
struct LabelShape {
  std::string_view prefix;
  std::string_view suffix;
  bool star = false;

  explicit LabelShape(std::string_view label) : prefix(label.substr(0, label.find('*'))) {
    star = prefix.size() < label.size();
    if (star) suffix = label.substr(prefix.size() + 1);
  }
};

}  // namespace prox::routing
