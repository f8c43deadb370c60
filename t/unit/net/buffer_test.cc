#include "prox/net/buffer.h"

#include <fcntl.h>
#include <sys/uio.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "catch.h"

using prox::base::BlockPool;
using prox::base::BlockRef;
using prox::base::Slice;
using prox::net::Buffer;

namespace {

// A block with that text at its front.
BlockRef block_of(BlockPool& pool, Slice text, std::size_t room = 1) {
  BlockRef block = pool.take(std::max(room, text.size()));
  std::copy(text.begin(), text.end(), block.data());
  return block;
}

std::vector<std::string> runs(const Buffer& buffer, int max = 64) {
  std::vector<iovec> vectors(static_cast<std::size_t>(max));
  const int count = buffer.gather(vectors.data(), max);
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i)
    texts.emplace_back(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
  return texts;
}

}  // namespace

TEST_CASE("a new buffer is empty and holds nothing") {
  BlockPool pool;
  const Buffer buffer(pool);
  CHECK(buffer.empty());
  CHECK(buffer.size() == 0);
  CHECK(buffer.held_bytes() == 0);
  CHECK(runs(buffer).empty());
  CHECK(pool.in_use() == 0);
}

TEST_CASE("a buffer holds the blocks of what is in it, and lets go of them as it is consumed") {
  BlockPool pool;
  Buffer buffer(pool);
  buffer.append(block_of(pool, "first"), {});  // nothing of it: not held
  CHECK(pool.in_use() == 0);
  BlockRef block = block_of(pool, "hello world");
  buffer.append(block, Slice(block.data(), 5));
  CHECK(block.is_shared());
  CHECK(buffer.held_bytes() == block.capacity());
  buffer.consume(4);
  CHECK(buffer.to_string() == "o");
  CHECK(buffer.held_bytes() == block.capacity());
  buffer.consume(1);
  CHECK_FALSE(block.is_shared());
  CHECK(buffer.held_bytes() == 0);
  CHECK(buffer.empty());
}

TEST_CASE("neighbouring parts of one block become one run, others do not") {
  BlockPool pool;
  Buffer buffer(pool);
  BlockRef block = block_of(pool, "abcdefgh");
  buffer.append(block, Slice(block.data(), 2));
  buffer.append(block, Slice(block.data() + 2, 2));
  CHECK(runs(buffer) == std::vector<std::string>{"abcd"});
  buffer.append(block, Slice(block.data() + 5, 3));
  CHECK(runs(buffer) == std::vector<std::string>{"abcd", "fgh"});
  CHECK(buffer.held_bytes() == block.capacity());
  BlockRef other = block_of(pool, "XY");
  buffer.append(other, Slice(other.data(), 2));
  CHECK(buffer.held_bytes() == 2 * block.capacity());
  CHECK(buffer.size() == 9);
  buffer.consume(7);
  CHECK(buffer.to_string() == "XY");
  CHECK(buffer.held_bytes() == other.capacity());
}

TEST_CASE("one byte may hold a whole block: that is what counts for water marks") {
  BlockPool pool;
  Buffer buffer(pool);
  for (int i = 0; i < 3; ++i) {
    BlockRef block = block_of(pool, "x", BlockPool::kLarge);
    buffer.append(block, Slice(block.data(), 1));
  }
  CHECK(buffer.size() == 3);
  CHECK(buffer.held_bytes() == 3 * BlockPool::kLarge);
  buffer.consume(1);
  CHECK(buffer.held_bytes() == 2 * BlockPool::kLarge);
}

TEST_CASE("small copies share a block, and never write into one that somebody else holds") {
  BlockPool pool;
  Buffer buffer(pool);
  buffer.append_copy("head");
  buffer.append_copy("er");
  CHECK(runs(buffer) == std::vector<std::string>{"header"});
  CHECK(pool.in_use() == 1);

  // A body part whose block goes on being read into: behind it is not ours.
  BlockRef block = block_of(pool, "body|unread");
  buffer.append(block, Slice(block.data(), 4));
  buffer.append_copy("\r\n");
  CHECK(buffer.to_string() == "headerbody\r\n");
  CHECK(Slice(block.data(), 11) == "body|unread");
}

TEST_CASE("reserve gives room at one place, of which any part can be committed") {
  BlockPool pool;
  Buffer buffer(pool);
  char* room = buffer.reserve(1000);
  std::fill_n(room, 1000, 'r');
  buffer.commit(3);
  CHECK(buffer.to_string() == "rrr");
  room = buffer.reserve(BlockPool::kLarge * 2);
  std::fill_n(room, BlockPool::kLarge * 2, 's');
  buffer.commit(BlockPool::kLarge * 2);
  CHECK(buffer.size() == 3 + BlockPool::kLarge * 2);
  CHECK(buffer.held_bytes() >= buffer.size());
  buffer.consume(buffer.size());
  CHECK(buffer.held_bytes() == 0);
  CHECK(pool.in_use() == 0);
}

TEST_CASE("room that was reserved and not used leaves no trace in what is sent") {
  BlockPool pool;
  Buffer buffer(pool);
  buffer.append_copy("a");
  (void)buffer.reserve(BlockPool::kLarge);
  buffer.commit(0);
  CHECK(runs(buffer) == std::vector<std::string>{"a"});
  CHECK(buffer.size() == 1);
  buffer.consume(1);
  CHECK(buffer.empty());
  CHECK(pool.in_use() == 0);
}

TEST_CASE("append_all moves everything and leaves the other empty") {
  BlockPool pool;
  Buffer from(pool);
  Buffer to(pool);
  to.append_copy("1");
  from.append_copy("xx23");
  BlockRef block = block_of(pool, "45");
  from.append(block, Slice(block.data(), 2));
  from.consume(2);
  to.append_all(from);
  CHECK(to.to_string() == "12345");
  CHECK(from.empty());
  CHECK(from.held_bytes() == 0);
  from.append_all(to);
  CHECK(from.to_string() == "12345");
  CHECK(to.held_bytes() == 0);
}

TEST_CASE("gather gives the first runs, as many as there is room for") {
  BlockPool pool;
  Buffer buffer(pool);
  for (const Slice text : {"a", "b", "c"}) {
    BlockRef block = block_of(pool, text);
    buffer.append(block, Slice(block.data(), 1));
  }
  CHECK(runs(buffer, 2) == std::vector<std::string>{"a", "b"});
  CHECK(runs(buffer) == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("clear lets go of everything") {
  BlockPool pool;
  Buffer buffer(pool);
  buffer.append_copy(std::string(100'000, 'x'));
  buffer.clear();
  CHECK(buffer.empty());
  CHECK(buffer.held_bytes() == 0);
  CHECK(pool.in_use() == 0);
  buffer.append_copy("again");
  CHECK(buffer.to_string() == "again");
}

namespace {

// A buffer beside a plain string that says what must be in it. Parts of bodies come in order, from a block that is followed by
// the next, as a stream reads them.
class Modelled {
 public:
  explicit Modelled(BlockPool& pool) : pool_(pool), buffer_(pool) {}

  void step(std::mt19937& random, Modelled& other) {
    switch (random() % 8) {
      case 0:
      case 1: return append(random);
      case 2: return copy(text(random, 40));
      case 3: return reserve(random);
      case 4:
      case 5: return consume(random() % (model_.size() + 1));
      case 6:
        buffer_.append_all(other.buffer_);
        model_ += std::exchange(other.model_, {});
        return;
      default:
        if (random() % 20 != 0) return consume(model_.size());
        buffer_.clear();
        model_.clear();
    }
  }

  void check() const {
    REQUIRE(buffer_.size() == model_.size());
    REQUIRE(buffer_.empty() == model_.empty());
    REQUIRE(buffer_.to_string() == model_);
    std::string gathered;
    for (const std::string& run : runs(buffer_, 1000)) {
      REQUIRE_FALSE(run.empty());
      gathered += run;
    }
    REQUIRE(gathered == model_);
    REQUIRE(buffer_.held_bytes() >= model_.size());
  }
  void drain() {
    consume(model_.size());
    REQUIRE(buffer_.held_bytes() == 0);
    source_.reset();
  }

 private:
  static std::string text(std::mt19937& random, std::size_t most) {
    std::string made(random() % most, '\0');
    for (char& c : made) c = static_cast<char>('a' + random() % 26);
    return made;
  }
  void append(std::mt19937& random) {
    const std::string part = text(random, 300);
    if (!source_ || source_.capacity() - at_ < part.size() + 10 || random() % 16 == 0) {
      source_ = pool_.take(random() % 2 == 0 ? 1 : BlockPool::kLarge);
      at_ = 0;
    }
    at_ += random() % 10;  // framing that is skipped
    std::copy(part.begin(), part.end(), source_.data() + at_);
    buffer_.append(source_, Slice(source_.data() + at_, part.size()));
    at_ += part.size();
    model_ += part;
    if (random() % 8 == 0) source_.reset();
  }
  void copy(const std::string& part) {
    buffer_.append_copy(part);
    model_ += part;
  }
  void reserve(std::mt19937& random) {
    const std::string part = text(random, 200);
    char* room = buffer_.reserve(part.size() + random() % 100);
    std::copy(part.begin(), part.end(), room);
    buffer_.commit(part.size());
    model_ += part;
  }
  void consume(std::size_t bytes) {
    buffer_.consume(bytes);
    model_.erase(0, bytes);
  }

  BlockPool& pool_;
  Buffer buffer_;
  std::string model_;
  BlockRef source_;
  std::size_t at_ = 0;
};

}  // namespace

TEST_CASE("whatever is done to buffers, they hold what a string would hold, and no block is lost") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    BlockPool pool;
    {
      Modelled one(pool);
      Modelled two(pool);
      for (int i = 0; i < 400; ++i) {
        CAPTURE(i);
        if (random() % 2 == 0) {
          one.step(random, two);
        } else {
          two.step(random, one);
        }
        one.check();
        two.check();
      }
      one.drain();
      two.drain();
      REQUIRE(pool.in_use() == 0);
    }
  }
}

TEST_CASE("a queue that never runs empty keeps its order") {
  BlockPool pool;
  Buffer buffer(pool);
  std::string model;
  for (int i = 0; i < 1000; ++i) {
    const std::string part = std::to_string(i) + ",";
    BlockRef block = block_of(pool, part);
    buffer.append(block, Slice(block.data(), part.size()));
    model += part;
    if (i < 10) continue;
    buffer.consume(3);
    model.erase(0, 3);
  }
  CHECK(buffer.to_string() == model);
}

namespace {

prox::base::SharedFd open_null() {
  return prox::base::SharedFd(prox::base::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
}

}  // namespace

TEST_CASE("a part of a file waits between bytes, and is given out by itself") {
  BlockPool pool;
  Buffer buffer(pool);
  buffer.append_copy("head");
  buffer.append_file(open_null(), 100, 50);
  buffer.append_copy("tail");
  CHECK(buffer.size() == 58);
  CHECK(buffer.to_string() == "head<file>tail");
  CHECK(runs(buffer) == std::vector<std::string>{"head"});
  CHECK(buffer.front_file().size == 0);
  buffer.consume(4);
  CHECK(runs(buffer).empty());
  CHECK(buffer.front_file().offset == 100);
  CHECK(buffer.front_file().size == 50);
  buffer.consume(20);
  CHECK(buffer.front_file().offset == 120);
  CHECK(buffer.front_file().size == 30);
  buffer.consume(30);
  CHECK(buffer.front_file().size == 0);
  CHECK(runs(buffer) == std::vector<std::string>{"tail"});
  buffer.consume(4);
  CHECK(buffer.empty());
  CHECK(buffer.held_bytes() == 0);
}

TEST_CASE("bytes of a file count against the water marks until they have left") {
  BlockPool pool;
  Buffer buffer(pool);
  buffer.append_file(open_null(), 0, 1000);
  CHECK(buffer.held_bytes() == 1000);
  buffer.consume(400);
  CHECK(buffer.held_bytes() == 600);
  buffer.clear();
  CHECK(buffer.held_bytes() == 0);
}

TEST_CASE(
    "files move with the bytes around them, in order, and are closed with the last that holds "
    "them") {
  BlockPool pool;
  prox::base::SharedFd first = open_null();
  const int number = first.get();
  {
    Buffer to(pool);
    {
      Buffer from(pool);
      to.append_copy("a");
      from.append_copy("b");
      from.append_file(first, 1, 10);
      from.append_file(first, 2, 20);
      from.append_copy("c");
      to.append_all(from);
      CHECK(from.empty());
    }
    first = {};
    CHECK(::fcntl(number, F_GETFD) != -1);
    CHECK(to.to_string() == "ab<file><file>c");
    to.consume(2);
    CHECK(to.front_file().offset == 1);
    to.consume(10);
    CHECK(to.front_file().offset == 2);
    to.append_file(open_null(), 3, 30);
    to.consume(21);
    CHECK(to.front_file().offset == 3);
  }
  CHECK(::fcntl(number, F_GETFD) == -1);
}
