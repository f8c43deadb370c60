#include "master/child.h"

#include <signal.h>

#include <utility>

#include "prox/base/log.h"

namespace prox::master {

namespace log = base::log;

Child::Child(net::Loop& loop, Spawned spawned, std::uint32_t slot, Owner& owner)
    : pid_(spawned.pid),
      row_(spawned.row),
      slot_(slot),
      owner_(owner),
      channel_(loop, std::move(spawned.channel), *this) {
  ready_timer_.init(
      loop,
      [](void* self) {
        auto* worker = static_cast<Child*>(self);
        worker->owner_.on_worker_late(*worker);
      },
      this);
  ready_timer_.set_after(kReadyLimit);
}

void Child::kill() { ::kill(pid_, SIGKILL); }

void Child::on_message(ipc::Channel&, const ipc::Message& message, base::Fd) {
  switch (message.type) {
    case ipc::MessageType::Ready:
      if (is_ready_) return;
      is_ready_ = true;
      ready_timer_.cancel();
      owner_.on_worker_ready(*this);
      return;
    case ipc::MessageType::Failed: failure_ = message.text; return;
    case ipc::MessageType::LogReopened:
      log::debug("worker reopened a log", {{"slot", slot_}, {"worker", pid_}});
      return;
    default:
      log::error("unexpected message from a worker", {{"slot", slot_}, {"pid", pid_}});
      return;
  }
}

// A worker ends its channel by ending; what follows from that is done when it is reaped.
void Child::on_channel_closed(ipc::Channel&) {}

}  // namespace prox::master
