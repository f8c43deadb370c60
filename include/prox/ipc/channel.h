#pragma once

#include <cstdint>
#include <deque>
#include <utility>

#include "prox/base/fd.h"
#include "prox/base/result.h"
#include "prox/ipc/message.h"
#include "prox/net/loop.h"

namespace prox::ipc {

using base::Result;

// Typed messages over a SOCK_SEQPACKET socket pair (unix(7)), non-blocking, in order, each whole or not at all. What the socket does not
// take at once waits in a queue. One end each; the owner is told of messages and of the end of the channel.
class Channel {
 public:
  class Owner {
   public:
    // `passed` is empty if no descriptor came along, or if this process has no number left for it (RLIMIT_NOFILE). Must not destroy the
    // channel.
    virtual void on_message(Channel& from, const Message& message, base::Fd passed) = 0;
    // The other end is gone, or broke the format. Called once; the channel sends nothing any more. May destroy the channel.
    virtual void on_channel_closed(Channel& channel) = 0;

   protected:
    ~Owner() = default;
  };

  // Both ends, close-on-exec and non-blocking.
  static Result<std::pair<base::Fd, base::Fd>> make_pair();

  Channel(net::Loop& loop, base::Fd socket, Owner& owner);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Queues the message; `passed` is closed on this side once it is sent. Dropped if the channel is closed. Text above kMaxText is cut.
  void send(Message message, base::Fd passed = {});
  // Tells the owner of everything that has already come in, without waiting for the loop.
  void read_messages();
  // Gives this end away, unread messages and all: whoever has it next reads on. Nothing may wait to be sent.
  base::Fd release();
  int fd() const { return socket_.get(); }
  // Whether everything sent has left the queue.
  bool is_flushed() const { return queue_.empty(); }

 private:
  static void on_event(int fd, short what, void* self);
  void write_queue();
  void close();

  net::Loop& loop_;
  Owner& owner_;
  base::Fd socket_;
  net::Event read_event_;
  net::Event write_event_;
  std::deque<std::pair<Message, base::Fd>> queue_;
  bool closed_ = false;
  bool peer_gone_ = false;  // nothing can be sent any more; what it sent before may still be unread
};

}  // namespace prox::ipc
