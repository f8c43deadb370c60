#pragma once

#include <cstdint>

#include "prox/base/fd.h"
#include "prox/net/loop.h"
#include "prox/net/socket.h"

namespace prox::worker {

// Accepts on one listening socket (accept4(2)) and gives what comes to its owner.
class Acceptor {
 public:
  class Owner {
   public:
    virtual void on_accepted(Acceptor& acceptor, base::Fd socket,
                             const net::SocketAddress& peer) = 0;
    // The master has shut the socket down: its address has left the config, or prox stops.
    virtual void on_accept_ended(Acceptor& acceptor) = 0;
    // Out of descriptors or memory: this acceptor, and all others, should rest for a while.
    virtual void on_accept_exhausted(int error) = 0;

   protected:
    ~Owner() = default;
  };

  // `socket` stays open for the acceptor's life; the listener is an index in the plan.
  Acceptor(net::Loop& loop, int socket, std::uint32_t listener, Owner& owner);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  std::uint32_t listener() const { return listener_; }
  int socket() const { return socket_; }
  bool start();
  void pause() { event_.remove(); }
  bool is_accepting() const { return event_.is_added(); }
  // Where no master does it: takes what is queued, then closes the address for good, for everyone who holds the socket.
  void drain_and_close();

 private:
  static void on_event(int fd, short what, void* self);
  void accept_all(int limit);

  net::Loop& loop_;
  int socket_;
  std::uint32_t listener_;
  Owner& owner_;
  net::Event event_;
};

}  // namespace prox::worker
