#include "master/slots.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "catch.h"

using prox::base::Fd;
using prox::config::Diagnostics;
using prox::master::Address;
using prox::master::Slots;
using prox::master::SlotSocket;

namespace {

Address ipv4(const std::string& host, std::uint16_t port, const std::string& key) {
  Address address;
  address.key = key;
  address.service_name = "web";
  auto* in = reinterpret_cast<sockaddr_in*>(&address.storage);
  in->sin_family = AF_INET;
  in->sin_port = htons(port);
  REQUIRE(::inet_pton(AF_INET, host.c_str(), &in->sin_addr) == 1);
  address.length = sizeof *in;
  return address;
}

Address ipv6(const in6_addr& host, std::uint16_t port, bool dual_stack) {
  Address address;
  address.key = dual_stack ? "any dual" : "v6";
  address.service_name = "web";
  address.dual_stack = dual_stack;
  auto* in = reinterpret_cast<sockaddr_in6*>(&address.storage);
  in->sin6_family = AF_INET6;
  in->sin6_port = htons(port);
  in->sin6_addr = host;
  address.length = sizeof *in;
  return address;
}

Address unix_address(const std::string& path) {
  Address address;
  address.key = "unix:" + path;
  auto* in = reinterpret_cast<sockaddr_un*>(&address.storage);
  in->sun_family = AF_UNIX;
  std::strcpy(in->sun_path, path.c_str());
  address.length = sizeof *in;
  return address;
}

struct Fixture {
  prox::net::Loop loop;
  Slots slots{loop};
  Diagnostics diagnostics;

  void open(const std::vector<Address>& addresses, std::size_t count) {
    REQUIRE(slots.bind(addresses, count, diagnostics));
    REQUIRE(slots.listen(addresses, diagnostics));
  }
  std::uint16_t port_of(const Address& address) { return slots.find_bound(address.key)->port(); }
  // Turns the loop until the address is given up; its own limit ends the wait.
  void turn_until_gone(const Address& address) {
    while (slots.find_bound(address.key) != nullptr) event_base_loop(loop.base(), EVLOOP_ONCE);
  }
};

Fd connect_to(const std::string& host, std::uint16_t port) {
  const Address address = ipv4(host, port, "");
  Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(client.get(), address.get(), address.length) == -1) client.reset();
  return client;
}

bool has_client(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 1 && (waiting.revents & POLLIN) != 0;
}

std::set<std::uint32_t> slot_numbers(const std::vector<SlotSocket>& sockets) {
  std::set<std::uint32_t> numbers;
  for (const SlotSocket& socket : sockets) numbers.insert(socket.slot);
  return numbers;
}

}  // namespace

TEST_CASE("every slot has its own socket on the same port, which slot 0 picked") {
  Fixture f;
  const Address address = ipv4("127.0.0.1", 0, "a");
  f.open({address}, 3);
  std::set<int> fds;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto sockets = f.slots.sockets_of({address}, i, 3);
    REQUIRE(sockets.size() == 1);
    CHECK(sockets[0].slot == i);
    fds.insert(sockets[0].fd);
    Address bound = address;
    socklen_t length = sizeof bound.storage;
    REQUIRE(::getsockname(sockets[0].fd, bound.get(), &length) == 0);
    CHECK(bound.port() == f.port_of(address));
  }
  CHECK(fds.size() == 3);
  CHECK(f.port_of(address) != 0);
}

TEST_CASE("clients are spread over the slots") {
  Fixture f;
  const Address address = ipv4("127.0.0.1", 0, "a");
  f.open({address}, 2);
  const int first = f.slots.sockets_of({address}, 0, 2)[0].fd;
  const int second = f.slots.sockets_of({address}, 1, 2)[0].fd;
  std::vector<Fd> clients;
  while ((!has_client(first) || !has_client(second)) && clients.size() < 200) {
    clients.push_back(connect_to("127.0.0.1", f.port_of(address)));
    REQUIRE(clients.back());
  }
  CHECK(has_client(first));
  CHECK(has_client(second));
}

TEST_CASE("a second prox is refused, also when it would share the port, and is told where") {
  Fixture f;
  const Address address = ipv4("127.0.0.1", 0, "a");
  f.open({address}, 2);
  Slots other(f.loop);
  const Address taken = ipv4("127.0.0.1", f.port_of(address), "b");
  Diagnostics diagnostics;
  CHECK_FALSE(other.bind({taken}, 2, diagnostics));
  REQUIRE(diagnostics.errors() == 1);
  CHECK(diagnostics.all()[0].message ==
        "service \"web\" cannot listen on " + taken.text() + ": Address already in use");
  CHECK(other.find_bound("b") == nullptr);
}

TEST_CASE("if one address fails, those bound with it are given up and those from before stay") {
  Fixture f;
  const Address kept = ipv4("127.0.0.1", 0, "kept");
  f.open({kept}, 1);
  const Address fresh = ipv4("127.0.0.1", 0, "fresh");
  const Address impossible = ipv4("192.0.2.1", 1, "impossible");
  CHECK_FALSE(f.slots.bind({kept, fresh, impossible}, 2, f.diagnostics));
  CHECK(f.slots.find_bound("fresh") == nullptr);
  CHECK(f.slots.find_bound("impossible") == nullptr);
  CHECK(f.slots.sockets_of({kept}, 0, 1).size() == 1);
  CHECK(connect_to("127.0.0.1", f.port_of(kept)));
}

TEST_CASE("nobody gets in before listen, and what never listened can be discarded") {
  Fixture f;
  const Address address = ipv4("127.0.0.1", 0, "a");
  REQUIRE(f.slots.bind({address}, 1, f.diagnostics));
  CHECK_FALSE(connect_to("127.0.0.1", f.port_of(address)));
  f.slots.discard_unused();
  CHECK(f.slots.find_bound("a") == nullptr);
}

TEST_CASE("a known address keeps its sockets and port; a larger count adds slots") {
  Fixture f;
  const Address address = ipv4("127.0.0.1", 0, "a");
  f.open({address}, 1);
  const std::uint16_t port = f.port_of(address);
  const int first = f.slots.sockets_of({address}, 0, 1)[0].fd;
  f.open({address}, 3);
  CHECK(f.port_of(address) == port);
  CHECK(f.slots.sockets_of({address}, 0, 3)[0].fd == first);
  CHECK(f.slots.sockets_of({address}, 2, 3).size() == 1);
}

TEST_CASE("with fewer workers each gets the slots that are left, by remainder") {
  Fixture f;
  const Address address = ipv4("127.0.0.1", 0, "a");
  f.open({address}, 5);
  CHECK(slot_numbers(f.slots.sockets_of({address}, 0, 2)) == std::set<std::uint32_t>{0, 2, 4});
  CHECK(slot_numbers(f.slots.sockets_of({address}, 1, 2)) == std::set<std::uint32_t>{1, 3});
}

TEST_CASE("any address is one socket for IPv4 and IPv6") {
  Fixture f;
  const Address address = ipv6(in6addr_any, 0, true);
  f.open({address}, 2);
  CHECK(connect_to("127.0.0.1", f.port_of(address)));
}

TEST_CASE("an IPv6 address takes no IPv4") {
  Fixture f;
  const Address address = ipv6(in6addr_any, 0, false);
  if (!f.slots.bind({address}, 1, f.diagnostics)) return;  // a host without IPv6
  REQUIRE(f.slots.listen({address}, f.diagnostics));
  CHECK_FALSE(connect_to("127.0.0.1", f.port_of(address)));
}

TEST_CASE("an address may become narrower or wider by a reload while the old one is still open") {
  Fixture f;
  const Address wide = ipv4("0.0.0.0", 0, "wide");
  f.open({wide}, 2);
  const Address narrow = ipv4("127.0.0.1", f.port_of(wide), "narrow");
  f.open({narrow}, 2);
  f.slots.retire_all_but({narrow});
  f.turn_until_gone(wide);
  const Address wide_again = ipv4("0.0.0.0", f.port_of(narrow), "wide again");
  f.open({wide_again}, 2);
}

TEST_CASE(
    "a retired address takes no new client, keeps those queued until they are accepted, and then "
    "is refused") {
  Fixture f;
  const Address address = ipv4("127.0.0.1", 0, "a");
  f.open({address}, 1);
  const std::uint16_t port = f.port_of(address);
  const int socket = f.slots.sockets_of({address}, 0, 1)[0].fd;
  const Fd workers_copy(::dup(socket));
  const Fd client = connect_to("127.0.0.1", port);
  REQUIRE(client);
  f.slots.retire_all_but({});
  Fd late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const Address target = ipv4("127.0.0.1", port, "");
  REQUIRE(::connect(late.get(), target.get(), target.length) == -1);
  REQUIRE(errno == EINPROGRESS);
  for (int i = 0; i < 3; ++i) event_base_loop(f.loop.base(), EVLOOP_ONCE);
  REQUIRE(f.slots.find_bound("a") != nullptr);  // somebody is still in the queue

  const Fd accepted(::accept(workers_copy.get(), nullptr, nullptr));
  REQUIRE(accepted);
  CHECK_FALSE(has_client(workers_copy.get()));
  f.turn_until_gone(address);
  CHECK_FALSE(connect_to("127.0.0.1", port));  // although the worker's copy is open
  REQUIRE(::send(accepted.get(), "x", 1, MSG_NOSIGNAL) == 1);
  char byte = 0;
  CHECK(::recv(client.get(), &byte, 1, 0) == 1);
}

TEST_CASE("a retired address may be wanted again at once") {
  Fixture f;
  const Address address = ipv4("127.0.0.1", 0, "a");
  f.open({address}, 1);
  f.slots.retire_all_but({});
  f.open({address}, 1);
  CHECK(connect_to("127.0.0.1", f.port_of(address)));
}

TEST_CASE("a Unix address is one socket for all, mode 0660, and its path goes with it") {
  std::string directory = (std::filesystem::temp_directory_path() / "prox-slots-XXXXXX").string();
  REQUIRE(::mkdtemp(directory.data()) != nullptr);
  const Address address = unix_address(directory + "/s");
  {
    Fixture f;
    f.open({address}, 2);
    const auto of_second = f.slots.sockets_of({address}, 1, 2);
    REQUIRE(of_second.size() == 1);
    CHECK(of_second[0].is_shared);
    struct stat made {};
    REQUIRE(::stat(address.unix_path(), &made) == 0);
    CHECK((made.st_mode & 0777) == 0660);
    Fixture other;
    CHECK_FALSE(other.slots.bind({address}, 1, other.diagnostics));  // somebody answers there
  }
  CHECK_FALSE(std::filesystem::exists(address.unix_path()));

  Fd leftover(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(leftover.get(), address.get(), address.length) == 0);
  leftover.reset();
  Fixture f;
  f.open({address}, 1);  // nobody answered
  std::filesystem::remove_all(directory);
}
