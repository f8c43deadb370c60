#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "master/spawner.h"
#include "prox/ipc/channel.h"
#include "prox/net/loop.h"
#include "prox/net/timer.h"

namespace prox::master {

// A worker that was forked and not yet reaped: what it has said, and the channel to it.
class Child final : private ipc::Channel::Owner {
 public:
  class Owner {
   public:
    virtual void on_worker_ready(Child& worker) = 0;
    // It has not said Ready in time. It still lives.
    virtual void on_worker_late(Child& worker) = 0;

   protected:
    ~Owner() = default;
  };

  // A worker only drops its privileges and sets up a loop: milliseconds. Ten seconds leave room for a machine that swaps.
  static constexpr base::Millis kReadyLimit = 10'000;

  // Neither callback may destroy it.
  Child(net::Loop& loop, Spawned spawned, std::uint32_t slot, Owner& owner);

  pid_t pid() const { return pid_; }
  std::size_t row() const { return row_; }
  std::uint32_t slot() const { return slot_; }
  bool is_ready() const { return is_ready_; }
  // What it said about why it cannot serve; empty if nothing.
  const std::string& failure() const { return failure_; }

  void send(ipc::Message message, base::Fd passed = {}) {
    channel_.send(std::move(message), std::move(passed));
  }
  void kill();
  // Takes in what it said before it died; the loop may not have come to that.
  void hear_last_words() { channel_.read_messages(); }

 private:
  void on_message(ipc::Channel& from, const ipc::Message& message, base::Fd passed) override;
  void on_channel_closed(ipc::Channel& channel) override;

  pid_t pid_;
  std::size_t row_;
  std::uint32_t slot_;
  bool is_ready_ = false;
  std::string failure_;
  Owner& owner_;
  net::Timer ready_timer_;
  ipc::Channel channel_;
};

}  // namespace prox::master
