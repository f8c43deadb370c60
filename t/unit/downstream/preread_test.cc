#include "downstream/preread.h"

#include <sys/socket.h>

#include <optional>
#include <string>

#include "support.h"
#include "tls/hello.h"

using prox::downstream::Preread;
using prox::test::hello_for;
using prox::test::Peer;
using prox::test::run_until;
using prox::test::settle;

namespace {

int low_water(int socket) {
  int bytes = 0;
  socklen_t size = sizeof bytes;
  REQUIRE(::getsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &bytes, &size) == 0);
  return bytes;
}

struct Awaited {
  explicit Awaited(std::pair<prox::base::Fd, prox::base::Fd> pair = prox::test::tcp_pair())
      : client(std::move(pair.first)) {
    REQUIRE(preread.start(loop, std::move(pair.second)));
  }
  static void on_outcome(void* self, Preread::Outcome outcome,
                         const prox::tls::ClientHello& hello) {
    auto* awaited = static_cast<Awaited*>(self);
    CHECK_FALSE(awaited->outcome);
    awaited->outcome = outcome;
    awaited->name = hello.server_name;
  }
  std::optional<Preread::Outcome> wait() {
    run_until(loop, [&] { return outcome.has_value(); });
    return outcome;
  }

  prox::net::Loop loop;
  Peer client;
  Preread preread{&Awaited::on_outcome, this};
  std::optional<Preread::Outcome> outcome;
  std::string name;
};

}  // namespace

TEST_CASE("a hello is seen, and every byte of it is still there") {
  Awaited a;
  const std::string hello = hello_for("a.example.com");
  a.client.send(hello + "and more");
  CHECK(a.wait() == Preread::Outcome::Hello);
  CHECK(a.name == "a.example.com");
  CHECK(a.preread.peeks() == 1);
  Peer socket(a.preread.release());
  CHECK(socket.take() == hello + "and more");
}

TEST_CASE("a hello sent byte by byte is looked at a few times, and the socket is as it was") {
  Awaited a;
  const std::string hello = prox::test::in_records(prox::test::hello_message(
      prox::test::other_extension(99, 700) + prox::test::server_name_extension("a.test")));
  for (const char byte : hello) {
    CHECK_FALSE(a.outcome);
    a.client.send({&byte, 1});
    settle(a.loop);
  }
  CHECK(a.wait() == Preread::Outcome::Hello);
  CHECK(a.name == "a.test");
  CHECK(a.preread.peeks() <= 3);
  Peer socket(a.preread.release());
  CHECK(low_water(socket.fd()) == 1);
  CHECK(socket.take() == hello);
}

TEST_CASE("a hello larger than the receive buffer is seen") {
  Awaited a;
  const std::string hello = prox::test::in_records(prox::test::hello_message(
      prox::test::other_extension(99, 60'000) + prox::test::server_name_extension("a.test")));
  std::string_view left = hello;
  REQUIRE(run_until(a.loop, [&] {
    left = a.client.send_some(left);
    return a.outcome.has_value();
  }));
  CHECK(a.name == "a.test");
}

TEST_CASE("what does not begin as TLS is told apart by its first byte") {
  Awaited a;
  a.client.send("G");
  CHECK(a.wait() == Preread::Outcome::NotTls);
  CHECK(a.name.empty());
}

TEST_CASE("what will never be a hello has failed, and so has half of one") {
  Awaited a;
  const std::string hello = hello_for("a.example.com");
  SECTION("malformed") { a.client.send("\x16\x03\x01\xff\xff"); }
  SECTION("cut short") {
    a.client.send(hello.substr(0, 40));
    settle(a.loop);
    CHECK_FALSE(a.outcome);
    a.client.shut_down_writes();
  }
  SECTION("nothing at all") { a.client.close(); }
  SECTION("reset") {
    a.client.send(hello.substr(0, 40));
    settle(a.loop);
    a.client.reset();
  }
  CHECK(a.wait() == Preread::Outcome::Failed);
}

TEST_CASE("a whole hello with the end behind it is one") {
  Awaited a;
  a.client.send(hello_for("a.example.com"));
  a.client.shut_down_writes();
  CHECK(a.wait() == Preread::Outcome::Hello);
}
