#include "worker/acceptor.h"

#include <sys/resource.h>

#include <memory>
#include <string>
#include <vector>

#include "support.h"

using prox::base::Fd;
using prox::net::Loop;
using prox::test::connect_to;
using prox::test::listen_on;
using prox::test::Listening;
using prox::test::run_until;
using prox::test::settle;
using prox::worker::Acceptor;

namespace {

struct Owner final : Acceptor::Owner {
  void on_accepted(Acceptor& acceptor, Fd socket, const prox::net::SocketAddress& peer) override {
    listeners.push_back(acceptor.listener());
    peers.push_back(peer.text());
    sockets.push_back(std::move(socket));
  }
  void on_accept_ended(Acceptor&) override { ++ended; }
  void on_accept_exhausted(int error) override {
    exhausted_by = error;
    if (at_exhausted != nullptr) at_exhausted->pause();
  }

  std::vector<std::uint32_t> listeners;
  std::vector<std::string> peers;
  std::vector<Fd> sockets;
  int ended = 0;
  int exhausted_by = 0;
  Acceptor* at_exhausted = nullptr;
};

struct Accepting {
  Loop loop;
  Owner owner;
  Listening listening = listen_on("127.0.0.1", 0, 128);
  Acceptor acceptor{loop, listening.socket.get(), 5, owner};
};

std::string own_text(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  return prox::net::SocketAddress(reinterpret_cast<const sockaddr*>(&address), length).text();
}

}  // namespace

TEST_CASE("what connects is accepted, with its address and its listener") {
  Accepting a;
  REQUIRE(a.acceptor.start());
  CHECK(a.acceptor.is_accepting());
  const Fd client = connect_to(a.listening.address);
  REQUIRE(run_until(a.loop, [&] { return a.owner.sockets.size() == 1; }));
  CHECK(a.owner.listeners.front() == 5);
  CHECK(a.owner.peers.front() == own_text(client.get()));
  const int accepted = a.owner.sockets.front().get();
  CHECK((::fcntl(accepted, F_GETFL) & O_NONBLOCK) != 0);
  CHECK((::fcntl(accepted, F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("before start, and while it pauses, an acceptor leaves clients in the queue") {
  Accepting a;
  const Fd first = connect_to(a.listening.address);
  settle(a.loop);
  CHECK(a.owner.sockets.empty());
  REQUIRE(a.acceptor.start());
  REQUIRE(run_until(a.loop, [&] { return a.owner.sockets.size() == 1; }));
  a.acceptor.pause();
  CHECK_FALSE(a.acceptor.is_accepting());
  const Fd second = connect_to(a.listening.address);
  settle(a.loop);
  CHECK(a.owner.sockets.size() == 1);
  REQUIRE(a.acceptor.start());
  CHECK(run_until(a.loop, [&] { return a.owner.sockets.size() == 2; }));
}

TEST_CASE("a long queue is accepted over several turns, whole") {
  Accepting a;
  std::vector<Fd> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(connect_to(a.listening.address));
  REQUIRE(a.acceptor.start());
  prox::test::turn(a.loop);
  CHECK(a.owner.sockets.size() < 100);
  CHECK(run_until(a.loop, [&] { return a.owner.sockets.size() == 100; }));
}

TEST_CASE("a socket that is shut down ends accepting, once") {
  Accepting a;
  REQUIRE(a.acceptor.start());
  settle(a.loop);
  ::shutdown(a.listening.socket.get(), SHUT_RD);
  REQUIRE(run_until(a.loop, [&] { return a.owner.ended > 0; }));
  settle(a.loop);
  CHECK(a.owner.ended == 1);
  CHECK_FALSE(a.acceptor.is_accepting());
  CHECK(a.owner.exhausted_by == 0);
}

TEST_CASE("drain_and_close takes what is queued, then refuses") {
  Accepting a;
  REQUIRE(a.acceptor.start());
  std::vector<Fd> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(connect_to(a.listening.address));
  a.acceptor.drain_and_close();
  CHECK(a.owner.sockets.size() == 50);
  CHECK_FALSE(a.acceptor.is_accepting());
  const Fd late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(::connect(late.get(), a.listening.address.get(), a.listening.address.length()) == -1);
  CHECK(errno == ECONNREFUSED);
}

TEST_CASE("when descriptors run out the owner is told why, and nothing is lost") {
  Accepting a;
  const Fd client = connect_to(a.listening.address);
  REQUIRE(a.acceptor.start());
  a.owner.at_exhausted = &a.acceptor;
  rlimit saved{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &saved) == 0);
  // The lowest free number is the limit: no descriptor more.
  const int next = ::dup(client.get());
  REQUIRE(next != -1);
  ::close(next);
  const rlimit full{static_cast<rlim_t>(next), saved.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &full) == 0);
  settle(a.loop);
  const int error = a.owner.exhausted_by;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &saved) == 0);
  CHECK(error == EMFILE);
  CHECK(a.owner.sockets.empty());
  REQUIRE(a.acceptor.start());
  CHECK(run_until(a.loop, [&] { return a.owner.sockets.size() == 1; }));
}
