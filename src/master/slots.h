#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "master/unix_socket.h"
#include "prox/base/clock.h"
#include "prox/base/fd.h"
#include "prox/config/diagnostic.h"
#include "prox/master/environment.h"
#include "prox/net/loop.h"
#include "prox/net/timer.h"

namespace prox::master {

// A listening socket as one worker gets it.
struct SlotSocket {
  std::uint32_t listener = 0;  // index into the addresses it was asked for with
  std::uint32_t slot = 0;      // the slot it was bound for
  int fd = -1;                 // owned by Slots
  bool is_shared = false;      // a Unix socket: every worker has it
};

// The listening sockets: for each address one SO_REUSEPORT socket per worker slot (one in all for a Unix socket), kept over reloads and
// crashes, since closing a socket resets the clients that wait in its queue.
class Slots {
 public:
  explicit Slots(net::Loop& loop);

  // Binds what is missing, so that every address has at least `count` slots; nothing listens yet. If one fails, all new ones are closed
  // and the reason is added to the diagnostics.
  bool bind(const std::vector<Address>& addresses, std::size_t count,
            config::Diagnostics& diagnostics);
  // Lets clients in on what bind() added; called when workers stand ready. Fails like bind().
  bool listen(const std::vector<Address>& addresses, config::Diagnostics& diagnostics);
  // Closes what was bound but never listened: its generation was discarded.
  void discard_unused();
  // Ends the addresses that are not among these: no new client gets in, those in the queues may still be accepted for a short time by
  // workers that have been told to drain; then the sockets are shut down.
  void retire_all_but(const std::vector<Address>& addresses);

  // What worker `slot` of `count` accepts on: of every address the sockets j with j mod count == slot, so that none is left alone when
  // there are fewer workers than before.
  std::vector<SlotSocket> sockets_of(const std::vector<Address>& addresses, std::size_t slot,
                                     std::size_t count) const;
  // The address as bound, with the port that the kernel picked; nullptr if there is none.
  const Address* find_bound(const std::string& key) const;

 private:
  struct Socket {
    base::Fd fd;
    bool is_listening = false;
  };
  struct Group {
    Address address;
    std::vector<Socket> sockets;  // by slot
    base::Millis retire_at = 0;   // not 0: it is being retired, and is shut down then at the latest
    UnixSocket unix_name;         // of a Unix socket: its path
  };

  Group* find(const std::string& key);
  bool extend(Group& group, std::size_t count, config::Diagnostics& diagnostics);
  base::Fd bind_socket(Group& group, bool is_first, int& error);
  base::Fd bind_inet(Group& group, bool is_first, int& error);
  base::Fd bind_unix(Group& group, int& error);
  bool is_our_port(const Address& address) const;
  static void close_again(Socket& socket);
  void shut_down(Group& group);
  void finish_retired();

  net::Timer retire_timer_;
  std::vector<std::unique_ptr<Group>> groups_;
};

}  // namespace prox::master
