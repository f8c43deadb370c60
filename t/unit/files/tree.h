#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "catch.h"
#include "prox/base/fd.h"

namespace prox::test {

// A directory "root" with files, and things beside it that nobody may reach through it. Removed at the end.
class Tree {
 public:
  Tree() {
    char name[] = "/tmp/prox-files-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    top_ = name;
    std::filesystem::create_directories(root() + "/sub/deep");
    write("root/a.txt", "a");
    write("root/sub/b.txt", "bb");
    write("root/sub/deep/c.txt", "ccc");
    write("outside.txt", "outside");
  }
  ~Tree() { std::filesystem::remove_all(top_); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  const std::string& top() const { return top_; }
  std::string root() const { return top_ + "/root"; }
  void write(const std::string& path, const std::string& text) {
    std::ofstream(top_ + "/" + path, std::ios::binary) << text;
  }
  void link(const std::string& to, const std::string& path) {
    REQUIRE(::symlink(to.c_str(), (top_ + "/" + path).c_str()) == 0);
  }
  base::Fd open_root() const {
    return base::Fd(::open(root().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }

 private:
  std::string top_;
};

}  // namespace prox::test
