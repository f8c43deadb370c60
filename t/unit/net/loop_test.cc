#include "prox/net/loop.h"

#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "support.h"

using prox::net::Deletable;
using prox::net::Event;
using prox::net::Loop;
using prox::net::Task;
using prox::test::settle;
using prox::test::turn;

namespace {

// Writes its letter when it is called; may do more.
struct Step {
  Step(std::string& to, char l) : out(to), letter(l) {}
  static void call(void* self) {
    auto* step = static_cast<Step*>(self);
    step->out.push_back(step->letter);
    if (step->cancels != nullptr) step->cancels->cancel();
    if (step->destroys != nullptr) step->destroys->reset();
    if (step->posts != nullptr && step->times-- > 0) step->posts->post(*step->loop);
  }

  std::string& out;
  char letter;
  Task task{&Step::call, this};
  Task* cancels = nullptr;
  std::unique_ptr<Step>* destroys = nullptr;
  Task* posts = nullptr;
  int times = 1;
  Loop* loop = nullptr;
};

struct Noted final : Deletable {
  explicit Noted(int& n) : freed(n) {}
  ~Noted() override {
    ++freed;
    if (next) loop->defer_delete(std::move(next));
  }
  int& freed;
  std::unique_ptr<Deletable> next;
  Loop* loop = nullptr;
};

}  // namespace

TEST_CASE("tasks run in the order in which they were posted, once each") {
  Loop loop;
  std::string out;
  Step a(out, 'a');
  Step b(out, 'b');
  Step c(out, 'c');
  b.task.post(loop);
  a.task.post(loop);
  c.task.post(loop);
  b.task.post(loop);  // twice is once
  CHECK(out.empty());
  turn(loop);
  CHECK(out == "bac");
  settle(loop);
  CHECK(out == "bac");
  a.task.post(loop);
  turn(loop);
  CHECK(out == "baca");
}

TEST_CASE("a task that is taken back does not run, wherever it stands in the queue") {
  for (const std::string taken : {"a", "b", "c", "ab", "bc", "ac", "abc"}) {
    CAPTURE(taken);
    Loop loop;
    std::string out;
    Step a(out, 'a');
    Step b(out, 'b');
    Step c(out, 'c');
    Step d(out, 'd');
    for (Step* step : {&a, &b, &c}) step->task.post(loop);
    for (Step* step : {&a, &b, &c}) {
      if (taken.find(step->letter) != std::string::npos) step->task.cancel();
    }
    d.task.post(loop);  // the queue's end is still known
    turn(loop);
    std::string expected;
    for (const char letter : {'a', 'b', 'c', 'd'}) {
      if (taken.find(letter) == std::string::npos) expected.push_back(letter);
    }
    CHECK(out == expected);
  }
}

TEST_CASE("a task that was taken back can be posted again") {
  Loop loop;
  std::string out;
  Step a(out, 'a');
  Step b(out, 'b');
  a.task.post(loop);
  b.task.post(loop);
  a.task.cancel();
  a.task.cancel();
  a.task.post(loop);
  turn(loop);
  CHECK(out == "ba");
}

TEST_CASE("a task that goes out of scope is taken back") {
  Loop loop;
  std::string out;
  Step a(out, 'a');
  a.task.post(loop);
  {
    Step b(out, 'b');
    b.task.post(loop);
  }
  turn(loop);
  CHECK(out == "a");
}

TEST_CASE("what a task posts runs in the next turn, so that events have their turn between") {
  Loop loop;
  std::string out;
  Step a(out, 'a');
  a.loop = &loop;
  a.posts = &a.task;
  a.times = 2;
  a.task.post(loop);
  turn(loop);
  CHECK(out == "a");
  turn(loop);
  CHECK(out == "aa");
  settle(loop);
  CHECK(out == "aaa");
}

TEST_CASE("a running task can take back, or destroy, one that waits in the same turn") {
  Loop loop;
  std::string out;
  Step a(out, 'a');
  Step b(out, 'b');
  auto c = std::make_unique<Step>(out, 'c');
  Step d(out, 'd');
  a.cancels = &b.task;
  a.destroys = &c;
  for (Task* task : {&a.task, &b.task, &c->task, &d.task}) task->post(loop);
  turn(loop);
  CHECK(out == "ad");
}

TEST_CASE("a running task can take back the last one and post another") {
  Loop loop;
  std::string out;
  Step a(out, 'a');
  Step b(out, 'b');
  Step c(out, 'c');
  a.cancels = &b.task;
  a.posts = &c.task;
  a.loop = &loop;
  a.task.post(loop);
  b.task.post(loop);
  settle(loop);
  CHECK(out == "ac");
}

TEST_CASE("what is given to defer_delete lives until the turn is over") {
  Loop loop;
  int freed = 0;
  struct Giver {
    static void call(void* self) {
      auto* giver = static_cast<Giver*>(self);
      giver->loop.defer_delete(std::make_unique<Noted>(giver->freed));
      giver->seen = giver->freed;
    }
    Loop& loop;
    int& freed;
    int seen = -1;
  } giver{loop, freed};
  Task task(&Giver::call, &giver);
  task.post(loop);
  turn(loop);
  CHECK(giver.seen == 0);
  CHECK(freed == 1);
}

TEST_CASE("a destructor may defer another object") {
  Loop loop;
  int freed = 0;
  auto first = std::make_unique<Noted>(freed);
  first->loop = &loop;
  first->next = std::make_unique<Noted>(freed);
  loop.defer_delete(std::move(first));
  turn(loop);
  CHECK(freed == 2);
}

TEST_CASE("what is still deferred when the loop ends is freed") {
  int freed = 0;
  {
    Loop loop;
    loop.defer_delete(std::make_unique<Noted>(freed));
    CHECK(freed == 0);
  }
  CHECK(freed == 1);
}

TEST_CASE("an event tells of its descriptor until it is removed") {
  Loop loop;
  auto [ours, theirs] = prox::test::unix_pair();
  int calls = 0;
  Event event;
  CHECK_FALSE(event.is_added());
  REQUIRE(event.add(
      loop, ours.get(), EV_READ | EV_PERSIST, [](int, short, void* n) { ++*static_cast<int*>(n); },
      &calls));
  CHECK(event.is_added());
  settle(loop);
  CHECK(calls == 0);
  REQUIRE(::write(theirs.get(), "x", 1) == 1);
  turn(loop);
  CHECK(calls == 1);
  event.remove();
  CHECK_FALSE(event.is_added());
  settle(loop);
  CHECK(calls == 1);
}

TEST_CASE("events that never cease do not keep tasks waiting, nor what is to be freed") {
  Loop loop;
  auto [ours, theirs] = prox::test::unix_pair();
  struct Always {
    Event event;
    int calls = 0;
  } always;
  // Writable all the time, and level-triggered.
  REQUIRE(always.event.add(
      loop, ours.get(), EV_WRITE | EV_PERSIST,
      [](int, short, void* self) {
        auto* a = static_cast<Always*>(self);
        if (++a->calls == 1000) a->event.remove();  // so that the test ends even if it fails
      },
      &always));
  std::string out;
  Step task(out, 't');
  int freed = 0;
  task.task.post(loop);
  loop.defer_delete(std::make_unique<Noted>(freed));
  turn(loop);
  CHECK(out == "t");
  CHECK(freed == 1);
  CHECK(always.calls == 1);
}

TEST_CASE("an event can be made to run though nothing has happened") {
  Loop loop;
  auto [ours, theirs] = prox::test::unix_pair();
  short seen = 0;
  Event event;
  REQUIRE(event.add(
      loop, ours.get(), EV_READ | EV_PERSIST | EV_ET,
      [](int, short what, void* s) { *static_cast<short*>(s) = what; }, &seen));
  event.activate(EV_READ);
  turn(loop);
  CHECK((seen & EV_READ) != 0);
}

TEST_CASE("a child that abandons the loop leaves the parent's events alone") {
  Loop loop;
  auto [ours, theirs] = prox::test::unix_pair();
  int calls = 0;
  Event event;
  REQUIRE(event.add(
      loop, ours.get(), EV_READ | EV_PERSIST | EV_ET,
      [](int, short, void* n) { ++*static_cast<int*>(n); }, &calls));
  turn(loop);
  const pid_t child = ::fork();
  REQUIRE(child != -1);
  if (child == 0) {
    loop.abandon_after_fork();
    ::_exit(0);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  REQUIRE(::write(theirs.get(), "x", 1) == 1);
  turn(loop);
  CHECK(calls == 1);
}
