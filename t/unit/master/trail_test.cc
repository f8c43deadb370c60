#include "master/trail.h"

#include <unistd.h>

#include <string>
#include <vector>

#include "catch.h"
#include "master/temporary_directory.h"

using prox::master::Trail;
using prox::test::TemporaryDirectory;
using prox::test::write_file;
namespace fs = std::filesystem;

namespace {

bool is_named(const Trail& trail, const std::string& directory, const std::string& name) {
  const auto found = trail.directories().find(directory);
  return found != trail.directories().end() && found->second.names.contains(name);
}

bool is_needed(const Trail& trail, const std::string& directory) {
  return trail.directories().at(directory).is_needed;
}

// Temporary directories may themselves be behind links.
std::string real(const TemporaryDirectory& directory) { return fs::canonical(directory.path); }

}  // namespace

TEST_CASE("every component of a path is named in the directory it is in") {
  const TemporaryDirectory directory;
  const std::string base = real(directory);
  fs::create_directory(base + "/a");
  write_file(base + "/a/c.json5", "");
  Trail trail;
  CHECK(trail.follow(base + "//a/./c.json5") == base + "/a/c.json5");
  CHECK(is_named(trail, base + "/a", "c.json5"));
  CHECK(is_named(trail, base, "a"));
  CHECK(is_needed(trail, base + "/a"));
  CHECK_FALSE(is_needed(trail, base));
}

TEST_CASE("each link of a chain is named where it is, with all that its target leads through") {
  const TemporaryDirectory directory;
  const std::string base = real(directory);
  fs::create_directory(base + "/..1");
  write_file(base + "/..1/c.json5", "");
  fs::create_symlink("..1", base + "/..data");
  fs::create_symlink("..data/c.json5", base + "/c.json5");
  fs::create_symlink(base + "/c.json5", base + "/link");
  Trail trail;
  CHECK(trail.follow(base + "/link") == base + "/..1/c.json5");
  for (const char* name : {"link", "c.json5", "..data", "..1"}) CHECK(is_named(trail, base, name));
  CHECK(is_named(trail, base + "/..1", "c.json5"));
  CHECK(is_needed(trail, base));
}

TEST_CASE("what does not exist yet is named") {
  const TemporaryDirectory directory;
  const std::string base = real(directory);
  fs::create_symlink("nowhere/c", base + "/link");
  Trail trail;
  CHECK(trail.follow(base + "/later/c.json5") == base + "/later/c.json5");
  CHECK(is_named(trail, base, "later"));
  CHECK(is_named(trail, base + "/later", "c.json5"));
  CHECK(trail.follow(base + "/link") == base + "/nowhere/c");
  CHECK(is_named(trail, base, "nowhere"));
}

TEST_CASE("links in a circle come to an end") {
  const TemporaryDirectory directory;
  const std::string base = real(directory);
  fs::create_symlink("two/x/two", base + "/one");
  fs::create_symlink("one/x/one", base + "/two");
  Trail trail;
  trail.follow(base + "/one");
  CHECK(is_named(trail, base, "one"));
  CHECK(is_named(trail, base, "two"));
}

TEST_CASE("relative paths begin in the working directory") {
  Trail trail;
  CHECK(trail.follow("c.json5") == "c.json5");
  CHECK(is_named(trail, ".", "c.json5"));
  CHECK(is_needed(trail, "."));
  CHECK(trail.follow("conf/../c.json5") == "conf/../c.json5");
  CHECK(is_named(trail, "conf/..", "c.json5"));
  CHECK(trail.follow("/") == "/");
}
