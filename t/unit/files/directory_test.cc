#include "prox/files/directory.h"

#include "files/tree.h"

namespace prox::files {

namespace {

// Names as they are listed, with a slash behind those of directories.
std::vector<std::string> names(const test::Tree& tree, const std::string& path) {
  const base::Fd root = tree.open_root();
  const base::Result<Directory> directory = read_directory(root.get(), path);
  REQUIRE(directory);
  std::vector<std::string> all;
  for (const Listed& listed : directory->names)
    all.push_back(listed.name + (listed.is_directory ? "/" : ""));
  return all;
}

}  // namespace

TEST_CASE("directories come first, hidden names and special files not at all", "[files]") {
  test::Tree tree;
  tree.write("root/.hidden", "");
  tree.write("root/0", "");
  REQUIRE(::mkfifo((tree.root() + "/pipe").c_str(), 0600) == 0);
  CHECK(names(tree, "") == std::vector<std::string>{"sub/", "0", "a.txt"});
  CHECK(names(tree, "sub/") == std::vector<std::string>{"deep/", "b.txt"});
}

TEST_CASE("links are what a request for them would find", "[files]") {
  test::Tree tree;
  tree.link("../a.txt", "root/sub/inside");
  tree.link("..", "root/sub/up");
  tree.link("../../outside.txt", "root/sub/outside");
  tree.link(tree.root() + "/a.txt", "root/sub/absolute");
  tree.link("nowhere", "root/sub/dangling");
  CHECK(names(tree, "sub/") == std::vector<std::string>{"deep/", "up/", "b.txt", "inside"});
}

TEST_CASE("a directory of very many names is cut", "[files]") {
  test::Tree tree;
  for (std::size_t i = 0; i < kMaxListed; ++i) tree.write("root/sub/deep/" + std::to_string(i), "");
  const base::Fd root = tree.open_root();
  const base::Result<Directory> directory = read_directory(root.get(), "sub/deep/");
  REQUIRE(directory);
  CHECK(directory->is_cut);  // c.txt is there, too
  CHECK(directory->names.size() == kMaxListed);
}

TEST_CASE("what is no directory cannot be listed", "[files]") {
  test::Tree tree;
  const base::Fd root = tree.open_root();
  for (const char* path : {"a.txt", "none/", ".."}) CHECK_FALSE(read_directory(root.get(), path));
}

}  // namespace prox::files
