#include "prox/net/transport.h"

#include <string>

#include "support.h"

using prox::base::Errc;
using prox::net::PlainTransport;
using prox::test::Peer;

namespace {

struct Ends {
  explicit Ends(std::pair<prox::base::Fd, prox::base::Fd> pair)
      : transport(std::move(pair.first)), peer(std::move(pair.second)) {}
  PlainTransport transport;
  Peer peer;
};

std::string read_text(PlainTransport& transport, std::size_t room = 64) {
  std::string text(room, '\0');
  const auto n = transport.read(text.data(), room);
  REQUIRE(n);
  text.resize(*n);
  return text;
}

iovec vector_of(std::string& text) { return {text.data(), text.size()}; }

}  // namespace

TEST_CASE("a read takes what is there; nothing there is 0, and not the end") {
  Ends ends(prox::test::unix_pair());
  CHECK(read_text(ends.transport).empty());
  ends.peer.send("hello");
  CHECK(read_text(ends.transport, 3) == "hel");
  CHECK(read_text(ends.transport) == "lo");
  CHECK(read_text(ends.transport).empty());
}

TEST_CASE("the end of a stream comes after its last byte, as PeerClosed") {
  Ends ends(prox::test::tcp_pair());
  ends.peer.send("bye");
  ends.peer.shut_down_writes();
  CHECK(read_text(ends.transport) == "bye");
  char byte;
  const auto end = ends.transport.read(&byte, 1);
  REQUIRE_FALSE(end);
  CHECK(end.error().code == Errc::PeerClosed);
}

TEST_CASE("a reset is PeerReset for readers and writers") {
  Ends ends(prox::test::tcp_pair());
  ends.peer.reset();
  char byte;
  const auto read = ends.transport.read(&byte, 1);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == Errc::PeerReset);
  CHECK(read.error().sys_errno == ECONNRESET);
  std::string text = "x";
  const iovec vector = vector_of(text);
  const auto written = ends.transport.write(&vector, 1);
  REQUIRE_FALSE(written);
  CHECK(written.error().code == Errc::PeerReset);
}

TEST_CASE("a write gathers, and writes 0 when the peer does not read") {
  Ends ends(prox::test::unix_pair());
  std::string one = "gath";
  std::string two = "ered";
  const iovec vectors[] = {vector_of(one), vector_of(two)};
  const auto written = ends.transport.write(vectors, 2);
  REQUIRE(written);
  CHECK(*written == 8);
  CHECK(ends.peer.take() == "gathered");

  std::string much(1 << 20, 'x');
  const iovec all = vector_of(much);
  auto n = ends.transport.write(&all, 1);
  while (n && *n > 0) n = ends.transport.write(&all, 1);
  REQUIRE(n);
  CHECK(*n == 0);
}

TEST_CASE("what is to come is seen without reading, the strongest that is known") {
  using Pending = prox::net::Transport::Pending;
  Ends ends(prox::test::tcp_pair());
  CHECK(ends.transport.peek() == Pending::Nothing);
  ends.peer.send("x");
  CHECK(ends.transport.peek() == Pending::Data);
  ends.peer.shut_down_writes();
  CHECK(ends.transport.peek() == Pending::End);
  CHECK(read_text(ends.transport) == "x");
  CHECK(ends.transport.peek() == Pending::End);

  Ends reset(prox::test::tcp_pair());
  reset.peer.send("unread");
  reset.peer.reset();
  CHECK(reset.transport.peek() == Pending::Reset);
}

TEST_CASE("after shut_down_writes the peer sees the end, and reading goes on") {
  Ends ends(prox::test::tcp_pair());
  ends.transport.shut_down_writes();
  CHECK(ends.peer.ended());
  ends.peer.send("still");
  CHECK(read_text(ends.transport) == "still");
}

TEST_CASE("release gives the open descriptor away") {
  Ends ends(prox::test::unix_pair());
  const int number = ends.transport.fd();
  const prox::base::Fd released = ends.transport.release();
  CHECK(released.get() == number);
  CHECK(ends.transport.fd() == -1);
  CHECK_FALSE(ends.peer.ended());
}
