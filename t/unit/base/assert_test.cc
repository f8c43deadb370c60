#include "prox/base/assert.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include "catch.h"
#include "prox/base/fd.h"
#include "prox/base/log.h"

using prox::base::Fd;

namespace {

std::string read_all(int fd) {
  std::string text(4096, '\0');
  const ssize_t n = ::read(fd, text.data(), text.size());
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

}  // namespace

TEST_CASE("a promise that does not hold ends the process, and is told in both logs") {
  std::array<int, 2> console{}, file{};
  REQUIRE(::pipe2(console.data(), O_CLOEXEC) == 0);
  REQUIRE(::pipe2(file.data(), O_CLOEXEC) == 0);
  const pid_t child = ::fork();
  REQUIRE(child != -1);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    ::dup2(console[1], STDERR_FILENO);
    prox::base::log::set_error_log(file[1]);
    PROX_ASSERT(1 + 1 == 3);
    ::_exit(0);
  }
  const Fd console_out(console[0]), console_in(console[1]), file_out(file[0]), file_in(file[1]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
  const std::string shown = read_all(console_out.get());
  CHECK(shown.find("ERR broken promise what=\"1 + 1 == 3\" file=") != std::string::npos);
  CHECK(read_all(file_out.get()).find("\"msg\":\"broken promise\"") != std::string::npos);
}
