#pragma once

#include <cstddef>
#include <cstdint>

#include "prox/base/fd.h"
#include "prox/base/pooled.h"
#include "prox/net/loop.h"
#include "prox/tls/client_hello.h"

namespace prox::downstream {

// The wait for a connection's ClientHello. It is peeked at, nothing is consumed; the kernel is asked to wake us only when as much has come
// as was missing, so that a hello sent byte by byte is looked at a few times. Holds the socket and no memory for what has come.
class Preread final : public net::Deletable, public base::Pooled<Preread> {
 public:
  enum class Outcome : std::uint8_t {
    Hello,   // a whole ClientHello
    NotTls,  // the first byte does not begin a TLS record
    Failed,  // the client left, or what it sends will never be a ClientHello
  };
  // Called once, from the loop; `hello` is valid during the call, and empty unless it is one.
  using Callback = void (*)(void* owner, Outcome outcome, const tls::ClientHello& hello);

  Preread(Callback callback, void* owner) : callback_(callback), owner_(owner) {}

  // False if the kernel will not watch the socket.
  bool start(net::Loop& loop, base::Fd socket);
  // Looks without having been woken. May call back.
  void look() { look(false); }
  int socket() const { return socket_.get(); }
  // Gives the socket away as it was accepted, with every byte still in it, and ends the wait.
  base::Fd release();
  // How much there was at the last look, if that is known to have been all; else 0.
  std::size_t waiting() const { return waiting_; }
  // How often it was looked at.
  std::uint32_t peeks() const { return peeks_; }

 private:
  static void on_event(int fd, short what, void* self);
  void look(bool client_has_ended);
  void wait_for(std::size_t bytes);

  Callback callback_;
  void* owner_;
  base::Fd socket_;
  net::Event event_;
  std::size_t waiting_ = 0;
  std::uint32_t peeks_ = 0;
  bool waits_for_more_ = false;  // SO_RCVLOWAT is not 1
};

}  // namespace prox::downstream
