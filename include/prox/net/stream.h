#pragma once

#include <cstddef>
#include <memory>

#include "prox/base/block.h"
#include "prox/base/result.h"
#include "prox/base/slice.h"
#include "prox/net/buffer.h"
#include "prox/net/loop.h"
#include "prox/net/transport.h"

namespace prox::net {

// Water marks of one direction: above the high one its reader stops, at the low one it goes on.
inline constexpr std::size_t kHighWater = 64 * 1024;
inline constexpr std::size_t kLowWater = 32 * 1024;

// A transport with its event, the block it is read into and the bytes that wait to be written. Both sides of the proxy stand on one. Edge-
// triggered: the owner is called when something may have changed, and then reads until fill() says Nothing, or stops on purpose and
// comes back by itself. Holds no block while it has no unread byte.
class Stream {
 public:
  // Called from the loop; may give the stream's owner to defer_delete, but must not free it.
  using Callback = void (*)(void* owner);

  enum class Fill {
    Data,     // input() has grown
    Nothing,  // no more until the next event
    Closed,   // the peer has sent its last byte
  };

  Stream(Loop& loop, base::BlockPool& pool) : loop_(loop), pool_(pool), output_(pool) {}
  ~Stream() { close(); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Starts watching. False if the kernel will not (out of memory or watches).
  bool open(std::unique_ptr<Transport> transport, Callback callback, void* owner);
  bool is_open() const { return transport_ != nullptr; }
  // Takes the transport's handshake as far as it goes now; true when it is over and bytes can flow. Called again at each event until then.
  Result<bool> handshake();
  // Lets go of the descriptor, input and output at once. With `reset`, the peer gets RST: what it has must not look whole.
  void close(bool reset = false);
  // Stops watching and gives the transport away, for a stream with neither input nor output.
  std::unique_ptr<Transport> detach();
  int fd() const { return transport_->fd(); }

  // Unread bytes, at one place; valid until fill() or consume(). Slices into it stay valid while the block is held.
  base::Slice input() const { return {block_ ? block_.data() + begin_ : nullptr, end_ - begin_}; }
  const base::BlockRef& block() const { return block_; }
  void consume(std::size_t bytes);
  // Reads once, if the kernel may have something, into room for `want` bytes or more. What was unread stays at one place, moved
  // if need be (`moved` blocks stay alive through the BlockRefs to them).
  // With `even_if_drained` it asks the kernel in any case: whoever has had bytes and still waits for more does so, since
  // libevent does not tell of a reset that came in one event with them.
  Result<Fill> fill(std::size_t want, bool even_if_drained = false);
  // Whether a fill could bring something without a new event.
  bool may_have_input() const { return readable_; }
  bool saw_peer_close() const { return peer_closed_; }

  Buffer& output() { return output_; }
  const Buffer& output() const { return output_; }
  // Writes what it can; what it cannot goes out with later events, when the owner calls again.
  Result<void> flush();
  void shut_down_writes() { transport_->shut_down_writes(); }
  // Makes the callback come in this turn, as if the socket had become readable.
  void wake() { event_.activate(EV_READ); }
  // The peer will send nothing more, or has reset, though bytes may still be unread. Asks the kernel only where an event has
  // said that something came: a reset shows as readable, like a byte.
  bool peer_is_gone() const { return peer_closing_ || peer_closed_ || (readable_ && has_ended()); }
  // The same, asking the kernel in any case.
  bool has_ended() const { return transport_->peek() >= Transport::Pending::End; }
  // Nothing works on this connection any more; as peer_is_gone() otherwise.
  bool is_reset() const { return readable_ && transport_->peek() == Transport::Pending::Reset; }
  // Nothing has come that was not read, the peer's end included; asks as peer_is_gone() does. What comes later brings an event.
  bool is_quiet() const {
    return begin_ == end_ && !peer_closing_ && !peer_closed_ &&
           (!readable_ || transport_->peek() == Transport::Pending::Nothing);
  }

 private:
  static void on_event(int fd, short what, void* self);
  bool watch(short what);
  Result<bool> write_front();
  Result<void> watch_writes();
  void make_room(std::size_t want);

  Loop& loop_;
  base::BlockPool& pool_;
  std::unique_ptr<Transport> transport_;
  Event event_;
  Callback callback_ = nullptr;
  void* owner_ = nullptr;
  base::BlockRef block_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  Buffer output_;
  bool readable_ = false;
  bool writable_ = true;
  bool peer_closing_ = false;  // EV_CLOSED came: read on to 0
  bool peer_closed_ = false;   // 0 was read
  bool watches_writes_ = false;
};

}  // namespace prox::net
