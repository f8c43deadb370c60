#include "prox/exchange/encoding_share.h"

#include <memory>
#include <vector>

#include "catch.h"
#include "support.h"

namespace prox::exchange {

namespace {

constexpr std::size_t kPiece = 32 * 1024;

// Has so many bytes to encode, and takes them piece by piece.
class Body final : public EncodingShare::Member {
 public:
  Body(EncodingShare& share, std::size_t bytes) : left(bytes) { enter(share); }

  void go_on() {
    while (left > 0) {
      const std::size_t taken = take(std::min(left, kPiece));
      if (taken == 0) return;
      left -= taken;
    }
  }
  void leave_early() { leave(); }

  std::size_t left;

 private:
  void on_turn() override { go_on(); }
};

}  // namespace

TEST_CASE("a turn of the loop encodes so many bytes and no more", "[exchange][encoding]") {
  net::Loop loop;
  EncodingShare share(loop, 9);
  std::vector<std::unique_ptr<Body>> bodies;
  std::size_t left = 0;
  for (int i = 0; i < 3; ++i) {
    bodies.push_back(std::make_unique<Body>(share, 300'000));
    bodies.back()->go_on();
    left += bodies.back()->left;
  }
  CHECK(left == 900'000 - EncodingShare::kBytesPerTurn);
  while (left > 0) {
    test::turn(loop);
    std::size_t now = 0;
    for (const auto& body : bodies) now += body->left;
    CHECK(left - now <= EncodingShare::kBytesPerTurn);
    REQUIRE(now < left);
    left = now;
  }
}

TEST_CASE("those who wait take turns", "[exchange][encoding]") {
  net::Loop loop;
  EncodingShare share(loop, 9);
  Body greedy(share, 10 << 20);
  Body small(share, 1000);
  Body third(share, 1 << 20);
  greedy.go_on();
  third.go_on();
  small.go_on();
  CHECK(small.left == 1000);                     // the turn is used up
  small.go_on();                                 // asking again is no use
  for (int i = 0; i < 2; ++i) test::turn(loop);  // two pieces fit into each, and it is the third
  CHECK(small.left == 0);
  const std::size_t before = greedy.left;
  const std::size_t third_before = third.left;
  for (int i = 0; i < 4; ++i) test::turn(loop);
  CHECK(before - greedy.left > 0);
  CHECK((before - greedy.left) <= (third_before - third.left) + kPiece);
}

TEST_CASE("whoever leaves the line is not served", "[exchange][encoding]") {
  net::Loop loop;
  EncodingShare share(loop, 2);
  Body first(share, 1 << 20);
  auto second = std::make_unique<Body>(share, 1 << 20);
  CHECK_FALSE(share.has_room());
  first.go_on();
  second->go_on();
  second.reset();
  CHECK(share.members() == 1);
  CHECK(share.has_room());
  first.leave_early();
  CHECK(share.members() == 0);
  const std::size_t left = first.left;
  test::turn(loop);
  CHECK(first.left == left);
}

}  // namespace prox::exchange
