#include "prox/files/cache.h"

#include <sys/resource.h>

#include <set>

#include "files/tree.h"

namespace prox::files {

namespace {

struct Cached : test::Tree {
  const Found& find(const std::string& path, base::Millis now = 1) {
    return cache.find(root(), path, now);
  }
  base::BlockPool blocks;
  Cache cache{blocks};
};

std::string content(const Found& found) {
  return {found.content.data(), static_cast<std::size_t>(found.version.size)};
}

}  // namespace

TEST_CASE("a file is described by its size, its times and a tag", "[files][cache]") {
  Cached tree;
  const Found& found = tree.find("sub/b.txt");
  CHECK(found.kind == Kind::File);
  CHECK(found.version.size == 2);
  CHECK(content(found) == "bb");
  CHECK(found.etag.starts_with("\""));
  CHECK(found.etag.ends_with("-2\""));
  CHECK(found.last_modified.ends_with(" GMT"));
}

TEST_CASE("what is no file is told apart", "[files][cache]") {
  Cached tree;
  REQUIRE(::mkfifo((tree.root() + "/pipe").c_str(), 0600) == 0);
  tree.link("../outside.txt", "root/out");
  CHECK(tree.find("sub").kind == Kind::Directory);
  CHECK(tree.find("").kind == Kind::Directory);
  for (const char* path : {"none", "a.txt/x", "pipe", "out", "../outside.txt"}) {
    CAPTURE(path);
    CHECK(tree.find(path).kind == Kind::Missing);
  }
  CHECK(tree.cache.find("/no/such/root", "a.txt", 1).kind == Kind::Missing);
}

TEST_CASE("what cannot be told has its error", "[files][cache]") {
  CHECK(Found::failed(EMFILE).kind == Kind::Failed);
  CHECK(Found::failed(EMFILE).error == EMFILE);
  CHECK(Found::failed(EACCES).kind == Kind::Forbidden);
  CHECK(Found::failed(EILSEQ).kind == Kind::Missing);
}

TEST_CASE("a file that is to be sent from the disk is as it is now", "[files][cache]") {
  Cached tree;
  tree.write("root/large", std::string(100'000, 'x'));
  CHECK(tree.cache.find_to_send(tree.root(), "large", 1000).version.size == 100'000);
  tree.write("root/large", std::string(100'001, 'x'));
  CHECK(tree.find("large", 1000).version.size == 100'000);
  CHECK(tree.cache.find_to_send(tree.root(), "large", 1000).version.size == 100'001);
  std::filesystem::remove(tree.root() + "/large");
  CHECK(tree.cache.find_to_send(tree.root(), "large", 1000).kind == Kind::Missing);
}

TEST_CASE("without a root a path is taken as it is", "[files][cache]") {
  Cached tree;
  tree.link("outside.txt", "link");
  CHECK(content(tree.cache.find("", tree.top() + "/link", 1)) == "outside");
}

TEST_CASE("what is known is trusted for a second", "[files][cache]") {
  Cached tree;
  CHECK(content(tree.find("a.txt", 1000)) == "a");
  CHECK(tree.find("new.txt", 1000).kind == Kind::Missing);
  tree.write("root/a.txt", "changed");
  tree.write("root/new.txt", "new");
  CHECK(content(tree.find("a.txt", 1999)) == "a");
  CHECK(tree.find("new.txt", 1999).kind == Kind::Missing);
  CHECK(content(tree.find("a.txt", 2000)) == "changed");
  CHECK(content(tree.find("new.txt", 2000)) == "new");
}

TEST_CASE("a file that is the same keeps its descriptor and its content", "[files][cache]") {
  Cached tree;
  const Found& before = tree.find("a.txt", 1000);
  const int fd = before.fd.get();
  const base::BlockRef block = before.content;
  const Found& after = tree.find("a.txt", 5000);
  CHECK(after.fd.get() == fd);
  CHECK(after.content == block);
}

TEST_CASE("a root that is a link is looked at anew", "[files][cache]") {
  Cached tree;
  std::filesystem::create_directory(tree.top() + "/next");
  tree.write("next/a.txt", "next");
  tree.link("root", "current");
  const std::string root = tree.top() + "/current";
  CHECK(content(tree.cache.find(root, "a.txt", 1000)) == "a");
  tree.link("next", "current.new");
  std::filesystem::rename(tree.top() + "/current.new", root);
  CHECK(content(tree.cache.find(root, "a.txt", 2000)) == "next");
}

TEST_CASE("large files have no content in memory, empty ones need none", "[files][cache]") {
  Cached tree;
  tree.write("root/large", std::string(100'000, 'x'));
  tree.write("root/empty", "");
  CHECK_FALSE(tree.find("large").content);
  CHECK(tree.find("large").kind == Kind::File);
  CHECK_FALSE(tree.find("empty").content);
  CHECK(tree.find("empty").kind == Kind::File);
}

TEST_CASE("two versions of a file have two tags", "[files][cache]") {
  Cached tree;
  std::set<std::string> tags;
  base::Millis now = 1000;
  for (const char* text : {"one", "two", "three", "one"}) {
    tree.write("root/a.txt", text);
    // A tick of the kernel's clock, which stamps files, may not have passed.
    timespec times[2] = {{0, UTIME_OMIT}, {1'000'000 + now, 0}};
    REQUIRE(::utimensat(AT_FDCWD, (tree.root() + "/a.txt").c_str(), times, 0) == 0);
    tags.insert(tree.find("a.txt", now += Cache::kTrust).etag);
  }
  CHECK(tags.size() == 4);
}

TEST_CASE("the cache is bounded, and keeps what is asked for", "[files][cache]") {
  Cached tree;
  const int fd = tree.find("a.txt").fd.get();
  for (std::size_t i = 0; i < 2 * Cache::kMaxEntries; ++i) {
    tree.find("none" + std::to_string(i));
    CHECK(tree.find("a.txt").fd.get() == fd);
  }
  CHECK(tree.cache.size() == Cache::kMaxEntries);
}

TEST_CASE("what nobody has asked for since 10 s is let go of", "[files][cache]") {
  Cached tree;
  static_cast<void>(tree.find("a.txt", 1));
  static_cast<void>(tree.find("sub/b.txt", 1));
  static_cast<void>(tree.find("a.txt", 5'000));
  tree.cache.sweep(10'000);
  CHECK(tree.cache.size() == 2);
  tree.cache.sweep(10'001);
  CHECK(tree.cache.size() == 1);
  static_cast<void>(tree.find("sub/b.txt", 15'000));
  tree.cache.sweep(15'000);
  CHECK(tree.cache.size() == 1);
  CHECK(content(tree.find("sub/b.txt", 15'000)) == "bb");
}

TEST_CASE("who still sends a file that was forgotten has it open", "[files][cache]") {
  Cached tree;
  const base::SharedFd fd = tree.find("a.txt").fd;
  tree.cache.clear();
  CHECK(tree.cache.size() == 0);
  char byte = 0;
  CHECK(::pread(fd.get(), &byte, 1, 0) == 1);
  CHECK(byte == 'a');
}

TEST_CASE("out of descriptors, those kept for later are given up", "[files][cache]") {
  Cached tree;
  for (int i = 0; i < 50; ++i) {
    const std::string name = "f" + std::to_string(i);
    tree.write("root/" + name, name);
    REQUIRE(tree.find(name).kind == Kind::File);
  }
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const base::Fd next(::dup(0));  // the lowest number that is free
  rlimit low = before;
  low.rlim_cur = static_cast<rlim_t>(next.get()) + 1;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
  const Kind kind = tree.find("a.txt").kind;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(kind == Kind::File);
  CHECK(content(tree.find("f7")) == "f7");
}

}  // namespace prox::files
