#include "prox/net/stream.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support.h"

using prox::base::BlockPool;
using prox::base::BlockRef;
using prox::base::Errc;
using prox::base::Slice;
using prox::net::Loop;
using prox::net::PlainTransport;
using prox::net::Stream;
using prox::test::Peer;
using prox::test::run_until;
using prox::test::settle;
using prox::test::turn;
using Fill = Stream::Fill;

namespace {

// A stream over one end of a pair, and the raw other end. The stream's owner only counts its calls.
struct Ends {
  explicit Ends(std::pair<prox::base::Fd, prox::base::Fd> pair = prox::test::tcp_pair())
      : peer(std::move(pair.second)) {
    REQUIRE(stream.open(
        std::make_unique<PlainTransport>(std::move(pair.first)),
        [](void* self) { ++static_cast<Ends*>(self)->calls; }, this));
    settle(loop);
    calls = 0;
  }
  Fill fill(std::size_t want = 1) {
    const auto got = stream.fill(want);
    REQUIRE(got);
    return *got;
  }

  BlockPool pool;
  Loop loop;
  Stream stream{loop, pool};
  Peer peer;
  int calls = 0;
};

}  // namespace

TEST_CASE("an idle stream calls nobody and holds no block") {
  Ends ends;
  settle(ends.loop);
  CHECK(ends.calls == 0);
  CHECK(ends.fill() == Fill::Nothing);
  CHECK(ends.stream.input().empty());
  CHECK(ends.pool.in_use() == 0);
  CHECK(ends.stream.is_open());
}

TEST_CASE("what comes is read after its event, and its block is given back with its last byte") {
  Ends ends;
  ends.peer.send("hello");
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  CHECK(ends.stream.input().empty());
  REQUIRE(ends.fill() == Fill::Data);
  CHECK(ends.stream.input() == "hello");
  CHECK(ends.pool.in_use() == 1);
  ends.stream.consume(2);
  CHECK(ends.stream.input() == "llo");
  ends.stream.consume(3);
  CHECK(ends.stream.input().empty());
  CHECK(ends.pool.in_use() == 0);
}

TEST_CASE("a short read is known to have taken all there was") {
  Ends ends;
  ends.peer.send("x");
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  CHECK(ends.stream.may_have_input());
  REQUIRE(ends.fill(100) == Fill::Data);
  CHECK_FALSE(ends.stream.may_have_input());
  CHECK(ends.fill() == Fill::Nothing);
}

TEST_CASE("data and the end that come as one event are both seen, without another event") {
  Ends ends;
  ends.peer.send("bye");
  ends.peer.shut_down_writes();
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  REQUIRE(ends.fill(100) == Fill::Data);
  CHECK(ends.stream.input() == "bye");
  CHECK(ends.fill(100) == Fill::Closed);
  CHECK(ends.stream.saw_peer_close());
  CHECK(ends.stream.input() == "bye");
  CHECK(ends.fill(100) == Fill::Closed);
}

TEST_CASE("an end that comes later is an event of its own") {
  Ends ends;
  ends.peer.send("data");
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  REQUIRE(ends.fill(100) == Fill::Data);
  ends.stream.consume(4);
  CHECK(ends.fill() == Fill::Nothing);
  ends.calls = 0;
  ends.peer.shut_down_writes();
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  CHECK(ends.fill() == Fill::Closed);
  CHECK(ends.pool.in_use() == 0);
}

TEST_CASE("a reset is an error, and leaves no block behind") {
  Ends ends;
  ends.peer.reset();
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  const auto got = ends.stream.fill(10);
  REQUIRE_FALSE(got);
  CHECK(got.error().code == Errc::PeerReset);
  CHECK(ends.pool.in_use() == 0);
}

TEST_CASE("a reset that came in one event with the last bytes is found by asking once more") {
  Ends ends;
  ends.peer.send("last words");
  ends.peer.reset();
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  CHECK(ends.stream.is_reset());
  REQUIRE(ends.fill(100) == Fill::Data);
  CHECK(ends.stream.input() == "last words");
  CHECK(ends.stream.has_ended());
  const auto again = ends.stream.fill(100, true);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Errc::PeerReset);
}

TEST_CASE("asking once more where nothing is brings nothing") {
  Ends ends;
  const auto got = ends.stream.fill(100, true);
  REQUIRE(got);
  CHECK(*got == Fill::Nothing);
  CHECK_FALSE(ends.stream.has_ended());
  CHECK(ends.pool.in_use() == 0);
}

TEST_CASE("unread bytes and new ones lie at one place") {
  Ends ends;
  for (const Slice part : {"one ", "two ", "three"}) {
    ends.peer.send(part);
    ends.calls = 0;
    REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
    REQUIRE(ends.fill(8) == Fill::Data);
  }
  CHECK(ends.stream.input() == "one two three");
  CHECK(ends.pool.in_use() == 1);
}

TEST_CASE(
    "input that outgrows its block moves to a larger one; who holds the old one keeps what lies in "
    "it") {
  Ends ends;
  const std::string first(BlockPool::kSmall, 'a');
  ends.peer.send(first);
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  while (ends.stream.input().size() < first.size()) REQUIRE(ends.fill() == Fill::Data);
  const BlockRef old = ends.stream.block();
  const Slice slice = ends.stream.input().substr(0, 10);
  ends.peer.send("bbbb");
  ends.calls = 0;
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  REQUIRE(ends.fill(1000) == Fill::Data);
  CHECK(ends.stream.input() == first + "bbbb");
  CHECK_FALSE(ends.stream.block() == old);
  CHECK(slice == "aaaaaaaaaa");
}

TEST_CASE("nothing is read over bytes that somebody still holds") {
  Ends ends;
  ends.peer.send("first");
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  REQUIRE(ends.fill(16) == Fill::Data);
  const Slice held = ends.stream.input();
  const BlockRef block = ends.stream.block();
  ends.stream.consume(5);
  ends.peer.send("second");
  ends.calls = 0;
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  REQUIRE(ends.fill(16) == Fill::Data);
  CHECK(ends.stream.input() == "second");
  CHECK(held == "first");
}

TEST_CASE(
    "however a stream is read, and whatever is held of it, it gives the bytes that were sent") {
  struct Held {
    BlockRef block;
    Slice slice;
    std::string text;
  };
  for (unsigned seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::string sent(200'000, '\0');
    for (char& c : sent) c = static_cast<char>(random());
    Ends ends(prox::test::unix_pair());
    std::string got;
    std::vector<Held> held;
    std::size_t at = 0;
    bool ended = false;
    while (!ended) {
      if (at < sent.size()) {
        const std::string_view part = std::string_view(sent).substr(at, random() % 9000 + 1);
        at += part.size() - ends.peer.send_some(part).size();
        if (at == sent.size()) ends.peer.shut_down_writes();
      }
      turn(ends.loop);
      for (;;) {
        const Fill fill = ends.fill(random() % 5000 + 1);
        ended = fill == Fill::Closed;
        if (fill != Fill::Data) break;
        const Slice input = ends.stream.input();
        const std::size_t take = random() % 3 == 0 ? input.size() : random() % (input.size() + 1);
        if (random() % 4 == 0)
          held.push_back(
              {ends.stream.block(), input.substr(0, take), std::string(input.substr(0, take))});
        got += input.substr(0, take);
        ends.stream.consume(take);
      }
      if (held.size() > 5) held.erase(held.begin());
      for (const Held& part : held) REQUIRE(part.slice == part.text);
    }
    got += ends.stream.input();
    REQUIRE(got == sent);
    held.clear();
    ends.stream.consume(ends.stream.input().size());
    REQUIRE(ends.pool.in_use() == 0);
  }
}

TEST_CASE("output leaves with flush, in order") {
  Ends ends;
  ends.stream.output().append_copy("hello ");
  ends.stream.output().append_copy("world");
  CHECK(ends.peer.take().empty());
  REQUIRE(ends.stream.flush());
  CHECK(ends.stream.output().empty());
  CHECK(ends.pool.in_use() == 0);
  REQUIRE(run_until(ends.loop, [&] {
    ends.peer.read();
    return ends.peer.received() == "hello world";
  }));
}

TEST_CASE("what the peer is too slow for waits, and goes out with later events") {
  Ends ends;
  std::string sent;
  // Many small runs, then a large one: more than one writev can take.
  for (int i = 0; i < 300; ++i) {
    const std::string part = std::to_string(i) + ";";
    BlockRef block = ends.pool.take(part.size());
    std::copy(part.begin(), part.end(), block.data());
    ends.stream.output().append(block, Slice(block.data(), part.size()));
    sent += part;
  }
  const std::string large(8 << 20, 'z');
  ends.stream.output().append_copy(large);
  sent += large;
  REQUIRE(ends.stream.flush());
  REQUIRE_FALSE(ends.stream.output().empty());
  const std::size_t waiting = ends.stream.output().size();
  settle(ends.loop);
  REQUIRE(ends.stream.flush());
  CHECK(ends.stream.output().size() <= waiting);
  ends.calls = 0;
  REQUIRE(run_until(ends.loop, [&] {
    ends.peer.read();
    if (ends.calls > 0) {
      ends.calls = 0;
      REQUIRE(ends.stream.flush());
    }
    return ends.stream.output().empty() && ends.peer.received().size() == sent.size();
  }));
  CHECK(ends.peer.received() == sent);
  CHECK(ends.pool.in_use() == 0);
}

TEST_CASE("a stream that waits to write still hears what comes") {
  Ends ends;
  ends.stream.output().append_copy(std::string(8 << 20, 'z'));
  REQUIRE(ends.stream.flush());
  REQUIRE_FALSE(ends.stream.output().empty());
  settle(ends.loop);
  (void)ends.fill();
  ends.calls = 0;
  ends.peer.send("psst");
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  REQUIRE(ends.fill() == Fill::Data);
  CHECK(ends.stream.input() == "psst");
}

TEST_CASE("writing to a peer that has reset is an error") {
  Ends ends;
  ends.peer.reset();
  ends.stream.output().append_copy("x");
  const auto flushed = ends.stream.flush();
  REQUIRE_FALSE(flushed);
  CHECK(flushed.error().code == Errc::PeerReset);
}

TEST_CASE("close ends cleanly, and lets go of input and output at once") {
  Ends ends;
  ends.peer.send("in");
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  REQUIRE(ends.fill() == Fill::Data);
  ends.stream.output().append_copy("out");
  ends.stream.close();
  CHECK_FALSE(ends.stream.is_open());
  CHECK(ends.pool.in_use() == 0);
  REQUIRE(run_until(ends.loop, [&] { return ends.peer.ended() || ends.peer.was_reset(); }));
  CHECK(ends.peer.ended());
  CHECK(ends.peer.received().empty());
  ends.stream.close();
}

TEST_CASE("close with a reset is seen as one: what the peer has does not look whole") {
  Ends ends;
  ends.stream.output().append_copy("half");
  REQUIRE(ends.stream.flush());
  ends.stream.close(true);
  REQUIRE(run_until(ends.loop, [&] { return ends.peer.ended() || ends.peer.was_reset(); }));
  CHECK(ends.peer.was_reset());
}

TEST_CASE("after close no event comes any more") {
  Ends ends;
  ends.peer.send("x");
  ends.stream.close();
  settle(ends.loop);
  CHECK(ends.calls == 0);
}

TEST_CASE("a detached transport is open, and the stream hears nothing of it") {
  Ends ends;
  auto transport = ends.stream.detach();
  REQUIRE(transport);
  CHECK_FALSE(ends.stream.is_open());
  ends.peer.send("for another");
  settle(ends.loop);
  CHECK(ends.calls == 0);
  char buffer[32];
  const auto n = transport->read(buffer, sizeof buffer);
  REQUIRE(n);
  CHECK(Slice(buffer, *n) == "for another");
}

TEST_CASE("a stream can be woken though nothing has come") {
  Ends ends;
  ends.stream.wake();
  turn(ends.loop);
  CHECK(ends.calls == 1);
  CHECK(ends.fill() == Fill::Nothing);
}

TEST_CASE("a peer that has closed is gone though its bytes are still unread") {
  Ends ends;
  CHECK_FALSE(ends.stream.peer_is_gone());
  ends.peer.send("x");
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  CHECK_FALSE(ends.stream.peer_is_gone());
  ends.calls = 0;
  ends.peer.shut_down_writes();
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  CHECK(ends.stream.peer_is_gone());
  REQUIRE(ends.fill() == Fill::Data);
  CHECK(ends.stream.peer_is_gone());
}

TEST_CASE("a peer that has reset is gone") {
  Ends ends;
  ends.peer.reset();
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  CHECK(ends.stream.peer_is_gone());
}

TEST_CASE("a stream is quiet when nothing came that was not read, the end included") {
  Ends ends;
  CHECK(ends.stream.is_quiet());
  ends.peer.send("x");
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  CHECK_FALSE(ends.stream.is_quiet());
  REQUIRE(ends.fill(100) == Fill::Data);
  CHECK_FALSE(ends.stream.is_quiet());
  ends.stream.consume(1);
  CHECK(ends.stream.is_quiet());

  ends.peer.send("y");
  ends.peer.shut_down_writes();
  ends.calls = 0;
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  REQUIRE(ends.fill(100) == Fill::Data);
  ends.stream.consume(1);
  CHECK_FALSE(ends.stream.is_quiet());  // its end came with its last byte: no event will tell of it
}

TEST_CASE("bytes that a full read left behind are not quiet") {
  Ends ends;
  ends.peer.send(std::string(BlockPool::kSmall + 1, 'x'));
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  settle(ends.loop);
  REQUIRE(ends.fill(1) == Fill::Data);
  ends.stream.consume(ends.stream.input().size());
  CHECK_FALSE(ends.stream.is_quiet());
}

TEST_CASE("after shut_down_writes the peer sees the end, and is still heard") {
  Ends ends;
  ends.stream.shut_down_writes();
  REQUIRE(run_until(ends.loop, [&] { return ends.peer.ended(); }));
  ends.peer.send("still here");
  REQUIRE(run_until(ends.loop, [&] { return ends.calls > 0; }));
  REQUIRE(ends.fill() == Fill::Data);
  CHECK(ends.stream.input() == "still here");
}

namespace {

// An unnamed file of that many bytes, and what they are.
struct SomeFile {
  explicit SomeFile(std::size_t size) : fd(prox::base::Fd(::memfd_create("test", MFD_CLOEXEC))) {
    while (text.size() < size) text += std::to_string(text.size()) + "\n";
    text.resize(size);
    REQUIRE(::write(fd.get(), text.data(), size) == static_cast<ssize_t>(size));
  }
  std::string text;
  prox::base::SharedFd fd;
};

}  // namespace

TEST_CASE("parts of a file leave in their place among bytes, as the peer takes them") {
  Ends ends;
  const SomeFile file(16'000'000);  // more than the sockets hold
  ends.stream.output().append_copy("head:");
  ends.stream.output().append_file(file.fd, 10, file.text.size() - 10);
  ends.stream.output().append_copy(":tail");
  REQUIRE(ends.stream.flush());
  CHECK_FALSE(ends.stream.output().empty());
  CHECK(run_until(ends.loop, [&] {
    ends.peer.read();
    REQUIRE(ends.stream.flush());
    return ends.stream.output().empty();
  }));
  ends.peer.read();
  CHECK((ends.peer.received() == "head:" + file.text.substr(10) + ":tail"));
}

TEST_CASE("a file that has become shorter is an error, not a wait") {
  Ends ends;
  const SomeFile file(1000);
  ends.stream.output().append_file(file.fd, 0, 1001);
  const auto done = ends.stream.flush();
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Errc::BadData);
}

TEST_CASE("a transport without sendfile reads the file itself") {
  struct Through final : prox::net::Transport {
    prox::base::Result<std::size_t> read(char*, std::size_t) override { return std::size_t{0}; }
    prox::base::Result<std::size_t> write(const iovec* vectors, int count) override {
      REQUIRE(count == 1);
      const std::size_t taken = std::min<std::size_t>(vectors->iov_len, 1000);
      got.append(static_cast<const char*>(vectors->iov_base), taken);
      return taken;
    }
    Pending peek() override { return Pending::Nothing; }
    void shut_down_writes() override {}
    int fd() const override { return -1; }
    prox::base::Fd release() override { return {}; }
    std::string got;
  };
  Through transport;
  const SomeFile file(2500);
  std::uint64_t at = 0;
  while (at < file.text.size()) {
    const auto n = transport.send_file(file.fd.get(), at, file.text.size() - at);
    REQUIRE(n);
    at += *n;
  }
  CHECK(transport.got == file.text);
  const auto behind = transport.send_file(file.fd.get(), at, 1);
  REQUIRE_FALSE(behind);
  CHECK(behind.error().code == Errc::BadData);
}
