#include "prox/master/pid_file.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "catch.h"
#include "master/temporary_directory.h"

using prox::master::control_path;
using prox::master::default_pid_path;
using prox::master::PidFile;
using prox::master::read_running_pid;

namespace {

struct Directory : prox::test::TemporaryDirectory {
  std::string file() const { return path + "/prox.pid"; }
};

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The lock belongs to an open file, so it takes another process, or another open, to find it held.
bool is_held_for_another_process(const std::string& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto file = PidFile::create(path);
    ::_exit(!file && file.error().is_held ? 0 : 1);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  return status == 0;
}

}  // namespace

TEST_CASE("the pid file holds the pid, is locked while it lives and removed afterwards") {
  const Directory directory;
  {
    const auto file = PidFile::create(directory.file());
    REQUIRE(file);
    CHECK(read_file(directory.file()) == std::to_string(::getpid()) + "\n");
    CHECK(read_running_pid(directory.file()) == std::optional<pid_t>(::getpid()));
    CHECK(is_held_for_another_process(directory.file()));
    CHECK(read_running_pid(directory.file()) == std::optional<pid_t>(::getpid()));
  }
  CHECK_FALSE(std::filesystem::exists(directory.file()));
  CHECK(std::filesystem::is_empty(directory.path));
}

TEST_CASE("a leftover tells of nobody and is replaced") {
  const Directory directory;
  std::ofstream(directory.file()) << "999999999999\nrest\n";
  CHECK(read_running_pid(directory.file()) == std::nullopt);
  const auto file = PidFile::create(directory.file());
  REQUIRE(file);
  CHECK(read_file(directory.file()) == std::to_string(::getpid()) + "\n");
}

TEST_CASE("a place that cannot be written is a failure with its reason, not a held file") {
  const auto file = PidFile::create("/nonexistent/prox.pid");
  REQUIRE_FALSE(file);
  CHECK_FALSE(file.error().is_held);
  CHECK(file.error().why == "cannot write /nonexistent/prox.pid: No such file or directory");
  CHECK(read_running_pid("/nonexistent/prox.pid") == std::nullopt);
}

TEST_CASE("a file that another master put there meanwhile is not removed") {
  const Directory directory;
  {
    const auto file = PidFile::create(directory.file());
    REQUIRE(file);
    std::filesystem::remove(directory.file());
    std::ofstream(directory.file()) << "1\n";
  }
  CHECK(read_file(directory.file()) == "1\n");
}

TEST_CASE("the control socket is beside the pid file") {
  CHECK(control_path("/run/prox.pid") == "/run/prox.sock");
  CHECK(control_path("prox") == "prox.sock");
  CHECK(control_path("/run/prox.run") == "/run/prox.run.sock");
}

TEST_CASE("with a prefix the default pid file is in it") {
  CHECK(default_pid_path("/srv/p") == std::optional<std::string>("/srv/p/prox.pid"));
}
