#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "master/backoff.h"
#include "master/child.h"
#include "master/log_files.h"
#include "master/slots.h"
#include "master/spawner.h"
#include "prox/base/clock.h"
#include "prox/net/loop.h"
#include "prox/net/timer.h"
#include "prox/worker/plan.h"
#include "prox/zone/zone.h"

namespace prox::master {

// A plan and the workers that serve it. Replaces workers that die while it serves.
class Generation final : public Child::Owner {
 public:
  enum class State : std::uint8_t {
    Starting,  // workers are forked, none serves
    Serving,   // Accept was sent; a worker that dies is replaced
    Draining,  // Drain or Stop was sent; nobody is replaced
    Gone,      // the last worker was reaped
  };

  class Owner {
   public:
    // Every worker stands ready: accept() is due.
    virtual void on_generation_ready(Generation& generation) = 0;
    // A worker died or was late before all were ready. stop() was called; it has served nobody.
    virtual void on_generation_failed(Generation& generation, const std::string& why) = 0;

   protected:
    ~Owner() = default;
  };

  // What all generations use; outlives them.
  struct Surroundings {
    net::Loop& loop;
    zone::Zone& zone;
    Slots& slots;
    Spawner& spawner;
    LogFiles& logs;
  };

  struct Terms {
    std::uint64_t number = 0;
    Environment environment;
    std::vector<std::string> logs;  // paths, as in the plan
    std::size_t services = 0;
    std::size_t routes = 0;
    base::Millis shutdown_limit = 0;  // 0: none
    base::Millis drain_limit = 0;     // 0: none
  };

  // How long past its limit a worker may take to close what is open, before it is killed.
  static constexpr base::Millis kGrace = 1000;

  // Neither callback may destroy it.
  Generation(const Surroundings& surroundings, Owner& owner,
             std::unique_ptr<const worker::Plan> plan, Terms terms);
  ~Generation();

  // Forks a worker for every slot. The error is the reason; those already forked are told to stop.
  tl::expected<void, std::string> start();
  // Lets the workers serve.
  void accept();
  // Connects each worker of `old` with the one of the same slot here, for idle connections. Before accept() and old.drain_to(*this), since
  // it is what can fail; the error is the reason.
  tl::expected<void, std::string> prepare_hand_over(Generation& old);
  // Workers give their idle connections to the successor's, finish what is open, within `limit` ms (0: none), and end.
  void drain_to(const Generation& successor, base::Millis limit);
  // The same without a successor, when prox stops. May be called again, with another limit, and after drain_to().
  void drain(base::Millis limit);
  // Workers close everything and end.
  void stop();
  void kill();
  // Workers go on with what the log files are now, and with that as stderr, if there is one.
  void reopen_logs(int stderr_fd);

  // If the process was one of its workers, deals with its end and returns true. `status` as from waitpid(2).
  bool on_exit(pid_t pid, int status);
  void on_worker_ready(Child& worker) override;
  void on_worker_late(Child& worker) override;

  State state() const { return state_; }
  const Terms& terms() const { return terms_; }
  const std::vector<Address>& addresses() const { return terms_.environment.addresses; }

  struct WorkerView {
    const Child& process;
    const zone::Row& row;
  };
  std::vector<WorkerView> workers() const;

 private:
  struct Slot {
    Generation* generation = nullptr;
    std::uint32_t index = 0;
    std::unique_ptr<Child> worker;  // null: died, and not replaced (yet)
    Backoff backoff;
    net::Timer restart_timer;
    base::Fd hand_over;                    // goes with Drain to this worker
    std::vector<base::Fd> take_overs;      // go with TakeOver to this worker
    std::optional<std::uint32_t> adopter;  // the slot whose worker accepts on its sockets meanwhile
    bool is_served() const { return worker != nullptr && worker->is_ready(); }
  };

  tl::expected<void, std::string> fork_worker(Slot& slot);
  void fail(const std::string& why);
  void replace(Slot& slot);
  void restart(Slot& slot);
  void adopt_orphans();
  void adopt(Slot& orphan);
  void release(Slot& slot);
  void drain_workers(base::Millis limit, const std::string& leaving);
  void end_replacing();
  void become_gone_if_empty();
  void kill_stragglers();
  std::vector<SlotSocket> sockets_of(const Slot& slot) const;

  const Surroundings surroundings_;
  Owner& owner_;
  std::unique_ptr<const worker::Plan> plan_;  // kept as long as a worker may have to be forked
  Terms terms_;
  State state_ = State::Starting;
  bool is_stopped_ = false;
  std::deque<Slot> slots_;  // never grows after start(): timers point into it
  net::Timer kill_timer_;
};

// "starting", "serving", ...
std::string_view to_word(Generation::State state);

}  // namespace prox::master
