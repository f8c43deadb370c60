#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "master/unix_socket.h"
#include "prox/base/clock.h"
#include "prox/net/loop.h"
#include "prox/net/timer.h"

namespace prox::master {

// Where `prox -s` and other commands ask the running master: a 0600 Unix socket, one JSON object a line each way. A request is
// {"command": "<word>"}; the answer has "ok", and "error" if that is false.
class ControlSocket {
 public:
  using Asker = std::uint64_t;  // one connection; never used twice

  class Owner {
   public:
    // To be answered once, now or later.
    virtual void on_command(Asker asker, std::string_view command) = 0;

   protected:
    ~Owner() = default;
  };

  // How long it leaves clients waiting when there is no descriptor for one.
  static constexpr base::Millis kRest = 250;

  // The error is an errno.
  static tl::expected<std::unique_ptr<ControlSocket>, int> open(net::Loop& loop,
                                                                const std::string& path,
                                                                Owner& owner);
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;
  ~ControlSocket();

  // `line`: without its line break. Dropped if the asker has gone.
  void answer(Asker asker, std::string line);

 private:
  class Client;
  ControlSocket(net::Loop& loop, UnixSocket socket, Owner& owner);
  bool listen();
  void accept();
  void handle_line(Client& client, std::string_view line);
  void forget(Asker asker);

  net::Loop& loop_;
  UnixSocket socket_;
  Owner& owner_;
  net::Event accept_event_;
  net::Timer rest_timer_;
  std::map<Asker, std::unique_ptr<Client>> clients_;
  Asker next_asker_ = 1;
};

}  // namespace prox::master
