#include "prox/net/loop.h"

#include <utility>

#include "prox/base/assert.h"

namespace prox::net {

Loop::Loop() : base_(event_base_new()) { PROX_ASSERT(base_ != nullptr); }

Loop::~Loop() {
  free_deferred();
  if (base_ != nullptr) event_base_free(base_);
}

void Loop::run() {
  running_ = true;
  while (running_) {
    // What a task posts runs in the next turn, which then must not wait for the kernel. ONCE in any case: without it, the turn would
    // last for as long as there is an event.
    const int wait = EVLOOP_ONCE | (tasks_ != nullptr ? EVLOOP_NONBLOCK : EVLOOP_NO_EXIT_ON_EMPTY);
    turn_time_ = 0;
    PROX_ASSERT(event_base_loop(base_, wait) != -1);
    run_tasks();
    free_deferred();
  }
}

void Loop::defer_delete(std::unique_ptr<Deletable> object) {
  object->next_deleted_ = deferred_;
  deferred_ = object.release();
}

void Loop::abandon_after_fork() {
  // event_reinit gives the child an epoll of its own, so that freeing the base removes nothing from the parent's.
  PROX_ASSERT(event_reinit(base_) == 0);
  event_base_free(std::exchange(base_, nullptr));
}

void Loop::run_tasks() {
  if (tasks_ == nullptr) return;
  Task* batch = tasks_;
  batch->previous_ = &batch;
  tasks_ = nullptr;
  last_task_ = &tasks_;
  while (batch != nullptr) {
    Task* task = batch;
    task->unlink();
    task->callback_(task->owner_);
  }
}

void Loop::free_deferred() {
  // A destructor may defer again.
  while (deferred_ != nullptr) {
    Deletable* object = deferred_;
    deferred_ = object->next_deleted_;
    delete object;
  }
}

void Task::post(Loop& loop) {
  if (previous_ != nullptr) return;
  loop_ = &loop;
  next_ = nullptr;
  previous_ = loop.last_task_;
  *loop.last_task_ = this;
  loop.last_task_ = &next_;
}

void Task::cancel() {
  if (previous_ == nullptr) return;
  if (loop_->last_task_ == &next_) loop_->last_task_ = previous_;
  unlink();
}

void Task::unlink() {
  *previous_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  previous_ = nullptr;
}

bool Event::add(Loop& loop, int fd, short what, Callback callback, void* owner) {
  remove();
  event_assign(&event_, loop.base(), fd, what, callback, owner);
  added_ = event_add(&event_, nullptr) == 0;
  return added_;
}

void Event::remove() {
  if (!added_) return;
  event_del(&event_);
  added_ = false;
}

}  // namespace prox::net
