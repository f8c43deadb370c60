#pragma once

#include <cstddef>
#include <cstdint>

#include "prox/base/block.h"
#include "prox/base/fd.h"
#include "prox/base/result.h"
#include "prox/net/buffer.h"
#include "prox/net/loop.h"
#include "prox/net/pipe_pool.h"

namespace prox::net {

using base::Result;

// Two connected stream sockets, and everything that comes from one goes to the other, uncopied: splice(2) through a pipe that is held only
// while bytes are in it. Each direction ends by itself, a half-close for a half-close; a reset is passed on as a reset. There is no time
// limit; whoever wants to notice a peer that is gone without a word sets SO_KEEPALIVE. Holds nothing but descriptors and bytes.
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
  // Takes both sockets over; they are non-blocking. Moves nothing before the next turn of the loop. False if the kernel will not watch
  // them; then both are closed, and nobody is called.
  bool start(base::Fd client, base::Fd target);
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
    bool readable = false;
    bool writable = true;
    bool watches_writes = false;
  };
  // One direction.
  struct Flow {
    Flow(Side& source, Side& sink, base::BlockPool& blocks)
        : from(source), to(sink), unsent(blocks) {}
    std::size_t held() const { return unsent.size() + in_pipe; }

    Side& from;
    Side& to;
    Buffer unsent;  // read before the start, or where there was no pipe
    Pipe pipe;
    std::size_t in_pipe = 0;
    std::uint64_t bytes = 0;
    bool copies = false;     // these sockets cannot be spliced
    bool has_ended = false;  // its last byte was read
    bool is_done = false;    // and passed on, and the end with it
  };

  static void on_event(int fd, short what, void* side);
  static void on_resume(void* self);
  bool watch(Side& side, short what);
  void move_all();
  Result<void> move(Flow& flow);
  Result<void> take_some(Flow& flow);
  Result<void> take_copy(Flow& flow);
  Result<void> pass_some(Flow& flow);
  Result<std::size_t> pass_copy(Flow& flow);
  bool is_broken(const Side& side, const Flow& flow) const;
  void give_pipe_back(Flow& flow);
  void finish(End end);

  Loop& loop_;
  PipePool& pipes_;
  Callback callback_;
  void* owner_;
  Task resume_;
  Side client_;
  Side target_;
  Flow to_target_;
  Flow to_client_;
};

}  // namespace prox::net
