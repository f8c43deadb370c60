#include "prox/downstream/shed_list.h"

#include <memory>
#include <vector>

#include "catch.h"

using prox::downstream::ShedList;

namespace {

struct Held final : ShedList::Entry {
  Held(std::vector<int>& all, int which, bool has_descriptor = true)
      : shed(all), number(which), frees(has_descriptor) {}
  bool on_shed() override {
    shed.push_back(number);
    return frees;
  }
  std::vector<int>& shed;
  int number;
  bool frees;
};

}  // namespace

TEST_CASE("above the limit the oldest goes for the newest") {
  ShedList list(2);
  std::vector<int> shed;
  Held one(shed, 1), two(shed, 2), three(shed, 3);
  list.enter(one);
  list.enter(two);
  CHECK(shed.empty());
  list.enter(three);
  CHECK(shed == std::vector{1});
  CHECK_FALSE(one.is_listed());
  CHECK(list.size() == 2);
  list.enter(one);
  CHECK(shed == std::vector{1, 2});
}

TEST_CASE("who leaves or is destroyed is not shed") {
  ShedList list(10);
  std::vector<int> shed;
  Held one(shed, 1), three(shed, 3);
  auto two = std::make_unique<Held>(shed, 2);
  list.enter(one);
  list.enter(*two);
  list.enter(three);
  two.reset();
  one.leave();
  one.leave();
  CHECK(list.size() == 1);
  CHECK(list.shed(5) == 1);
  CHECK(shed == std::vector{3});
  CHECK(list.shed(5) == 0);
}

TEST_CASE("what frees no descriptor does not count as if it did") {
  ShedList list(10);
  std::vector<int> shed;
  Held stream(shed, 1, false), connection(shed, 2), another(shed, 3);
  list.enter(stream);
  list.enter(connection);
  list.enter(another);
  CHECK(list.shed(1) == 1);
  CHECK(shed == std::vector{1, 2});
}

TEST_CASE("with a limit of 0 nobody stays") {
  ShedList list(0);
  std::vector<int> shed;
  Held one(shed, 1);
  list.enter(one);
  CHECK(shed == std::vector{1});
  CHECK(list.size() == 0);
}
