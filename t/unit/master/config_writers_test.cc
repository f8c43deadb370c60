#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "catch.h"
#include "master/temporary_directory.h"
#include "prox/master/environment.h"

// Who could change a config that the master reads as root.
namespace {

using namespace prox;
using Role = config::WatchedPath::Role;

worker::Credentials credentials(uid_t user, gid_t group) {
  worker::Credentials credentials;
  credentials.user = user;
  credentials.group = group;
  return credentials;
}

std::vector<std::string> warnings(const std::vector<config::WatchedPath>& paths,
                                  const worker::Credentials& credentials) {
  config::Diagnostics diagnostics;
  master::warn_of_writers(paths, credentials, diagnostics);
  std::vector<std::string> messages;
  for (const config::Diagnostic& d : diagnostics.all()) {
    CHECK(d.severity == config::Severity::Warning);
    CHECK_FALSE(d.has_place);
    messages.push_back(d.message);
  }
  return messages;
}

struct World {
  World() {
    test::write_file(config, "{}");
    ::chmod(config.c_str(), 0644);
    ::chmod(directory.path.c_str(), 0755);
  }

  test::TemporaryDirectory directory;
  std::string config = directory / "c.json5";
  std::vector<config::WatchedPath> paths = {{config, Role::ConfigFile},
                                            {directory.path, Role::ConfigDirectory}};
  uid_t another_user = ::getuid() + 1;
  gid_t another_group = ::getgid() + 1;
};

TEST_CASE("workers that own the config, or its directory, could change it") {
  const World world;
  const auto found = warnings(world.paths, credentials(::getuid(), world.another_group));
  REQUIRE(found.size() == 2);
  CHECK(found[0].starts_with("config \"" + world.config + "\" can be written by "));
  CHECK(
      found[1].starts_with("config directory \"" + world.directory.path + "\" can be written by "));
}

TEST_CASE("others can change a config only if its mode lets them") {
  const World world;
  const auto others = credentials(world.another_user, world.another_group);
  CHECK(warnings(world.paths, others).empty());
  ::chmod(world.config.c_str(), 0646);
  CHECK(warnings(world.paths, others).size() == 1);
  ::chmod(world.directory.path.c_str(), 0757);
  CHECK(warnings(world.paths, others).size() == 2);
}

TEST_CASE("a group that may write counts for its members alone") {
  const World world;
  ::chmod(world.config.c_str(), 0664);
  CHECK(warnings(world.paths, credentials(world.another_user, ::getgid())).size() == 1);
  CHECK(warnings(world.paths, credentials(world.another_user, world.another_group)).empty());
  ::chmod(world.config.c_str(), 0606);  // a member is not among the others
  CHECK(warnings(world.paths, credentials(world.another_user, ::getgid())).empty());
}

TEST_CASE("in a sticky directory nobody replaces the files of another") {
  const World world;
  ::chmod(world.directory.path.c_str(), 01777);
  CHECK(warnings(world.paths, credentials(world.another_user, world.another_group)).empty());
}

TEST_CASE("only what is config counts, and only if workers become somebody") {
  World world;
  world.paths[0].role = Role::Resource;
  world.paths[1].role = Role::Certificate;
  CHECK(warnings(world.paths, credentials(::getuid(), ::getgid())).empty());
  const World owned;
  CHECK(warnings(owned.paths, {}).empty());
  CHECK(warnings({{owned.directory / "none.json5", Role::ConfigFile}},
                 credentials(owned.another_user, owned.another_group))
            .empty());
}

}  // namespace
