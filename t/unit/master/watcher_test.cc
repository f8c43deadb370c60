#include "master/watcher.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "catch.h"
#include "master/certificate_paths.h"
#include "master/temporary_directory.h"
#include "support.h"

using prox::config::WatchedPath;
using prox::master::enter_certificates;
using prox::master::Inotify;
using prox::master::PathState;
using prox::master::Watcher;
using prox::test::Fd;
using prox::test::run_until;
using prox::test::settle;
using prox::test::TemporaryDirectory;
using prox::test::write_file;
using Role = WatchedPath::Role;
namespace fs = std::filesystem;

namespace {

// A tenth of what is in force.
constexpr Watcher::Pace kPace{20, 200, 100};

// A watcher and what it has told.
struct World final : Watcher::Owner {
  explicit World(tl::expected<Inotify, int> inotify = Inotify::open(), Watcher::Pace pace = kPace)
      : watcher(loop, *this, std::move(inotify), pace) {
    write_file(config, "{}");
  }

  void on_files_changed(const std::string& path) override { told.push_back(path); }

  // As a load that reads what is there now.
  void watch(std::vector<WatchedPath> paths) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    enter_certificates(paths);
    for (WatchedPath& path : paths) path.digest = PathState(path).digest();
    watcher.watch(paths, now);
  }
  void watch() { watch({{config, Role::ConfigFile}}); }

  bool is_told() {
    return run_until(loop, [this] { return !told.empty(); });
  }
  // The events there were have been looked at, and meant nothing.
  bool is_untold() {
    settle(loop);
    return watcher.is_look_due() && run_until(loop, [this] { return !watcher.is_look_due(); }) &&
           told.empty();
  }
  // There were no events that would count.
  bool is_unnoticed() {
    settle(loop);
    return !watcher.is_look_due() && told.empty();
  }

  TemporaryDirectory directory;
  const std::string config = directory / "c.json5";
  prox::net::Loop loop;
  std::vector<std::string> told;
  Watcher watcher;
};

void rename_over(const std::string& path, const std::string& content) {
  write_file(path + ".new", content);
  fs::rename(path + ".new", path);
}

}  // namespace

TEST_CASE("each way of saving is told once") {
  using Save = std::function<void(const std::string& path)>;
  const auto save = GENERATE(values<Save>({
      [](const std::string& path) { write_file(path, "[]"); },
      [](const std::string& path) { rename_over(path, "[]"); },
      [](const std::string& path) {
        fs::rename(path, path + "~");
        write_file(path, "[]");
        fs::remove(path + "~");
      },
      [](const std::string& path) {
        fs::remove(path);
        write_file(path, "[]");
      },
      [](const std::string& path) { fs::resize_file(path, 1); },
      [](const std::string& path) { fs::remove(path); },
  }));
  World world;
  world.watch();
  save(world.config);
  REQUIRE(world.is_told());
  CHECK(world.told == std::vector<std::string>{world.config});
  settle(world.loop);
  CHECK_FALSE(world.watcher.is_look_due());
}

TEST_CASE("a file that is being written is not looked at before it is closed") {
  constexpr Watcher::Pace kPatient{20, 60'000, 100};
  World world(Inotify::open(), kPatient);
  world.watch();
  {
    const Fd file(::open(world.config.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
    CHECK_FALSE(run_until(
        world.loop, [&] { return !world.told.empty(); }, 100));
    REQUIRE(::write(file.get(), "[]", 2) == 2);
    CHECK_FALSE(run_until(
        world.loop, [&] { return !world.told.empty(); }, 100));
    CHECK(world.watcher.is_look_due());
  }
  REQUIRE(world.is_told());
  CHECK(world.told == std::vector<std::string>{world.config});
}

TEST_CASE("a file that is never closed is looked at all the same") {
  World world;
  world.watch();
  const Fd file(::open(world.config.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  REQUIRE(::write(file.get(), "[]", 2) == 2);
  REQUIRE(world.is_told());
  world.told.clear();
  REQUIRE(::write(file.get(), " ", 1) == 1);
  CHECK(world.is_told());
}

TEST_CASE("what changes no content is no change") {
  using Touch = std::function<void(const std::string& path)>;
  const auto touch = GENERATE(values<Touch>({
      [](const std::string& path) { fs::last_write_time(path, fs::file_time_type::clock::now()); },
      [](const std::string& path) { ::chmod(path.c_str(), 0640); },
      [](const std::string& path) { write_file(path, "{}"); },
      [](const std::string& path) { rename_over(path, "{}"); },
  }));
  World world;
  world.watch();
  touch(world.config);
  CHECK(world.is_untold());
}

TEST_CASE("other files beside a watched one are no event") {
  World world;
  write_file(world.directory / "access.log", "");
  world.watch();
  write_file(world.directory / "access.log", "line\n");
  fs::rename(world.directory / "access.log", world.directory / "access.log.1");
  write_file(world.directory / "prox.pid", "1");
  write_file(world.directory / "other.json5", "{}");
  fs::remove(world.directory / "prox.pid");
  CHECK(world.is_unnoticed());
}

TEST_CASE("configs that come into or leave a directory of configs are told") {
  World world;
  world.watch({{world.directory.path, Role::ConfigDirectory}});
  write_file(world.directory / ".new.json5.swp", "");
  CHECK(world.is_unnoticed());
  write_file(world.directory / "new.json5", "{}");
  REQUIRE(world.is_told());
  world.told.clear();
  world.watch({{world.directory.path, Role::ConfigDirectory},
               {world.directory / "new.json5", Role::ConfigFile}});
  write_file(world.directory / "new.json5", "[]");
  REQUIRE(world.is_told());
  CHECK(world.told == std::vector<std::string>{world.directory / "new.json5"});
  world.told.clear();
  world.watch({{world.directory.path, Role::ConfigDirectory}});
  fs::remove(world.config);
  REQUIRE(world.is_told());
}

TEST_CASE("pairs that come into a directory of certificates, or are renewed there, are told") {
  World world;
  const std::string home = world.directory / "certs";
  fs::create_directory(home);
  write_file(home + "/a.crt", "old");
  const std::vector<WatchedPath> paths = {{home, Role::Certificate}};
  world.watch(paths);
  SECTION("renewed in place") { write_file(home + "/a.crt", "new"); }
  SECTION("renewed by another file") { rename_over(home + "/a.crt", "new"); }
  SECTION("another one") { write_file(home + "/b.pem", "new"); }
  SECTION("gone") { fs::remove(home + "/a.crt"); }
  REQUIRE(world.is_told());
  world.told.clear();
  world.watch(paths);
  write_file(home + "/README", "no certificate");
  CHECK(world.is_unnoticed());
}

// As a load does it: the files are written less than a tick of the clock before it, and read by OpenSSL after the config.
TEST_CASE(
    "certificates that are older than a load are no change, however little; those that are newer "
    "are one") {
  World world;
  const std::string home = world.directory / "certs";
  fs::create_directory(home);
  write_file(home + "/a.crt", "old");
  std::vector<WatchedPath> paths = {{home, Role::Certificate}};
  timespec began{};
  ::clock_gettime(CLOCK_REALTIME, &began);
  enter_certificates(paths);
  SECTION("nothing came after") {
    world.watcher.watch(paths, began);
    CHECK(world.is_unnoticed());
  }
  SECTION("one was renewed while it was read") {
    write_file(home + "/a.crt", "new");
    world.watcher.watch(paths, began);
    CHECK(world.is_told());
  }
  SECTION("another one came") {
    write_file(home + "/b.crt", "new");
    world.watcher.watch(paths, began);
    CHECK(world.is_told());
  }
}

TEST_CASE("a link that is moved anywhere on the way is told, and then its new target is watched") {
  World world;
  for (const char* name : {"1", "2"}) {
    fs::create_directory(world.directory / name);
    write_file(world.directory / name + "/c", name);
  }
  fs::create_symlink("1", world.directory / "..data");
  fs::create_symlink("..data/c", world.directory / "link");
  world.watch({{world.directory / "link", Role::Resource}});
  fs::create_symlink("2", world.directory / "..data_tmp");
  fs::rename(world.directory / "..data_tmp", world.directory / "..data");
  REQUIRE(world.is_told());
  world.told.clear();
  world.watch({{world.directory / "link", Role::Resource}});
  write_file(world.directory / "1/c", "nobody reads this");
  CHECK(world.is_unnoticed());
  write_file(world.directory / "2/c", "3");
  CHECK(world.is_told());
}

TEST_CASE("a link is followed to its new target although that holds the same") {
  World world;
  for (const char* name : {"one", "two"}) write_file(world.directory / name, "{}");
  fs::create_symlink("one", world.directory / "link");
  world.watch({{world.directory / "link", Role::Resource}});
  fs::remove(world.directory / "link");
  fs::create_symlink("two", world.directory / "link");
  CHECK(world.is_untold());
  write_file(world.directory / "two", "[]");
  CHECK(world.is_told());
}

TEST_CASE("a file is seen when it comes at last, in a directory that was not there either") {
  World world;
  const std::string path = world.directory / "a/b/c.json5";
  world.watch({{path, Role::ConfigFile}});
  fs::create_directory(world.directory / "a");
  CHECK(world.is_untold());
  fs::create_directories(world.directory / "a/b");
  write_file(path, "{}");
  CHECK(world.is_told());
}

TEST_CASE("a directory may go and come again") {
  World world;
  const std::string home = world.directory / "conf";
  const std::string path = home + "/c.json5";
  fs::create_directory(home);
  write_file(path, "{}");
  world.watch({{path, Role::ConfigFile}});
  SECTION("deleted") { fs::remove_all(home); }
  SECTION("renamed") { fs::rename(home, world.directory / "old"); }
  REQUIRE(world.is_told());
  world.told.clear();
  world.watch({{path, Role::ConfigFile}});  // a load that found nothing
  fs::create_directory(home);
  write_file(path, "{}");
  REQUIRE(world.is_told());
  world.told.clear();
  world.watch({{path, Role::ConfigFile}});
  write_file(path, "[]");
  CHECK(world.is_told());
}

TEST_CASE("what changes between the reading and the watching is told") {
  World world;
  timespec began{};
  ::clock_gettime(CLOCK_REALTIME, &began);
  WatchedPath path{world.config, Role::ConfigFile};
  const std::uint64_t read = PathState(path).digest();
  SECTION("nothing") {
    path.digest = read;
    world.watcher.watch({path}, began);
    CHECK(world.is_unnoticed());
  }
  SECTION("known what was read") {
    write_file(world.config, "[]");
    path.digest = read;
    world.watcher.watch({path}, began);
    CHECK(world.is_told());
  }
  SECTION("not known what was read") {
    write_file(world.config, "[]");
    world.watcher.watch({path}, began);
    CHECK(world.is_told());
  }
}

TEST_CASE("what was read but is not in the file makes no endless loop") {
  World world;
  timespec began{};
  ::clock_gettime(CLOCK_REALTIME, &began);
  began.tv_sec += 1;  // the file has been left alone for a second
  world.watcher.watch({{world.config, Role::ConfigFile, 1}}, began);
  CHECK(world.is_unnoticed());
}

TEST_CASE("a change is told until it is loaded, and taking it back is none") {
  World world;
  world.watch();
  write_file(world.config, "[]");
  REQUIRE(world.is_told());
  fs::permissions(world.config, fs::perms::owner_all);
  REQUIRE(run_until(world.loop, [&] { return world.told.size() == 2; }));
  world.told.clear();
  write_file(world.config, "{}");
  CHECK(world.is_untold());
}

TEST_CASE("lost events are made good by a look") {
  World world;
  const std::string other = world.directory / "other";
  write_file(other, "");
  world.watch({{world.config, Role::ConfigFile}, {other, Role::Resource}});
  // The same event twice in a row is one; the queue takes 16384.
  for (int i = 0; i < 20'000; ++i)
    REQUIRE(::chmod(((i & 1) != 0 ? other : world.config).c_str(), i & 2 ? 0600 : 0640) == 0);
  write_file(world.config, "[]");
  CHECK(world.is_told());
}

TEST_CASE("thousands of files are watched, and the watches of those that left are given back") {
  World world;
  std::vector<WatchedPath> paths;
  for (int i = 0; i < 3000; ++i) {
    paths.push_back({world.directory / std::to_string(i), Role::Resource});
    write_file(paths.back().path, "{}");
  }
  world.watch(paths);
  CHECK_FALSE(world.watcher.is_polling());
  write_file(paths[1234].path, "[]");
  REQUIRE(world.is_told());
  CHECK(world.told == std::vector<std::string>{paths[1234].path});
  world.told.clear();
  world.watch();
  write_file(paths[1234].path, "{}");
  CHECK(world.is_unnoticed());
}

TEST_CASE("without inotify files are looked at from time to time") {
  World world(tl::unexpected<int>{EMFILE});
  CHECK(world.watcher.is_polling());
  world.watch();
  SECTION("changed") {
    write_file(world.config, "[]");
    CHECK(world.is_told());
  }
  SECTION("gone") {
    fs::remove(world.config);
    CHECK(world.is_told());
  }
  SECTION("a change of the same size and time") {
    const auto time = fs::last_write_time(world.config);
    rename_over(world.config, "[]");
    fs::last_write_time(world.config, time);
    CHECK(world.is_told());
  }
}

TEST_CASE("beyond the limit of watches files are looked at from time to time") {
  World world(Inotify::open(8));
  std::vector<WatchedPath> paths;
  for (int i = 0; i < 10; ++i) {
    paths.push_back({world.directory / std::to_string(i), Role::Resource});
    write_file(paths.back().path, "{}");
  }
  world.watch(paths);
  CHECK(world.watcher.is_polling());
  write_file(paths.back().path, "[]");
  CHECK(world.is_told());
}

// Root may read every directory, so another process must try.
TEST_CASE("in a directory that may not be read files are looked at from time to time") {
  const TemporaryDirectory directory;
  const std::string home = directory / "conf";
  fs::create_directory(home);
  write_file(home + "/c.json5", "{}");
  ::chmod(directory.path.c_str(), 0755);
  ::chmod(home.c_str(), ::geteuid() == 0 ? 0711 : 0311);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(65534) == -1) ::_exit(2);
    struct : Watcher::Owner {
      void on_files_changed(const std::string&) override {}
    } owner;
    prox::net::Loop loop;
    Watcher watcher(loop, owner, Inotify::open(), kPace);
    watcher.watch({{home + "/c.json5", Role::ConfigFile}}, {});
    ::_exit(watcher.is_polling() ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  ::chmod(home.c_str(), 0755);
  CHECK(status == 0);
}
