#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>

namespace prox::master {

// The names that decide what paths lead to: each component of each, and where one is a symbolic link, those of its target as well
// (Kubernetes swaps one in the middle: config.json5 -> ..data/config.json5, ..data -> ..2026_11_26). What does not exist yet is named, too.
class Trail {
 public:
  struct Directory {
    std::set<std::string> names;
    bool is_needed = false;  // holds a link or an end of a path, not only a directory on the way
  };

  // Adds a path, relative ones from the working directory. Returns it without symbolic links, as far as it exists.
  std::string follow(const std::string& path);

  // By path without symbolic links.
  const std::map<std::string, Directory>& directories() const { return directories_; }

 private:
  std::string resolve(const std::string& path);
  std::string step(const std::string& directory, const std::string& name);

  std::map<std::string, Directory> directories_;
  std::map<std::string, std::string> resolved_;  // of paths seen before
  int links_left_ = 0;
};

}  // namespace prox::master
