#include "master/control_socket.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.h"
#include "master/temporary_directory.h"
#include "prox/base/fd.h"
#include "prox/net/timer.h"
#include "support.h"

using prox::base::Fd;
using prox::master::ControlSocket;

namespace {

struct Master final : ControlSocket::Owner {
  Master() {
    auto opened = ControlSocket::open(loop, path(), *this);
    REQUIRE(opened);
    socket = std::move(*opened);
  }

  void on_command(ControlSocket::Asker asker, std::string_view command) override {
    askers.push_back(asker);
    commands.emplace_back(command);
  }
  std::string path() const { return directory / "s"; }
  void turn() { event_base_loop(loop.base(), EVLOOP_NONBLOCK); }

  prox::net::Loop loop;
  prox::test::TemporaryDirectory directory;
  std::unique_ptr<ControlSocket> socket;
  std::vector<ControlSocket::Asker> askers;
  std::vector<std::string> commands;
};

struct Client {
  explicit Client(const std::string& path) : fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path.c_str());
    REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  void say(const std::string& text) const {
    REQUIRE(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) > 0);
  }
  // What is there; "closed" at the end.
  std::string hear() const {
    std::array<char, 65536> buffer;
    const ssize_t size = ::recv(fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size == -1) return errno == EAGAIN ? "" : "closed";
    return size == 0 ? "closed" : std::string(buffer.data(), static_cast<std::size_t>(size));
  }

  Fd fd;
};

// While it lives every new descriptor is one too many.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const rlimit none{0, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

void turn_twice(Master& master) {
  master.turn();  // accepts
  master.turn();  // reads
}

}  // namespace

TEST_CASE("only the owner may use the control socket, and its path goes with it") {
  Master master;
  struct stat made {};
  REQUIRE(::stat(master.path().c_str(), &made) == 0);
  CHECK((made.st_mode & 0777) == 0600);
  CHECK_FALSE(ControlSocket::open(master.loop, master.path(), master));  // somebody answers there
  master.socket.reset();
  CHECK_FALSE(std::filesystem::exists(master.path()));
}

TEST_CASE("a command may come in pieces and is answered when the answer is there") {
  Master master;
  const Client client(master.path());
  client.say("{\"command\":");
  turn_twice(master);
  CHECK(master.commands.empty());
  client.say("\"reload\"}\n");
  master.turn();
  REQUIRE(master.commands == std::vector<std::string>{"reload"});
  CHECK(client.hear().empty());
  master.socket->answer(master.askers[0], "{\"ok\":true}");
  CHECK(client.hear() == "{\"ok\":true}\n");
}

TEST_CASE("what is no request is answered with an error") {
  const auto line =
      GENERATE("hello", "[]", "{}", "{\"command\":1}", "{\"command\":\"reload\"", "\xff");
  Master master;
  const Client client(master.path());
  client.say(std::string(line) + "\n");
  turn_twice(master);
  CHECK(master.commands.empty());
  CHECK(client.hear().starts_with("{\"ok\":false,\"error\":"));
}

TEST_CASE("an endless line ends the connection") {
  Master master;
  const Client client(master.path());
  client.say(std::string(10000, 'x'));
  for (int i = 0; i < 4; ++i) master.turn();
  CHECK(client.hear() == "closed");
}

TEST_CASE("an answer to somebody who has gone is dropped") {
  Master master;
  {
    const Client client(master.path());
    client.say("{\"command\":\"reload\"}\n");
    turn_twice(master);
  }
  master.turn();
  REQUIRE(master.askers.size() == 1);
  master.socket->answer(master.askers[0], "{}");
}

TEST_CASE("an answer longer than the socket's buffer arrives whole") {
  Master master;
  const Client client(master.path());
  client.say("{\"command\":\"status\"}\n");
  turn_twice(master);
  REQUIRE(master.askers.size() == 1);
  const std::string answer(4 << 20, 'x');
  master.socket->answer(master.askers[0], answer);
  std::string heard;
  for (int turns = 0; turns < 10'000 && !heard.ends_with("\n"); ++turns) {
    heard += client.hear();
    master.turn();
  }
  CHECK(heard.size() == answer.size() + 1);
}

TEST_CASE("a client that there is no descriptor for waits, without keeping the loop busy") {
  Master master;
  const Client client(master.path());
  client.say("{\"command\":\"status\"}\n");
  {
    const NoMoreDescriptors none;
    master.turn();  // cannot accept
    prox::net::Timer timer;
    bool has_passed = false;
    timer.init(
        master.loop, [](void* passed) { *static_cast<bool*>(passed) = true; }, &has_passed);
    timer.set_after(20);
    event_base_loop(master.loop.base(), EVLOOP_ONCE);  // until something happens
    CHECK(has_passed);
  }
  CHECK(prox::test::run_until(master.loop, [&] { return !master.commands.empty(); }));
}
