#include "master/path_state.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <string>

#include "catch.h"
#include "master/temporary_directory.h"

using prox::config::WatchedPath;
using prox::master::is_listed;
using prox::master::PathState;
using prox::test::TemporaryDirectory;
using prox::test::write_file;
using Role = WatchedPath::Role;
namespace fs = std::filesystem;

namespace {

std::uint64_t digest_of(std::string_view bytes) { return prox::base::Digest(bytes).value(); }

// As if it had been saved a minute ago. Only the modification; the other time cannot be set.
void set_old(const std::string& path) {
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::minutes(1));
}

timespec seconds_from_now(time_t seconds) {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  time.tv_sec += seconds;
  return time;
}

}  // namespace

TEST_CASE("a file's digest is that of its bytes, and of nothing else") {
  const TemporaryDirectory directory;
  const std::string path = directory / "c.json5";
  write_file(path, "{}");
  PathState state({path, Role::ConfigFile});
  CHECK(state.digest() == digest_of("{}"));
  set_old(path);
  fs::permissions(path, fs::perms::owner_all);
  CHECK(state.digest() == digest_of("{}"));
  write_file(directory / "new", "{}");
  fs::rename(directory / "new", path);
  CHECK(state.digest() == digest_of("{}"));
  write_file(path, "[]");
  CHECK(state.digest() == digest_of("[]"));
  fs::resize_file(path, 200'000);  // more than a block
  CHECK(state.digest() == digest_of("[]" + std::string(199'998, '\0')));
}

TEST_CASE("a change within the same moment and of the same size is seen") {
  const TemporaryDirectory directory;
  const std::string path = directory / "c.json5";
  PathState state({path, Role::ConfigFile});
  for (int i = 0; i < 50; ++i) {
    write_file(path, std::to_string(10 + i));
    REQUIRE(state.digest() == digest_of(std::to_string(10 + i)));
  }
}

TEST_CASE("missing, a pipe, a directory and a file that is empty are four different things") {
  const TemporaryDirectory directory;
  const std::string path = directory / "x";
  PathState state({path, Role::ConfigFile});
  const std::uint64_t missing = state.digest();
  write_file(path, "");
  const std::uint64_t empty = state.digest();
  fs::remove(path);
  CHECK(state.digest() == missing);
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const std::uint64_t pipe = state.digest();  // and does not wait for a writer
  CHECK(missing != empty);
  CHECK(pipe != empty);
  CHECK(pipe != missing);
}

TEST_CASE("a directory's digest is that of the names of its configs") {
  const TemporaryDirectory directory;
  PathState state({directory.path, Role::ConfigDirectory});
  const std::uint64_t empty = state.digest();
  for (const char* name : {"access.log", ".c.json5", "c.json5~", "4913"})
    write_file(directory / name, "");
  CHECK(state.digest() == empty);
  write_file(directory / "b.json5", "");
  write_file(directory / "a.json5", "");
  const std::uint64_t two = state.digest();
  CHECK(two != empty);
  write_file(directory / "a.json5", "{}");  // a path of its own
  CHECK(state.digest() == two);
  fs::remove(directory / "b.json5");
  CHECK(state.digest() != two);
}

TEST_CASE("a file is newer than what happened before it was written or put there") {
  const TemporaryDirectory directory;
  const std::string path = directory / "c.json5";
  write_file(path, "{}");
  const PathState state({path, Role::ConfigFile});
  CHECK(state.may_be_newer_than(seconds_from_now(0)));
  CHECK(state.may_be_newer_than(seconds_from_now(-60)));
  CHECK_FALSE(state.may_be_newer_than(seconds_from_now(1)));
  fs::last_write_time(path, fs::file_time_type::clock::now() + std::chrono::hours(1));
  CHECK_FALSE(state.may_be_newer_than(seconds_from_now(0)));  // another clock's
  CHECK_FALSE(PathState({directory / "none", Role::Resource}).may_be_newer_than({}));
}

TEST_CASE("which names in a directory count depends on what it is read for") {
  const auto [name, is_config, is_certificate] = GENERATE(table<std::string, bool, bool>({
      {"web.json5", true, false},
      {".web.json5", false, false},
      {"web.json5~", false, false},
      {"web.JSON5", false, false},
      {"a.pem", false, true},
      {"a.Crt", false, true},
      {"a.key", false, true},
      {"a.ocsp", false, true},
      {".ocsp", false, false},
      {".pem", false, false},
      {"pem", false, false},
      {"access.log", false, false},
  }));
  CHECK(is_listed(Role::ConfigDirectory, name) == is_config);
  CHECK(is_listed(Role::Certificate, name) == is_certificate);
  CHECK_FALSE(is_listed(Role::Resource, name));
}

TEST_CASE("a file that is too large to be read again and again counts as changed by its times") {
  const TemporaryDirectory directory;
  const std::string path = directory / "large";
  write_file(path, "");
  fs::resize_file(path, (64 << 20) + 1);  // a hole
  PathState state({path, Role::ConfigFile});
  const std::uint64_t before = state.digest();
  CHECK(state.digest() == before);
  set_old(path);
  CHECK(state.digest() != before);
}
