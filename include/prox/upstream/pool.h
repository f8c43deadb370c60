#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "prox/base/block.h"
#include "prox/net/loop.h"
#include "prox/net/resolver.h"
#include "prox/net/timer.h"
#include "prox/tls/handles.h"
#include "prox/upstream/client_stream.h"
#include "prox/upstream/h1_client.h"
#include "prox/upstream/target.h"

namespace prox::upstream {

class H2Client;
class H2Connection;
class Pools;

// Which connection a request goes over.
enum class Connect : std::uint8_t {
  Any,     // an idle one, or a new one
  New,     // a new one: a stale one has failed
  Single,  // a new one for this request alone
};

// The connections to one target in this worker that are not one request's alone: idle ones of HTTP/1.1, most recently used first, and
// those of HTTP/2, which requests share. What speaks which protocol is known here and nowhere above.
class Pool {
 public:
  Pool(Pools& pools, net::Loop& loop, base::BlockPool& blocks, net::Resolver& resolver,
       const Target& target);
  ~Pool();

  // Single ones speak HTTP/1.1 to every target.
  std::unique_ptr<ClientStream> open(Receiver& receiver, Connect how);
  void put(std::unique_ptr<H1Client> connection);
  // An idle connection was closed by its target, or broke the silence.
  void drop(H1Client& connection);
  // Closes what has been idle for too long, and what is above `limit` and has been idle for a second.
  void sweep(base::Millis now, std::size_t limit);
  void clear();
  std::size_t idle() const;
  const Target& target() const { return target_; }
  net::Loop& loop() const { return loop_; }
  base::BlockPool& blocks() const { return blocks_; }
  // The newest TLS session with the target; none where it speaks without TLS.
  tls::SessionPtr& session() { return session_; }

  // Puts a request on an HTTP/2 connection other than `avoid`, a new one if none has room.
  void place(H2Client& stream, const H2Connection* avoid);
  void drop(H2Connection& connection);
  // A connection has become idle.
  void on_idle();

 private:
  void close_oldest();
  H2Connection& new_shared();
  void sweep_shared(base::Millis now, std::size_t limit);

  Pools& pools_;
  net::Loop& loop_;
  base::BlockPool& blocks_;
  net::Resolver& resolver_;
  const Target& target_;
  tls::SessionPtr session_;
  std::vector<std::unique_ptr<H1Client>> idle_;  // oldest first
  std::vector<std::unique_ptr<H2Connection>> shared_;
};

// A worker's pools, one for each target of its plan, and the clock that thins them out.
class Pools {
 public:
  Pools(net::Loop& loop, base::BlockPool& blocks, net::Resolver& resolver,
        const std::vector<std::unique_ptr<Target>>& targets);

  Pool& of(const Target& target) { return pools_[target.pool]; }
  // Closes all idle connections, when the worker drains.
  void clear();
  // Something became idle: the sweep goes on until nothing is.
  void expect_sweep() {
    if (timer_.deadline() == 0) timer_.set_after(kSweepInterval);
  }

 private:
  static constexpr base::Millis kSweepInterval = 500;
  void sweep();

  std::deque<Pool> pools_;  // a deque, since clients hold references
  std::vector<std::size_t> idle_of_service_;
  net::Timer timer_;
};

}  // namespace prox::upstream
