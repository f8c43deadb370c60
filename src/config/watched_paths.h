#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "prox/config/loader.h"

namespace prox::config {

// Gathers what a load reads, or looks for in vain: each path once a role, in the order in which they come.
class WatchedPaths {
 public:
  void add(std::string path, WatchedPath::Role role);
  // What was read from a path that was added; of a directory, its names.
  void has_read(const std::string& path, std::string_view bytes);
  void has_read(const std::string& path, const std::vector<std::string>& names);

  std::vector<WatchedPath> take() { return std::move(paths_); }

 private:
  std::vector<WatchedPath> paths_;
  std::unordered_multimap<std::string, std::size_t> places_;  // in paths_
};

}  // namespace prox::config
