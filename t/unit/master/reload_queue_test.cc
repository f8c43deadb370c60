#include "master/reload_queue.h"

#include <optional>
#include <vector>

#include "catch.h"

using prox::master::ReloadQueue;
using Askers = std::vector<ReloadQueue::Asker>;

TEST_CASE("a reload that was asked for is due until it begins") {
  ReloadQueue queue;
  CHECK_FALSE(queue.is_due());
  queue.add(std::nullopt);
  CHECK(queue.is_due());
  queue.begin();
  CHECK_FALSE(queue.is_due());
  CHECK(queue.is_running());
  CHECK(queue.end().empty());
  CHECK_FALSE(queue.is_running());
  CHECK_FALSE(queue.is_due());
}

TEST_CASE("all that is asked for during a reload is one more, after it") {
  ReloadQueue queue;
  queue.add(1);
  queue.add(2);
  queue.begin();
  queue.add(3);
  queue.add(std::nullopt);
  queue.add(4);
  CHECK_FALSE(queue.is_due());
  CHECK(queue.end() == Askers{1, 2});
  CHECK(queue.is_due());
  queue.begin();
  CHECK(queue.end() == Askers{3, 4});
  CHECK_FALSE(queue.is_due());
}

TEST_CASE("when no more reloads come, all who wait are answered, once") {
  ReloadQueue queue;
  queue.add(1);
  queue.begin();
  queue.add(2);
  CHECK(queue.close() == Askers{1, 2});
  CHECK_FALSE(queue.is_due());
  CHECK_FALSE(queue.is_running());
  CHECK(queue.end().empty());
}
