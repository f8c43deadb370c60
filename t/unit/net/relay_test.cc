#include "prox/net/relay.h"

#include <poll.h>
#include <sys/resource.h>

#include <optional>
#include <string>

#include "support.h"

using prox::base::BlockPool;
using prox::net::Loop;
using prox::net::PipePool;
using prox::net::Relay;
using prox::test::Fd;
using prox::test::Peer;
using prox::test::run_until;
using prox::test::settle;

namespace {

constexpr std::size_t kMuch = 8u << 20;

std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  std::uint32_t state = 1;
  for (char& c : text) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return text;
}

// A relay between two pairs of sockets, and the raw other ends.
struct Relayed {
  explicit Relayed(std::pair<Fd, Fd> a = prox::test::tcp_pair(),
                   std::pair<Fd, Fd> b = prox::test::tcp_pair())
      : client(std::move(a.second)),
        target(std::move(b.second)),
        client_side(std::move(a.first)),
        target_side(std::move(b.first)) {}
  void start() { REQUIRE(relay.start(std::move(client_side), std::move(target_side), 0)); }
  static void on_end(void* self, Relay::End end) {
    auto* relayed = static_cast<Relayed*>(self);
    CHECK_FALSE(relayed->end);
    relayed->end = end;
  }
  // Both ways at once, with what the sockets take at a time.
  void exchange(const std::string& up, const std::string& down) {
    std::string_view up_left = up;
    std::string_view down_left = down;
    REQUIRE(run_until(
        loop,
        [&] {
          up_left = client.send_some(up_left);
          down_left = target.send_some(down_left);
          client.read();
          target.read();
          return target.received().size() >= up.size() && client.received().size() >= down.size();
        },
        20'000));
    CHECK((target.take() == up));
    CHECK((client.take() == down));
  }

  BlockPool pool;
  Loop loop;
  PipePool pipes;
  std::optional<Relay::End> end;
  Peer client;
  Peer target;
  Fd client_side;
  Fd target_side;
  Relay relay{loop, pool, pipes, &Relayed::on_end, this};
};

// What the process may open, for as long as it lives.
class NoMoreFiles {
 public:
  NoMoreFiles() {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    const rlimit none{0, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  ~NoMoreFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("what comes from one side goes to the other, both ways, and is counted") {
  Relayed r;
  r.client.send("hello");
  r.start();
  REQUIRE(run_until(r.loop, [&] { return r.target.take() == "hello"; }));
  r.target.send("good day");
  REQUIRE(run_until(r.loop, [&] { return r.client.take() == "good day"; }));
  CHECK(r.relay.bytes_to_target() == 5);
  CHECK(r.relay.bytes_to_client() == 8);
  CHECK_FALSE(r.end);
}

TEST_CASE("much in both directions at once comes through whole, by Unix sockets too") {
  const std::string up = pattern(kMuch);
  const std::string down = pattern(kMuch + 12345);
  SECTION("TCP") {
    Relayed r;
    r.start();
    r.exchange(up, down);
    CHECK(r.relay.bytes_to_target() == up.size());
    CHECK(r.relay.bytes_to_client() == down.size());
  }
  SECTION("Unix") {
    Relayed r(prox::test::unix_pair(), prox::test::unix_pair());
    r.start();
    r.exchange(up, down);
  }
}

TEST_CASE("nothing is copied on its way, short or long") {
  Relayed r;
  r.start();
  for (int i = 0; i < 3; ++i) r.exchange("a", "b");
  r.exchange(pattern(kMuch), pattern(kMuch));
  // A block that was in use once would be free now.
  CHECK(r.pool.free_blocks() == 0);
}

TEST_CASE("an idle relay holds no pipe") {
  Relayed r;
  r.start();
  r.exchange(pattern(kMuch), pattern(kMuch));
  settle(r.loop);
  CHECK(r.pipes.free_pipes() >= 1);
  CHECK(r.pipes.free_pipes() <= 2);
  CHECK(r.pool.in_use() == 0);
}

TEST_CASE("what was read before the start leaves first") {
  Relayed r;
  r.relay.unsent_to_target().append_copy("read already, ");
  r.relay.unsent_to_client().append_copy("this too, ");
  r.client.send("still in the socket");
  r.target.send("and that");
  r.start();
  REQUIRE(run_until(r.loop, [&] {
    r.target.read();
    return r.target.received() == "read already, still in the socket";
  }));
  REQUIRE(run_until(r.loop, [&] {
    r.client.read();
    return r.client.received() == "this too, and that";
  }));
  CHECK(r.relay.bytes_to_target() == 33);
  CHECK(r.pool.in_use() == 0);
}

TEST_CASE("bytes behind those that were known to wait come too") {
  Relayed r;
  r.client.send("hello");
  const bool before_the_start = GENERATE(true, false);
  REQUIRE(r.relay.watch_client(r.client_side.get(), 5));
  if (before_the_start) r.client.send(" and more");
  r.start();
  if (!before_the_start) {
    REQUIRE(run_until(r.loop, [&] {
      r.target.read();
      return r.target.received() == "hello";
    }));
    r.client.send(" and more");
  }
  REQUIRE(run_until(r.loop, [&] {
    r.target.read();
    return r.target.received() == "hello and more";
  }));
}

// As at the end of the wait for a ClientHello: what the kernel has told the one who watched before, it tells nobody again.
TEST_CASE("a watch is taken over with all that was told to the one before") {
  Relayed r;
  const int client = r.client_side.get();
  bool was_told = false;
  prox::net::Event before;
  REQUIRE(before.add(
      r.loop, client, EV_READ | EV_CLOSED | EV_ET | EV_PERSIST,
      [](int, short, void* told) { *static_cast<bool*>(told) = true; }, &was_told));
  r.client.send("hello");
  r.client.shut_down_writes();
  REQUIRE(run_until(r.loop, [&] { return was_told; }));
  settle(r.loop);
  REQUIRE(r.relay.watch_client(client, 0));
  before.remove();
  r.start();
  REQUIRE(run_until(r.loop, [&] {
    r.target.read();
    return r.target.ended();
  }));
  CHECK(r.target.received() == "hello");
}

TEST_CASE("a half-close is passed on, and the other direction goes on") {
  Relayed r;
  r.start();
  const bool client_first = GENERATE(true, false);
  Peer& first = client_first ? r.client : r.target;
  Peer& second = client_first ? r.target : r.client;
  first.send("the question");
  first.shut_down_writes();
  REQUIRE(run_until(r.loop, [&] { return second.ended(); }));
  CHECK(second.take() == "the question");
  settle(r.loop);
  CHECK_FALSE(r.end);
  second.send("the answer");
  REQUIRE(run_until(r.loop, [&] { return first.take() == "the answer"; }));
  second.close();
  REQUIRE(run_until(r.loop, [&] { return r.end.has_value(); }));
  CHECK(*r.end == Relay::End::Closed);
  CHECK(first.ended());
}

TEST_CASE("everything that was sent before a close arrives") {
  Relayed r;
  const std::string much = pattern(kMuch);
  r.start();
  std::string_view left = much;
  REQUIRE(run_until(
      r.loop,
      [&] {
        left = r.target.send_some(left);
        if (left.empty()) r.target.close();
        r.client.read();
        return left.empty() && r.client.ended();
      },
      20'000));
  CHECK((r.client.take() == much));
}

TEST_CASE("a reset is passed on as a reset") {
  Relayed r;
  r.start();
  r.exchange("a", "b");
  const bool client_first = GENERATE(true, false);
  (client_first ? r.client : r.target).reset();
  REQUIRE(run_until(r.loop, [&] { return r.end.has_value(); }));
  CHECK(*r.end == Relay::End::Reset);
  CHECK((client_first ? r.target : r.client).was_reset());
}

TEST_CASE("a reset that comes together with the last bytes is passed on") {
  Relayed r;
  r.start();
  r.exchange("a", "b");
  settle(r.loop);
  const bool client_first = GENERATE(true, false);
  Peer& gone = client_first ? r.client : r.target;
  Peer& other = client_first ? r.target : r.client;
  gone.send("last");
  gone.reset();
  REQUIRE(run_until(r.loop, [&] { return r.end.has_value(); }));
  CHECK(*r.end == Relay::End::Reset);
  CHECK(other.was_reset());
}

TEST_CASE("what follows an urgent byte is not left behind") {
  Relayed r;
  r.start();
  r.exchange("a", "b");
  settle(r.loop);
  for (int i = 0; i < 2; ++i) {
    r.client.send("before");
    REQUIRE(::send(r.client.fd(), "!", 1, MSG_OOB) == 1);
    r.client.send("behind");
    REQUIRE(run_until(r.loop, [&] {
      r.target.read();
      return r.target.received().size() >= 12;
    }));
    CHECK(r.target.take() == "beforebehind");
  }
}

TEST_CASE("a reset is seen while the other side takes nothing") {
  Relayed r;
  r.start();
  std::string much(64u << 20, 'x');
  std::string_view left = much;
  // Until nothing moves any more: all buffers on the way are full.
  for (std::uint64_t moved = 1; moved != r.relay.bytes_to_client();) {
    moved = r.relay.bytes_to_client();
    left = r.target.send_some(left);
    settle(r.loop);
  }
  REQUIRE_FALSE(left.empty());
  r.target.reset();
  REQUIRE(run_until(r.loop, [&] { return r.end.has_value(); }));
  CHECK(*r.end == Relay::End::Reset);
}

TEST_CASE("a reset is seen after the end of what its side had to send") {
  Relayed r;
  r.start();
  r.client.shut_down_writes();
  REQUIRE(run_until(r.loop, [&] { return r.target.ended(); }));
  r.client.reset();
  REQUIRE(run_until(r.loop, [&] { return r.end.has_value(); }));
  CHECK(*r.end == Relay::End::Reset);
  pollfd target{r.target.fd(), 0, 0};
  CHECK(::poll(&target, 1, 5'000) == 1);
  CHECK((target.revents & POLLERR) != 0);
}

TEST_CASE("without descriptors for a pipe bytes are copied") {
  Relayed r;
  r.start();
  settle(r.loop);
  r.pipes.clear();
  const NoMoreFiles limit;
  r.exchange(pattern(1u << 20), pattern(1u << 20));
  settle(r.loop);
  CHECK(r.pipes.free_pipes() == 0);
  CHECK(r.pool.free_blocks() > 0);
  CHECK(r.pool.in_use() == 0);
  r.client.shut_down_writes();
  REQUIRE(run_until(r.loop, [&] { return r.target.ended(); }));
}

TEST_CASE("a relay that is ended from our side resets both, and calls nobody") {
  Relayed r;
  r.start();
  r.exchange("a", "b");
  r.relay.close(true);
  CHECK(r.client.was_reset());
  CHECK(r.target.was_reset());
  settle(r.loop);
  CHECK_FALSE(r.end);
  CHECK(r.pool.in_use() == 0);
}
