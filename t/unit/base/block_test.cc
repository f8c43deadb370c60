#include "prox/base/block.h"

#include <cstring>
#include <utility>
#include <vector>

#include "catch.h"

using prox::base::BlockPool;
using prox::base::BlockRef;

TEST_CASE("a block has at least the room that was asked for") {
  BlockPool pool;
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{1}, BlockPool::kSmall, BlockPool::kSmall + 1, BlockPool::kLarge,
        BlockPool::kLarge + 1, std::size_t{1'000'000}}) {
    CAPTURE(bytes);
    const BlockRef block = pool.take(bytes);
    REQUIRE(block);
    REQUIRE(block.capacity() >= bytes);
    std::memset(block.data(), 'x', block.capacity());
  }
}

TEST_CASE("blocks come in two sizes, larger ones as large as asked for") {
  BlockPool pool;
  CHECK(pool.take(1).capacity() == BlockPool::kSmall);
  CHECK(pool.take(BlockPool::kSmall + 1).capacity() == BlockPool::kLarge);
  CHECK(pool.take(BlockPool::kLarge + 1).capacity() == BlockPool::kLarge + 1);
}

TEST_CASE("the block that was given back last is the next one") {
  BlockPool pool;
  BlockRef a = pool.take(1);
  BlockRef b = pool.take(1);
  const char* last = a.data();
  b.reset();
  a.reset();
  CHECK(pool.free_blocks() == 2);
  CHECK(pool.take(1).data() == last);
}

TEST_CASE("the two sizes do not mix") {
  BlockPool pool;
  pool.take(BlockPool::kLarge).reset();
  CHECK(pool.free_blocks() == 1);
  const BlockRef small = pool.take(1);
  CHECK(small.capacity() == BlockPool::kSmall);
  CHECK(pool.free_blocks() == 1);
}

TEST_CASE("a shared block goes back with its last holder") {
  BlockPool pool;
  BlockRef first = pool.take(10);
  CHECK_FALSE(first.is_shared());
  BlockRef second = first;
  CHECK(first.is_shared());
  CHECK(first == second);
  CHECK(pool.in_use() == 1);
  first.reset();
  CHECK_FALSE(first);
  CHECK_FALSE(second.is_shared());
  CHECK(pool.in_use() == 1);
  second.reset();
  CHECK(pool.in_use() == 0);
  CHECK(pool.free_blocks() == 1);
}

TEST_CASE("holders can be moved, assigned over and assigned to themselves") {
  BlockPool pool;
  BlockRef a = pool.take(1);
  BlockRef b = pool.take(1);
  CHECK_FALSE(a == b);
  const char* kept = b.data();
  a = std::move(b);
  CHECK_FALSE(b);
  CHECK(pool.in_use() == 1);
  CHECK(a.data() == kept);
  const BlockRef& same = a;
  a = same;
  CHECK(a.data() == kept);
  CHECK_FALSE(a.is_shared());
  BlockRef c(std::move(a));
  CHECK_FALSE(c.is_shared());
  CHECK_FALSE(a);
}

TEST_CASE("a block larger than all lists is not kept") {
  BlockPool pool;
  pool.take(BlockPool::kLarge + 1).reset();
  CHECK(pool.in_use() == 0);
  CHECK(pool.free_blocks() == 0);
}

TEST_CASE("what a burst leaves behind is bounded") {
  BlockPool pool;
  std::vector<BlockRef> burst;
  for (int i = 0; i < 1000; ++i) {
    burst.push_back(pool.take(1));
    burst.push_back(pool.take(BlockPool::kLarge));
  }
  CHECK(pool.in_use() == 2000);
  burst.clear();
  CHECK(pool.in_use() == 0);
  CHECK(pool.free_blocks() > 0);
  CHECK(pool.free_blocks() <= 500);
}
