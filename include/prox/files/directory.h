#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "prox/base/result.h"

namespace prox::files {

// A name in a directory, and what a request for it would find.
struct Listed {
  std::string name;
  bool is_directory = false;
  std::uint64_t size_bytes = 0;
  std::int64_t modified = 0;  // seconds since 1970
};

struct Directory {
  std::vector<Listed> names;  // directories first, each by name
  bool is_cut = false;        // there were more than kMaxListed; these are any of them
};

inline constexpr std::size_t kMaxListed = 10'000;

// The files and directories in the directory `path`, "" or with a slash at its end, below the directory `root`. Left out are names that
// begin with a dot, and links that lead nowhere or out of `root`: neither their sizes nor their times are to be seen from outside.
base::Result<Directory> read_directory(int root, const std::string& path);

}  // namespace prox::files
