#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "catch.h"

namespace prox::test {

// A directory that goes with all that is in it.
struct TemporaryDirectory {
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "prox-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }

  std::string operator/(const std::string& name) const { return path + '/' + name; }

  std::string path;
};

// In place: what was there is cut off first.
inline void write_file(const std::string& path, const std::string& content) {
  std::ofstream(path) << content;
}

}  // namespace prox::test
