#include "master/log_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "catch.h"
#include "master/temporary_directory.h"

using namespace prox;
using master::LogFiles;

namespace {

config::Config naming(const std::string& access_log, const std::string& error_log) {
  config::Config config;
  config.logging.access_log = config::AccessLog{false, {{access_log, {}}, access_log}};
  config.logging.error_log = config::Path{{error_log, {}}, error_log};
  return config;
}

ino_t inode(int fd) {
  struct stat status {};
  REQUIRE(::fstat(fd, &status) == 0);
  return status.st_ino;
}

}  // namespace

TEST_CASE("log files are made, opened to append, and opened once") {
  const test::TemporaryDirectory directory;
  const std::string access = directory / "a.log", error = directory / "e.log";
  LogFiles files;
  config::Diagnostics diagnostics;
  REQUIRE(files.open(naming(access, error), diagnostics));
  const int fd = files.fd(access);
  REQUIRE(fd >= 0);
  CHECK((::fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK)) == (O_APPEND | O_NONBLOCK));
  CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  REQUIRE(files.open(naming(access, error), diagnostics));
  CHECK(files.fds({error, access}) == std::vector<int>{files.fd(error), fd});
  CHECK(files.fd(directory / "other") == -1);
}

TEST_CASE("one that cannot be opened is told at its place") {
  const test::TemporaryDirectory directory;
  LogFiles files;
  config::Diagnostics diagnostics;
  const std::string missing = directory / "none/a.log";
  CHECK_FALSE(files.open(naming(missing, directory / "e.log"), diagnostics));
  REQUIRE(diagnostics.errors() == 1);
  CHECK(diagnostics.all()[0].message ==
        "cannot open log \"" + missing + "\": No such file or directory");
}

TEST_CASE("reopened, a renamed file gives way to a new one; what cannot be opened stays") {
  const test::TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "sub");
  const std::string access = directory / "a.log", error = directory / "sub/e.log";
  LogFiles files;
  config::Diagnostics diagnostics;
  REQUIRE(files.open(naming(access, error), diagnostics));
  const ino_t old_access = inode(files.fd(access)), old_error = inode(files.fd(error));
  std::filesystem::rename(access, access + ".1");
  std::filesystem::rename(directory / "sub", directory / "gone");
  const auto failures = files.reopen();
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].path == error);
  CHECK(failures[0].error == ENOENT);
  CHECK(inode(files.fd(access)) != old_access);
  CHECK(inode(files.fd(error)) == old_error);
}

TEST_CASE("files that no config names any more are closed") {
  const test::TemporaryDirectory directory;
  const std::string access = directory / "a.log", error = directory / "e.log";
  LogFiles files;
  config::Diagnostics diagnostics;
  REQUIRE(files.open(naming(access, error), diagnostics));
  files.keep_only({error, ""});
  CHECK(files.fd(access) == -1);
  CHECK(files.fd(error) >= 0);
}

TEST_CASE("a pipe is opened though nobody reads it") {
  const test::TemporaryDirectory directory;
  const std::string pipe = directory / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const base::Fd file = master::open_log(pipe);
  REQUIRE(file);
  CHECK(::write(file.get(), "line\n", 5) == 5);
}
