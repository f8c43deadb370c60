#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "prox/base/fd.h"
#include "prox/base/pooled.h"
#include "prox/downstream/h2_stream_pool.h"
#include "prox/downstream/server.h"
#include "prox/downstream/shed_list.h"
#include "prox/exchange/exchange.h"
#include "prox/net/socket.h"
#include "prox/net/stream.h"
#include "prox/net/timer.h"
#include "prox/tls/server_context.h"
#include "prox/tls/transport.h"

namespace prox::actions {
class Pass;
}
namespace prox::tls {
struct ClientHello;
}

namespace prox::downstream {

class Connection;
class Preread;

// All connections of a worker, oldest first; a connection enters when it opens and leaves when it closes.
class ConnectionList {
 public:
  ConnectionList() = default;
  ConnectionList(const ConnectionList&) = delete;
  ConnectionList& operator=(const ConnectionList&) = delete;

  bool empty() const { return count_ == 0; }
  std::size_t size() const { return count_; }
  // Calls `visit(Connection&)` for each; a visit may close the one it is given.
  template <typename Visit>
  void for_each(Visit visit);

 private:
  friend class Connection;
  Connection* first_ = nullptr;
  Connection* last_ = nullptr;
  std::size_t count_ = 0;
};

// What a worker is to its connections. Outlives them.
class ConnectionHost {
 public:
  virtual exchange::Context& context() = 0;
  virtual exchange::ExchangePool& exchanges() = 0;
  virtual H2StreamPool& h2_streams() = 0;
  virtual ConnectionList& connections() = 0;
  // While the worker drains, a connection may be kept only if it can go on in the next generation.
  virtual bool may_keep(const Connection& connection) const = 0;
  // A kept connection has nothing in flight while the worker drains: it may be handed over or closed now.
  virtual void on_idle_while_draining(Connection& connection) = 0;
  virtual void on_connection_closed() = 0;
  // Those whose ClientHello is awaited, and those that `drop` routes leave waiting.
  virtual ShedList& peeking() = 0;
  virtual ShedList& hung() = 0;
  virtual bool is_draining() const = 0;

 protected:
  ~ConnectionHost() = default;
};

// Where a connection came in: parts of the plan, which outlive it.
struct Entrance {
  const exchange::Service& service;
  std::uint32_t listener = 0;               // index in the plan
  const tls::ServerContext* tls = nullptr;  // none: the service speaks plain HTTP
};

// One client connection, from accept to close: its transport, its one deadline and the server that speaks its protocol.
class Connection final : public net::Deletable,
                         public base::Pooled<Connection>,
                         private ShedList::Entry {
 public:
  enum class State : std::uint8_t {
    Preread,    // its ClientHello is awaited: no transport, nothing consumed
    Passing,    // on its way through a `pass` route: the socket is given away
    Handshake,  // the transport is TLS and not settled yet; there is no server
    Greeting,   // the first bytes are awaited, which tell whether it is HTTP/1 or HTTP/2
    Open,       // exchanges come and go
    Lingering,  // everything is sent and our side is shut; what the client still sends is read and dropped, so that no RST
                // takes the response away from under it (RFC 9112 §9.6)
    Hanging,    // its request is not answered, and nothing more is read; holds no block
    Closed,     // descriptor released; waits for deferred deletion
  };

  // `is_handed_over`: it was idle in the last generation, and its next request may take idle_timeout to come.
  static void open(ConnectionHost& host, const Entrance& entrance, base::Fd socket,
                   const net::SocketAddress& peer, bool is_handed_over);
  ~Connection() override;

  State state() const { return state_; }
  const exchange::Service& service() const { return entrance_.service; }
  std::uint32_t listener() const { return entrance_.listener; }
  const std::string& client_ip() const { return client_ip_; }
  // What TLS told of the client; none on a plain connection.
  const exchange::ClientTls* client_tls() const { return client_tls_.get(); }
  // More than its descriptor is needed to go on with it.
  bool is_secure() const { return entrance_.tls != nullptr; }
  ConnectionHost& host() { return host_; }
  net::Stream& stream() { return stream_; }
  // 0: none. The server's on_deadline is called.
  void set_deadline(base::Millis deadline) { timer_.set(deadline); }

  // Nothing of what its client sent has been taken yet.
  bool is_untouched() const { return state_ == State::Preread; }
  // Nothing in flight, nothing unread, nothing unsent.
  bool is_idle() const;
  // Idle after an earlier request: the first to go when descriptors run short.
  bool is_kept_idle() const;
  // The worker drains: finish what is open, keep nothing else.
  void drain();
  // Releases the descriptor of an idle or untouched connection and ends this object.
  base::Fd detach();
  // Ends at once, and by RST where a response is not all sent.
  void abort();
  // Ends at once; with `reset` by RST.
  void close(bool reset = false);
  // Ends after the output has left: shuts down writes and lingers.
  void linger();
  // Leaves the client without an answer until write_timeout.
  void hang();

 private:
  friend class ConnectionList;
  Connection(ConnectionHost& host, const Entrance& entrance, const net::SocketAddress& peer);

  void await_hello(base::Fd socket);
  void dispatch(const tls::ClientHello& hello);
  base::Fd end_preread();
  void pass(const exchange::Route& route, base::Slice server_name);
  void serve(base::Fd socket, bool is_handed_over);
  static void on_event(void* self);
  static void on_deadline(void* self);
  bool watch(std::unique_ptr<net::Transport> transport);
  void start_server(bool is_handed_over);
  void greet();
  void speak_h2();
  bool is_serving() const { return state_ == State::Greeting || state_ == State::Open; }
  void read_and_drop();
  void leave();
  bool on_shed() override;
  void set_state(State next);

  // handshake.cc
  void begin_handshake(base::Fd socket);
  void shake_hands();
  void refuse_handshake(const base::Error& error);
  void give_up_handshake();
  void log_handshake(std::string_view outcome, std::string_view reason) const;

  ConnectionHost& host_;
  const Entrance entrance_;
  State state_ = State::Preread;
  std::array<std::uint8_t, 16> client_bytes_;
  std::string client_ip_;
  net::Stream stream_;
  net::Timer timer_;
  net::Task drop_more_;
  std::unique_ptr<Preread> preread_;
  std::unique_ptr<actions::Pass> pass_;
  tls::Transport* tls_ = nullptr;  // stream_'s transport, while it is TLS
  std::unique_ptr<const exchange::ClientTls> client_tls_;
  std::unique_ptr<Server> server_;  // none before the handshake is over
  Connection* next_ = nullptr;
  Connection* previous_ = nullptr;
};

template <typename Visit>
void ConnectionList::for_each(Visit visit) {
  for (Connection* connection = first_; connection != nullptr;) {
    Connection* next = connection->next_;
    visit(*connection);
    connection = next;
  }
}

}  // namespace prox::downstream
