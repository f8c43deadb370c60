#include "prox/base/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "catch.h"

using prox::base::Fd;

namespace {

int open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

}  // namespace

TEST_CASE("a descriptor is closed when its owner goes out of scope") {
  const int number = open_null();
  {
    const Fd fd(number);
    CHECK(fd);
    CHECK(fd.get() == number);
    CHECK(is_open(number));
  }
  CHECK_FALSE(is_open(number));
}

TEST_CASE("no descriptor is -1 and false") {
  const Fd none;
  CHECK_FALSE(none);
  CHECK(none.get() == -1);
}

TEST_CASE("a move leaves nothing behind, and closes what was held before") {
  const int first = open_null();
  const int second = open_null();
  Fd a(first);
  Fd b(second);
  a = std::move(b);
  CHECK_FALSE(is_open(first));
  CHECK(a.get() == second);
  CHECK_FALSE(b);
  Fd c(std::move(a));
  CHECK(c.get() == second);
  CHECK_FALSE(a);
  CHECK(is_open(second));
}

TEST_CASE("a descriptor moved to itself stays open") {
  Fd fd(open_null());
  Fd& same = fd;
  fd = std::move(same);
  CHECK(is_open(fd.get()));
}

TEST_CASE("release gives the descriptor away open; reset closes it and takes another") {
  const int number = open_null();
  Fd fd(number);
  CHECK(fd.release() == number);
  CHECK_FALSE(fd);
  CHECK(is_open(number));

  fd.reset(number);
  const int other = open_null();
  fd.reset(other);
  CHECK_FALSE(is_open(number));
  CHECK(fd.get() == other);
  fd.reset();
  CHECK_FALSE(is_open(other));
}
