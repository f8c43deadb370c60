#pragma once

#include <memory>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "prox/base/clock.h"

namespace prox::net {

// What can be given to Loop::defer_delete: an object whose own callback may still be on the stack.
class Deletable {
 public:
  virtual ~Deletable() = default;

 private:
  friend class Loop;
  Deletable* next_deleted_ = nullptr;
};

class Loop;

// A call put off to the end of the turn, embedded in its owner: for what must not happen on the stack it was noticed on (an exchange that
// ends inside its handler), or must not hold up the others (a long read). Posting twice is posting once; destroying it takes it back.
class Task {
 public:
  using Callback = void (*)(void* owner);

  Task(Callback callback, void* owner) : callback_(callback), owner_(owner) {}
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() { cancel(); }

  void post(Loop& loop);
  void cancel();

 private:
  friend class Loop;
  void unlink();

  Callback callback_;
  void* owner_;
  Loop* loop_ = nullptr;
  Task* next_ = nullptr;
  Task** previous_ = nullptr;  // what points to this one; none if not posted
};

// One event_base (libevent, epoll) and its turn: wait, call what is ready, run what was posted, free what was deferred. One per process.
class Loop {
 public:
  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  event_base* base() const { return base_; }

  // Runs turns until stop() is called; the turn that calls it is finished.
  void run();
  void stop() { running_ = false; }

  // When this turn began to work, on base::precise_now()'s clock: for what is measured from the event on that begins it. Asked of the
  // kernel once a turn.
  base::Micros turn_time() {
    if (turn_time_ == 0) turn_time_ = base::precise_now();
    return turn_time_;
  }

  // Frees the object when the turn is over. Nobody deletes itself.
  void defer_delete(std::unique_ptr<Deletable> object);

  // In a child right after fork: the inherited base shares its epoll with the parent. Frees it without touching the
  // parent's registrations; the loop is dead afterwards.
  void abandon_after_fork();

 private:
  friend class Task;
  void run_tasks();
  void free_deferred();

  event_base* base_;
  bool running_ = false;
  base::Micros turn_time_ = 0;  // 0: nobody has asked in this turn
  Task* tasks_ = nullptr;
  Task** last_task_ = &tasks_;
  Deletable* deferred_ = nullptr;
};

// One libevent event, embedded in its owner. Registered once; the owner outlives it. The callback must not throw.
class Event {
 public:
  using Callback = void (*)(int fd, short what, void* owner);

  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { remove(); }

  // `what`: EV_READ, EV_WRITE, EV_SIGNAL, with EV_PERSIST, EV_ET, EV_CLOSED. False if the kernel refuses.
  bool add(Loop& loop, int fd, short what, Callback callback, void* owner);
  // Makes the callback run in the coming turn, with `what`, as if the kernel had said so.
  void activate(short what) { event_active(&event_, what, 1); }
  void remove();
  bool is_added() const { return added_; }

 private:
  event event_{};
  bool added_ = false;
};

}  // namespace prox::net
