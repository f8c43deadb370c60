#pragma once

namespace prox::downstream {

// The server side of one protocol on one client connection: takes the connection's bytes, makes exchanges of them and writes their
// answers. Owned by its Connection, which outlives it.
class Server {
 public:
  virtual ~Server() = default;

  // Once, before anything else. `is_handed_over`: the connection was idle in the last generation.
  virtual void start(bool is_handed_over) = 0;
  // From the loop: something about the connection's stream may have changed, or its deadline has passed. May close the connection.
  virtual void on_event() = 0;
  virtual void on_deadline() = 0;
  // The connection is about to be closed, or is: lets exchanges and their handlers go. May be called again.
  virtual void abandon() = 0;
  // The worker drains: finish what is open, keep nothing else. May close the connection or give it away.
  virtual void drain() = 0;
  // Nothing is in flight, and a request may come.
  virtual bool is_idle() const = 0;
  // A response is not all sent: its client must not take what it has for the whole.
  virtual bool is_unfinished() const = 0;
  // Has served before: its client can open another connection without losing anything.
  virtual bool is_kept() const = 0;
};

}  // namespace prox::downstream
