#include "config/watched_paths.h"

#include "prox/base/digest.h"

namespace prox::config {

void WatchedPaths::add(std::string path, WatchedPath::Role role) {
  const auto [first, last] = places_.equal_range(path);
  for (auto place = first; place != last; ++place) {
    if (paths_[place->second].role == role) return;
  }
  places_.emplace(path, paths_.size());
  paths_.push_back({std::move(path), role});
}

void WatchedPaths::has_read(const std::string& path, std::string_view bytes) {
  const std::uint64_t digest = base::Digest(bytes).value();
  const auto [first, last] = places_.equal_range(path);
  for (auto place = first; place != last; ++place) paths_[place->second].digest = digest;
}

void WatchedPaths::has_read(const std::string& path, const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list.append(name).push_back('\0');
  has_read(path, list);
}

}  // namespace prox::config
