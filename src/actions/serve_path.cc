#include "actions/serve_path.h"

#include <algorithm>

namespace prox::actions {

namespace {

using base::Slice;
using exchange::Exchange;

constexpr Slice kWellKnown = ".well-known";

std::string query_of(const Exchange& x) {
  return x.request.has_query ? "?" + std::string(x.request.query) : std::string();
}

// The path as received, since the client's bytes are the ones it will recognise. A backslash is a slash to browsers.
std::string sound_path(Slice raw) {
  while (raw.starts_with("//")) raw.remove_prefix(1);
  std::string path = "/";
  for (const char c : raw.substr(1)) {
    if (c == '\\') {
      path += "%5C";
    } else {
      path += c;
    }
  }
  return path;
}

}  // namespace

Slice path_below_root(const Exchange& x) {
  Slice path = x.path;
  if (x.path_item != nullptr && x.path_item->is_prefix)
    path.remove_prefix(std::min(x.path_item->prefix.size(), path.size()));
  while (path.starts_with('/')) path.remove_prefix(1);
  return path;
}

bool has_hidden_segment(Slice path) {
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const Slice segment = path.substr(begin, end - begin);
    if (segment.starts_with('.') && segment != kWellKnown) return true;
    begin = end + 1;
  }
  return false;
}

Slice file_name(Slice path) {
  const std::size_t slash = path.rfind('/');
  return slash == Slice::npos ? path : path.substr(slash + 1);
}

std::string with_slash(const Exchange& x) { return sound_path(x.request.path) + "/" + query_of(x); }

std::string without_slash(const Exchange& x) {
  Slice raw = x.request.path;
  while (raw.size() > 1 && raw.ends_with('/')) raw.remove_suffix(1);
  return sound_path(raw) + query_of(x);
}

std::string to_directory(const Exchange& x) { return "./" + query_of(x); }

}  // namespace prox::actions
