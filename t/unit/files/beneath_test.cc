#include "prox/files/beneath.h"

#include <cerrno>
#include <map>

#include "files/tree.h"

namespace prox::files {

namespace {

// What a path holds ("<dir>" for a directory), or the errno of opening it, negated, as text.
std::string outcome(const test::Tree& tree, const std::string& path, Confinement how) {
  const base::Fd root = tree.open_root();
  const base::Result<base::Fd> opened = open_beneath(root.get(), path, how);
  if (!opened) return std::to_string(-opened.error().sys_errno);
  struct stat status {};
  REQUIRE(::fstat(opened->get(), &status) == 0);
  if (S_ISDIR(status.st_mode)) return "<dir>";
  char text[64];
  const ssize_t size = ::read(opened->get(), text, sizeof text);
  REQUIRE(size >= 0);
  return {text, static_cast<std::size_t>(size)};
}

std::string error(int number) { return std::to_string(-number); }

void make_links(test::Tree& tree) {
  tree.link("a.txt", "root/same");
  tree.link("../a.txt", "root/sub/up");
  tree.link("sub", "root/directory");
  tree.link("sub/../sub/./b.txt", "root/winding");
  tree.link("same", "root/chain");
  tree.link("../outside.txt", "root/out");
  tree.link("sub/../../outside.txt", "root/out-by-sub");
  tree.link("..", "root/parent");
  tree.link(tree.root() + "/a.txt", "root/absolute");
  tree.link("loop", "root/loop");
  tree.link("nowhere", "root/dangling");
}

}  // namespace

TEST_CASE("what lies below a root is opened, by both ways alike", "[files][beneath]") {
  test::Tree tree;
  make_links(tree);
  const std::map<std::string, std::string> cases = {
      {"", "<dir>"},          {"a.txt", "a"},
      {"sub", "<dir>"},       {"sub/", "<dir>"},
      {"./sub//b.txt", "bb"}, {"sub/deep/c.txt", "ccc"},
      {"sub/../a.txt", "a"},  {"same", "a"},
      {"sub/up", "a"},        {"directory/b.txt", "bb"},
      {"directory/up", "a"},  {"winding", "bb"},
      {"chain", "a"},
  };
  for (const Confinement how : {Confinement::Kernel, Confinement::ByHand}) {
    for (const auto& [path, expected] : cases) {
      CAPTURE(how, path);
      CHECK(outcome(tree, path, how) == expected);
    }
  }
}

TEST_CASE("nothing outside a root is opened, by both ways alike", "[files][beneath]") {
  test::Tree tree;
  make_links(tree);
  const std::map<std::string, int> cases = {
      {"..", EXDEV},
      {"../outside.txt", EXDEV},
      {"sub/../../outside.txt", EXDEV},
      {"/etc/passwd", EXDEV},
      {"out", EXDEV},
      {"out-by-sub", EXDEV},
      {"parent", EXDEV},
      {"parent/outside.txt", EXDEV},
      {"absolute", EXDEV},
      {"loop", ELOOP},
      {"dangling", ENOENT},
      {"none", ENOENT},
      {"none/..", ENOENT},
      {"a.txt/", ENOTDIR},
      {"a.txt/more", ENOTDIR},
      {std::string("a.txt\0x", 7), ENOENT},
      {std::string(300, 'n'), ENAMETOOLONG},
  };
  for (const Confinement how : {Confinement::Kernel, Confinement::ByHand}) {
    for (const auto& [path, expected] : cases) {
      CAPTURE(how, path);
      CHECK(outcome(tree, path, how) == error(expected));
    }
  }
}

TEST_CASE("a FIFO without a writer does not hold anybody up", "[files][beneath]") {
  test::Tree tree;
  REQUIRE(::mkfifo((tree.root() + "/pipe").c_str(), 0600) == 0);
  const base::Fd root = tree.open_root();
  for (const Confinement how : {Confinement::Kernel, Confinement::ByHand})
    CHECK(open_beneath(root.get(), "pipe", how));
}

}  // namespace prox::files
