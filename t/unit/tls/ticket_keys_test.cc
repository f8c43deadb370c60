#include "prox/tls/ticket_keys.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "catch.h"

using prox::tls::TicketKeys;

TEST_CASE("a key opens tickets for two more rotations") {
  auto keys = TicketKeys::map();
  REQUIRE(keys);
  std::vector<std::array<unsigned char, 16>> names;
  for (int rotation = 0; rotation < 10; ++rotation) {
    names.push_back(keys->current().name);
    for (std::size_t i = 0; i < names.size(); ++i) {
      CAPTURE(rotation, i);
      const TicketKeys::Key* found = keys->find(names[i].data());
      CHECK((found != nullptr) == (names.size() - i <= 3));
      if (found != nullptr) CHECK(found->name == names[i]);
    }
    REQUIRE(keys->rotate());
    CHECK(keys->current().name != names.back());
  }
}

TEST_CASE("no key has the name of zeros that unused memory has") {
  auto keys = TicketKeys::map();
  REQUIRE(keys);
  const std::array<unsigned char, 16> zeros{};
  CHECK(keys->find(zeros.data()) == nullptr);
}

TEST_CASE("a rotation is seen by processes forked before it") {
  auto keys = TicketKeys::map();
  REQUIRE(keys);
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    std::array<unsigned char, 16> name{};
    const bool got = ::read(pipe[0], name.data(), name.size()) == static_cast<ssize_t>(name.size());
    ::_exit(got && keys->current().name == name ? 0 : 1);
  }
  REQUIRE(keys->rotate());
  REQUIRE(::write(pipe[1], keys->current().name.data(), 16) == 16);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  ::close(pipe[0]);
  ::close(pipe[1]);
}
