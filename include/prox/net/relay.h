#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "prox/base/block.h"
#include "prox/base/fd.h"
#include "prox/base/result.h"
#include "prox/net/buffer.h"
#include "prox/net/loop.h"
#include "prox/net/pipe_pool.h"
#include "prox/net/timer.h"

namespace prox::net {

using base::Result;

// Two connected stream sockets, and everything that comes from one goes to the other by splice(2), through a pipe that is held only while
// bytes are in it. Bytes are copied only where there is no pipe to be had, or where the kernel will not splice. Each direction ends by
// itself, a half-close for a half-close; a reset is passed on as a reset. There is no time limit; a peer that is gone without a word is
// noticed by keep-alive probes. Holds nothing but descriptors and bytes.
class Relay {
 public:
  enum class End : std::uint8_t {
    Closed,  // both sides have sent all they had
    Reset,   // one side broke, and the other was told by RST
  };
  // Called once, from the loop, when both sockets are closed; may give the relay's owner to defer_delete, but must not free it.
  using Callback = void (*)(void* owner, End end);

  Relay(Loop& loop, base::BlockPool& blocks, PipePool& pipes, Callback callback, void* owner);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay();

  // What was read from one side before the start, and leaves first. To be filled before start().
  Buffer& unsent_to_target() { return to_target_.unsent; }
  Buffer& unsent_to_client() { return to_client_.unsent; }
  // Begin to watch a socket, for whoever watches it now and is about to stop: done before, the kernel need not be told. The caller keeps
  // the socket, and gives it to start() or calls close() before it is closed. False if the kernel will not watch it.
  // `waiting`: how many bytes the client has sent, if these are known to be all there was a moment ago; 0: not known.
  bool watch_client(int client, std::size_t waiting);
  // For a Connector's owner, when it is told that the socket is connected.
  bool watch_target(int target);
  // Takes both sockets over; they are non-blocking. Moves nothing before the next turn of the loop. Probes as in set_keep_alive(). False if
  // the kernel will not watch them; then both are closed, and nobody is called.
  bool start(base::Fd client, base::Fd target, int keep_alive_seconds);
  // Ends it from our side, without a call; with `reset` both peers get RST, so that nobody takes what came for the whole.
  void close(bool reset);

  // Bytes passed on so far.
  std::uint64_t bytes_to_target() const { return to_target_.bytes; }
  std::uint64_t bytes_to_client() const { return to_client_.bytes; }

 private:
  struct Side {
    Relay* relay = nullptr;
    base::Fd socket;
    Event event;
    // Bytes were read. Once there are as many as were known to wait, nothing is left; what has come since, an event tells.
    void took(std::size_t bytes) {
      if (waiting == 0) return;
      waiting -= std::min(waiting, bytes);
      readable = waiting > 0;
    }
    std::size_t waiting = 0;  // 0: not known
    bool readable = false;
    bool writable = true;
    bool watches_writes = false;
    bool is_dead = false;  // reset: there is nobody to tell anything
  };
  // One direction.
  struct Flow {
    Flow(Side& source, Side& sink, base::BlockPool& blocks)
        : from(source), to(sink), unsent(blocks) {}
    std::size_t held() const { return unsent.size() + in_pipe; }

    Side& from;
    Side& to;
    Buffer unsent;  // copied, or read before the start
    Pipe pipe;
    std::size_t in_pipe = 0;
    std::uint64_t bytes = 0;
    bool can_splice = true;
    bool is_at_mark = false;  // of an urgent byte, which splice(2) does not pass
    bool has_ended = false;   // its last byte was read
    bool is_done = false;     // and passed on, and the end with it
  };

  static void on_event(int fd, short what, void* side);
  static void on_resume(void* self);
  static void on_keep_alive(void* self);
  static void on_look_again(void* self);
  bool watch(Side& side, int socket, short what);
  void move_all();
  Result<void> move(Flow& flow, const Flow& back);
  Result<void> take_some(Flow& flow);
  Result<void> take_spliced(Flow& flow);
  Result<void> take_copy(Flow& flow);
  Result<void> pass_some(Flow& flow);
  Result<std::size_t> pass_copy(Flow& flow);
  static bool is_broken(Side& side, const Flow& flow);
  static base::Unexpected broken(Side& side);
  void give_pipe_back(Flow& flow);
  void finish(End end);

  Loop& loop_;
  PipePool& pipes_;
  Callback callback_;
  void* owner_;
  Task resume_;
  Timer keep_alive_timer_;
  Timer look_again_timer_;
  int keep_alive_seconds_ = 0;
  Side client_;
  Side target_;
  Flow to_target_;
  Flow to_client_;
};

}  // namespace prox::net
