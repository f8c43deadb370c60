#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "master/candidate.h"
#include "master/control_socket.h"
#include "master/daemon.h"
#include "master/generation.h"
#include "master/log_files.h"
#include "master/reload_queue.h"
#include "master/signals.h"
#include "master/slots.h"
#include "master/spawner.h"
#include "master/ticket_rotation.h"
#include "master/verdict.h"
#include "master/watcher.h"
#include "prox/master/master.h"
#include "prox/master/pid_file.h"
#include "prox/net/loop.h"
#include "prox/net/timer.h"
#include "prox/zone/zone.h"

namespace prox::master {

// The one process that owns the config, the listening sockets and the workers. See master.h in include/ for its life.
class Master final : public Generation::Owner,
                     public ControlSocket::Owner,
                     public Signals::Owner,
                     public Watcher::Owner {
 public:
  Master(const Options& options, zone::Zone zone, tls::TicketKeys ticket_keys,
         std::optional<Daemon> daemon);

  int run();

  void on_generation_ready(Generation& generation) override;
  void on_generation_failed(Generation& generation, const std::string& why) override;
  void on_command(ControlSocket::Asker asker, std::string_view command) override;
  void on_signal(int number) override;
  void on_files_changed(const std::string& path) override;

 private:
  enum class State : std::uint8_t {
    Starting,  // the first generation is not ready yet
    Serving,   // current_ serves; a reload may be under way (incoming_)
    Stopping,  // every generation is leaving; the loop ends with the last
  };

  // What a draining generation at a time may cost: 8 × the workers' memory.
  static constexpr std::size_t kMaxGenerations = 8;

  // Start.
  bool start();
  bool open_pid_file(const config::Process& process);
  void open_control_socket();
  void finish_start();
  void give_up(const std::string& why);

  // Reload.
  void reload(std::optional<ControlSocket::Asker> asker);
  void begin_due_reload();
  Candidate load();
  void try_generation(Candidate candidate);
  void make_room();
  void warn_of_unchangeable(const config::Process& process) const;
  void promote();
  void discard(const std::string& why);
  void finish_reload(const Verdict& verdict);
  void answer(const std::vector<ControlSocket::Asker>& askers, const Verdict& verdict);
  Verdict refusal(const std::string& error) const;
  void log_new_services(const Generation* before) const;

  // Stop.
  void stop(base::Millis limit);
  void stop_at_once();
  void on_stop_signal();
  void leave(std::unique_ptr<Generation> generation);
  void sweep();
  void reap();

  // Makes the log of this process, and of the workers that are forked from now on, what a config says. The error is the reason.
  tl::expected<void, std::string> use_logging(const LogSettings& settings);
  void use_error_log(const LogSettings& settings) const;
  void reopen_logs();
  std::vector<Generation*> generations() const;

  const Options options_;
  State state_ = State::Starting;
  int exit_status_ = 0;
  int stop_signals_ = 0;

  net::Loop loop_;
  zone::Zone zone_;
  tls::TicketKeys ticket_keys_;  // outlives every plan
  TicketRotation ticket_rotation_;
  Slots slots_;
  Spawner spawner_;
  LogFiles logs_;
  std::optional<Daemon> daemon_;
  std::optional<PidFile> pid_file_;
  std::unique_ptr<ControlSocket> control_;
  std::optional<Signals> signals_;
  std::optional<Watcher> watcher_;
  net::Timer sweep_timer_;

  config::Process first_process_;  // of the config prox was started with
  worker::Credentials first_credentials_;
  base::Millis shutdown_limit_ = 0;  // of the generation that serves; 0: none
  LogSettings logging_;              // the same
  std::uint64_t last_number_ = 0;
  std::optional<Candidate> candidate_;                // of incoming_
  std::unique_ptr<Generation> incoming_;              // starting
  std::unique_ptr<Generation> current_;               // serving
  std::vector<std::unique_ptr<Generation>> leaving_;  // draining or stopped, oldest first

  ReloadQueue reloads_;
};

}  // namespace prox::master
