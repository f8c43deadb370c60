#include "master/master.h"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "master/sd_notify.h"
#include "master/status.h"
#include "prox/base/assert.h"
#include "prox/base/clock.h"
#include "prox/base/log.h"
#include "prox/master/plan_builder.h"
#include "prox/master/report.h"

namespace prox::master {

namespace {

namespace log = base::log;

constexpr std::string_view kProgram = "prox: ";  // begins what goes to a terminal

constexpr const char* kDaemonLog = "/var/log/prox/error.log";

std::string summarise(const Candidate& candidate, const std::string& config_path) {
  return config::render_summary(candidate.loaded.diagnostics, config_path).substr(kProgram.size());
}

std::string text_of(const std::optional<config::Text>& text) {
  return text ? text->value : std::string();
}

Generation::Terms make_terms(std::uint64_t number, const Candidate& candidate) {
  Generation::Terms terms;
  terms.number = number;
  terms.environment = candidate.environment;
  terms.services = candidate.config().services.size();
  for (const config::Service& service : candidate.config().services)
    terms.routes += service.routes.size();
  terms.shutdown_limit = base::to_millis(candidate.config().process.shutdown_timeout);
  terms.drain_limit = base::to_millis(candidate.config().process.drain_timeout);
  return terms;
}

std::vector<worker::Listener> listeners_of(const std::vector<Address>& addresses) {
  std::vector<worker::Listener> listeners;
  listeners.reserve(addresses.size());
  for (const Address& address : addresses) {
    listeners.push_back({address.key, address.service, address.port(), address.redirects});
  }
  return listeners;
}

}  // namespace

Master::Master(const Options& options, zone::Zone zone, tls::TicketKeys ticket_keys,
               std::optional<Daemon> daemon)
    : options_(options),
      zone_(std::move(zone)),
      ticket_keys_(std::move(ticket_keys)),
      ticket_rotation_(loop_, ticket_keys_),
      slots_(loop_),
      spawner_(loop_, zone_),
      daemon_(std::move(daemon)) {
  sweep_timer_.init(
      loop_, [](void* self) { static_cast<Master*>(self)->sweep(); }, this);
  if (options_.watch) watcher_.emplace(loop_, *this, Inotify::open(), Watcher::Pace{});
}

int Master::run() {
  if (start()) loop_.run();
  return exit_status_;
}

// Start. Nothing is bound before the whole config is known to be good, nobody is forked before everything is bound.

bool Master::start() {
  exit_status_ = 1;
  Candidate candidate = load();
  if (!candidate.is_accepted()) {
    print_report(candidate.loaded, options_.config_path);
    return false;
  }
  if (!logs_.open(candidate.config(), candidate.loaded.diagnostics)) {
    print_report(candidate.loaded, options_.config_path);
    return false;
  }
  logging_ = log_settings(options_, candidate.config());
  if (const auto used = use_logging(logging_); !used) {
    fmt::print(stderr, "prox: {}\n", used.error());
    return false;
  }
  log_report(candidate.loaded);
  first_process_ = candidate.config().process;
  first_credentials_ = candidate.environment.credentials;
  if (!slots_.bind(candidate.environment.addresses, candidate.environment.workers,
                   candidate.loaded.diagnostics)) {
    print_report(candidate.loaded, options_.config_path);
    return false;
  }
  if (!open_pid_file(candidate.config().process)) return false;
  signals_.emplace(loop_, *this);
  open_control_socket();
  if (!daemon_) own_console();
  exit_status_ = 0;
  try_generation(std::move(candidate));
  return true;
}

bool Master::open_pid_file(const config::Process& process) {
  const bool is_configured = process.pid_file.has_value();
  const auto path =
      is_configured ? std::optional(process.pid_file->resolved) : default_pid_path(options_.prefix);
  if (!path) return true;
  auto file = PidFile::create(*path);
  if (file) {
    pid_file_.emplace(std::move(*file));
  } else if (is_configured) {
    fmt::print(stderr, "prox: {}\n", file.error().why);
    return false;
  } else {
    const auto level = file.error().is_held ? log::Level::Warn : log::Level::Debug;
    log::write(level, "running without a pid file", {{"reason", file.error().why}});
  }
  return true;
}

void Master::open_control_socket() {
  if (!pid_file_) return;
  const std::string path = control_path(pid_file_->path());
  auto socket = ControlSocket::open(loop_, path, *this);
  if (socket) {
    control_ = std::move(*socket);
  } else {
    log::warn("running without a control socket",
              {{"path", path}, {"reason", std::strerror(socket.error())}});
  }
}

void Master::finish_start() {
  state_ = State::Serving;
  if (daemon_) daemon_->report_started();
  log_new_services(nullptr);
  notify_service_manager("READY=1");
  begin_due_reload();
}

void Master::give_up(const std::string& why) {
  if (!why.empty()) fmt::print(stderr, "prox: {}\n", why);
  exit_status_ = 1;
  state_ = State::Stopping;
  sweep_timer_.set_after(0);
}

// Reload.

void Master::reload(std::optional<ControlSocket::Asker> asker) {
  reloads_.add(asker);
  if (state_ == State::Stopping) return answer(reloads_.close(), refusal("prox is stopping"));
  begin_due_reload();
}

void Master::begin_due_reload() {
  if (state_ != State::Serving || !reloads_.is_due()) return;
  reloads_.begin();
  Candidate candidate = load();
  if (!candidate.is_accepted()) {
    candidate_ = std::move(candidate);
    return discard(summarise(*candidate_, options_.config_path));
  }
  warn_of_unchangeable(candidate.config().process);
  candidate.environment.credentials.user = first_credentials_.user;
  candidate.environment.credentials.group = first_credentials_.group;
  candidate.environment.credentials.user_name = first_credentials_.user_name;
  const bool has_all = logs_.open(candidate.config(), candidate.loaded.diagnostics) &&
                       slots_.bind(candidate.environment.addresses, candidate.environment.workers,
                                   candidate.loaded.diagnostics);
  if (!has_all) {
    candidate_ = std::move(candidate);
    return discard(summarise(*candidate_, options_.config_path));
  }
  make_room();
  try_generation(std::move(candidate));
}

// What a refused config was read from is watched as well: one of these files will be mended.
Candidate Master::load() {
  Candidate candidate = load_candidate(options_, ticket_keys_);
  if (watcher_) watcher_->watch(candidate.loaded.watched, candidate.began);
  return candidate;
}

// Forks a generation for the candidate, whose addresses are bound. What follows is up to its workers: promote() or discard().
void Master::try_generation(Candidate candidate) {
  candidate_ = std::move(candidate);
  if (const auto used = use_logging(log_settings(options_, candidate_->config())); !used)
    return discard(used.error());
  auto plan = build_plan(candidate_->config(), listeners_of(candidate_->environment.addresses),
                         std::move(candidate_->tls));
  Generation::Terms terms = make_terms(++last_number_, *candidate_);
  terms.logs = plan->logs.files;
  incoming_ =
      std::make_unique<Generation>(Generation::Surroundings{loop_, zone_, slots_, spawner_, logs_},
                                   *this, std::move(plan), std::move(terms));
  if (auto started = incoming_->start(); !started) discard(started.error());
}

// The oldest draining generation leaves at once when one too many is due.
void Master::make_room() {
  const auto is_draining = [](const auto& generation) {
    return generation->state() == Generation::State::Draining;
  };
  const auto draining =
      static_cast<std::size_t>(std::count_if(leaving_.begin(), leaving_.end(), is_draining));
  if (draining + 2 <= kMaxGenerations) return;
  Generation& oldest = **std::find_if(leaving_.begin(), leaving_.end(), is_draining);
  log::warn("too many generations are draining: the oldest is closed",
            {{"generation", oldest.terms().number}});
  oldest.stop();
}

void Master::warn_of_unchangeable(const config::Process& process) const {
  const auto warn = [](std::string_view key) {
    log::warn("a change of this key needs a restart", {{"key", key}});
  };
  if (text_of(process.user) != text_of(first_process_.user)) warn("process.user");
  if (text_of(process.group) != text_of(first_process_.group)) warn("process.group");
  if (process.pid_file != first_process_.pid_file) warn("process.pid_file");
}

void Master::on_generation_ready(Generation& generation) {
  PROX_ASSERT(&generation == incoming_.get());
  if (current_) {
    if (auto prepared = generation.prepare_hand_over(*current_); !prepared) {
      generation.stop();
      return discard(prepared.error());
    }
  }
  if (slots_.listen(generation.addresses(), candidate_->loaded.diagnostics)) return promote();
  generation.stop();
  discard(summarise(*candidate_, options_.config_path));
}

void Master::on_generation_failed(Generation& generation, const std::string& why) {
  PROX_ASSERT(&generation == incoming_.get());
  discard(why);
}

// The new workers serve before the old ones are told to stop accepting, so that no client waits for either.
void Master::promote() {
  incoming_->accept();
  std::unique_ptr<Generation> old = std::exchange(current_, std::move(incoming_));
  slots_.retire_all_but(current_->addresses());
  shutdown_limit_ = current_->terms().shutdown_limit;
  logging_ = log_settings(options_, candidate_->config());
  if (old == nullptr) {
    candidate_.reset();
    return finish_start();
  }
  log_new_services(old.get());
  old->drain_to(*current_, current_->terms().drain_limit);
  leave(std::move(old));
  log_report(candidate_->loaded);
  candidate_.reset();
  const Generation::Terms& terms = current_->terms();
  log::info("reload complete",
            {{"services", terms.services}, {"routes", terms.routes}, {"generation", terms.number}});
  finish_reload({true, terms.number, terms.services, terms.routes, {}, {}, {}});
}

// The candidate cannot serve: what it brought goes, what serves stays as it is.
void Master::discard(const std::string& why) {
  const bool is_start = state_ == State::Starting;
  if (incoming_) leave(std::move(incoming_));
  slots_.discard_unused();
  const bool has_report = candidate_->loaded.diagnostics.has_errors();
  if (is_start) {
    if (has_report) print_report(candidate_->loaded, options_.config_path);
    candidate_.reset();
    return give_up(has_report ? "" : why);
  }
  slots_.retire_all_but(current_->addresses());
  sweep_timer_.set_after(0);
  if (const auto used = use_logging(logging_); !used)
    log::error("the log stays as it is", {{"reason", used.error()}});
  log::error("reload failed", {{"reason", why}});
  log_report(candidate_->loaded);
  const Verdict verdict = refusal(why);
  candidate_.reset();
  finish_reload(verdict);
}

Verdict Master::refusal(const std::string& error) const {
  Verdict verdict;
  verdict.error = error;
  if (!candidate_ || !candidate_->loaded.diagnostics.has_errors()) return verdict;
  verdict.diagnostics =
      config::render_json(candidate_->loaded.diagnostics, candidate_->loaded.sources);
  verdict.text = config::render_text(candidate_->loaded.diagnostics, candidate_->loaded.sources);
  return verdict;
}

void Master::finish_reload(const Verdict& verdict) {
  answer(reloads_.end(), verdict);
  begin_due_reload();
}

void Master::answer(const std::vector<ControlSocket::Asker>& askers, const Verdict& verdict) {
  for (const ControlSocket::Asker asker : askers) control_->answer(asker, to_json(verdict));
}

// Services with an address that the generation before had not.
void Master::log_new_services(const Generation* before) const {
  const auto is_known = [before](const Address& address) {
    if (before == nullptr) return false;
    const auto& known = before->addresses();
    return std::any_of(known.begin(), known.end(),
                       [&](const Address& other) { return other.key == address.key; });
  };
  const Address* last = nullptr;
  for (const Address& address : current_->addresses()) {
    const bool is_told = last != nullptr && last->service_name == address.service_name &&
                         last->redirects == address.redirects;
    if (is_known(address) || is_told) continue;
    last = &address;
    log::info(
        "starting server",
        {{"service", address.service_name}, {"addr", address.written}, {"tls", address.is_tls}});
  }
}

// Stop.

void Master::on_stop_signal() {
  if (++stop_signals_ > 1) return stop_at_once();
  log::info("stopping", {{"limit_ms", shutdown_limit_}});
  stop(shutdown_limit_);
}

void Master::stop(base::Millis limit) {
  state_ = State::Stopping;
  watcher_.reset();
  candidate_.reset();
  answer(reloads_.close(), refusal("prox is stopping"));
  if (incoming_) {
    incoming_->stop();
    leave(std::move(incoming_));
  }
  if (current_) leave(std::move(current_));
  slots_.retire_all_but({});
  for (const auto& generation : leaving_) generation->drain(limit);
  sweep_timer_.set_after(0);
}

void Master::stop_at_once() {
  log::warn("told again to stop: ending at once");
  exit_status_ = 1;
  for (Generation* generation : generations()) generation->kill();
}

void Master::leave(std::unique_ptr<Generation> generation) {
  leaving_.push_back(std::move(generation));
  sweep_timer_.set_after(0);
}

// Not done where a generation is found to be gone: one of its functions may be on the stack there.
void Master::sweep() {
  std::erase_if(leaving_, [](const auto& generation) {
    return generation->state() == Generation::State::Gone;
  });
  std::vector<std::string> logs = {logging_.error_log};
  for (const Generation* generation : generations())
    logs.insert(logs.end(), generation->terms().logs.begin(), generation->terms().logs.end());
  logs_.keep_only(logs);
  if (state_ == State::Stopping && generations().empty()) loop_.stop();
}

void Master::reap() {
  int status = 0;
  // Any child: as process 1 of a container prox inherits orphans.
  for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    for (Generation* generation : generations()) {
      if (generation->on_exit(pid, status)) break;
    }
  }
  sweep_timer_.set_after(0);
}

// Signals and commands.

void Master::on_signal(int number) {
  switch (number) {
    case SIGHUP:
      reopen_logs();
      reload(std::nullopt);
      break;
    case SIGUSR1: reopen_logs(); break;
    case SIGQUIT:
      log::info("stopping without a limit");
      stop(0);
      break;
    case SIGCHLD: reap(); break;
    default: on_stop_signal(); break;
  }
}

void Master::on_command(ControlSocket::Asker asker, std::string_view command) {
  if (command == "reload") return reload(asker);
  if (command == "status")
    return control_->answer(asker, status_json(generations(), current_.get()));
  const std::optional<int> number = command == "stop"     ? std::optional(SIGTERM)
                                    : command == "quit"   ? std::optional(SIGQUIT)
                                    : command == "reopen" ? std::optional(SIGUSR1)
                                                          : std::nullopt;
  if (!number) return control_->answer(asker, R"({"ok":false,"error":"unknown command"})");
  control_->answer(asker, R"({"ok":true})");
  on_signal(*number);
}

void Master::on_files_changed(const std::string& path) {
  if (!reloads_.is_running()) log::info("reloading: a file has changed", {{"path", path}});
  reload(std::nullopt);
}

tl::expected<void, std::string> Master::use_logging(const LogSettings& settings) {
  log::set_level(settings.level);
  log::set_format(settings.format);
  use_error_log(settings);
  if (!daemon_) return {};
  auto moved = daemon_->log_to(settings.error_log.empty() ? kDaemonLog : "");
  if (moved) spawner_.set_stderr(daemon_->log_fd());
  return moved;
}

void Master::use_error_log(const LogSettings& settings) const {
  log::set_error_log(settings.error_log.empty() ? -1 : logs_.fd(settings.error_log));
}

void Master::reopen_logs() {
  const std::vector<LogFiles::Failure> failures = logs_.reopen();
  use_error_log(logging_);
  for (const LogFiles::Failure& failure : failures)
    log::error("cannot reopen the log",
               {{"path", failure.path}, {"reason", std::strerror(failure.error)}});
  const bool has_stderr = daemon_ && daemon_->reopen_log();
  if (has_stderr) spawner_.set_stderr(daemon_->log_fd());
  for (Generation* generation : generations())
    generation->reopen_logs(has_stderr ? daemon_->log_fd() : -1);
  log::debug("logs reopened");
}

std::vector<Generation*> Master::generations() const {
  std::vector<Generation*> all;
  for (const auto& generation : leaving_) all.push_back(generation.get());
  if (current_) all.push_back(current_.get());
  if (incoming_) all.push_back(incoming_.get());
  return all;
}

}  // namespace prox::master
