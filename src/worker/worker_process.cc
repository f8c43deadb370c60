#include "worker/worker_process.h"

#include <cstring>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

#include "prox/base/assert.h"
#include "prox/base/log.h"

namespace prox::worker {

namespace {

constexpr base::Millis kAcceptRest = 100;  // after running out of descriptors
constexpr std::size_t kShedAtOnce = 32;    // idle connections closed to get going again

std::size_t descriptor_limit() {
  rlimit limit{};
  PROX_ASSERT(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  return limit.rlim_cur;
}

}  // namespace

WorkerProcess::WorkerProcess(const Plan& plan, const WorkerSetup& setup)
    : plan_(plan),
      setup_(setup),
      resolver_(loop_),
      pools_(loop_, blocks_, resolver_, plan.targets),
      encoding_(loop_, plan.max_compressing),
      access_log_(loop_, plan.logs, *setup.row),
      context_{loop_,     blocks_, pools_,    files_,     *setup.row,
               resolver_, pipes_,  encoding_, access_log_},
      peeking_(plan.max_peeking),
      hung_(plan.max_hung),
      stop_task_([](void* self) { static_cast<WorkerProcess*>(self)->stop_when_done(); }, this),
      master_(loop_, base::Fd(setup.channel), *this) {
  take_logs();
  resume_timer_.init(
      loop_, [](void* self) { static_cast<WorkerProcess*>(self)->on_resume_timer(); }, this);
  drain_timer_.init(
      loop_, [](void* self) { static_cast<WorkerProcess*>(self)->stop_now(); }, this);
  files_timer_.init(
      loop_, [](void* self) { static_cast<WorkerProcess*>(self)->sweep_files(); }, this);
  for (const ListeningSocket& socket : setup.sockets) {
    acceptors_.push_back(std::make_unique<Acceptor>(loop_, socket.fd, socket.listener, *this));
  }
}

WorkerProcess::~WorkerProcess() {
  connections_.for_each([](downstream::Connection& connection) { connection.abort(); });
  pools_.clear();
  access_log_.flush();
  base::log::set_error_log(-1);
}

void WorkerProcess::run() {
  if (plan_.max_peeking == 0) peeking_.set_limit(descriptor_limit() / 4);
  master_.send({ipc::MessageType::Ready, 0, {}});
  loop_.run();
}

// ---- what the master says ----

void WorkerProcess::on_message(ipc::Channel&, const ipc::Message& message, base::Fd passed) {
  switch (message.type) {
    case ipc::MessageType::Accept: return serve();
    case ipc::MessageType::Drain: return drain(message, std::move(passed));
    case ipc::MessageType::TakeOver:
      if (passed)
        last_generation_.push_back(std::make_unique<ipc::Channel>(loop_, std::move(passed), *this));
      return;
    case ipc::MessageType::HandOver:
      return take_over(message.text, std::move(passed), message.number != 0);
    case ipc::MessageType::Adopt: return adopt(message, std::move(passed));
    case ipc::MessageType::Release: return release(message);
    case ipc::MessageType::ReopenLog: return reopen_log(message.number, std::move(passed));
    case ipc::MessageType::Stop: return stop_now();
    case ipc::MessageType::Ready:
    case ipc::MessageType::Failed:
    case ipc::MessageType::LogReopened: return;  // not for workers
  }
}

void WorkerProcess::on_channel_closed(ipc::Channel& channel) {
  if (&channel == &master_) {
    base::log::warn("the master is gone: draining", {{"slot", setup_.slot}});
    drain({ipc::MessageType::Drain, static_cast<std::uint64_t>(plan_.shutdown_timeout), "*"}, {});
    // At once, so that a new master can bind.
    for (const auto& acceptor : acceptors_) acceptor->drain_and_close();
    return;
  }
  if (&channel == next_generation_.get()) {
    // Its worker died before it took over; what is kept waits for its next request here.
    next_generation_.reset();
    return;
  }
  std::erase_if(last_generation_, [&](const auto& from) { return from.get() == &channel; });
}

void WorkerProcess::serve() {
  if (state_ != State::Waiting) return;
  state_ = State::Serving;
  sweep_files();
  resume_accepting();
}

// ---- logs ----

void WorkerProcess::take_logs() {
  for (const int fd : setup_.logs) {
    access_log_.set_file(logs_.size(), fd);
    logs_.emplace_back(fd);
  }
  use_error_log();
}

void WorkerProcess::use_error_log() const {
  const auto& index = plan_.logs.error_log;
  base::log::set_error_log(index ? logs_[*index].get() : -1);
}

void WorkerProcess::reopen_log(std::uint64_t which, base::Fd log) {
  if (which == ipc::kStderr) {
    if (log && ::dup2(log.get(), STDERR_FILENO) == -1)
      base::log::error("cannot take the new log", {{"reason", std::strerror(errno)}});
  } else if (log && which < logs_.size()) {
    access_log_.set_file(which, log.get());
    std::swap(logs_[which], log);  // the old one is closed when nobody uses it any more
    use_error_log();
  }
  master_.send({ipc::MessageType::LogReopened, which, {}});
}

// ---- accepting ----

void WorkerProcess::resume_accepting() {
  bool all = true;
  for (const auto& acceptor : acceptors_) {
    const bool should =
        state_ == State::Serving || leaves_config(plan_.listeners[acceptor->listener()].key);
    if (should && !acceptor->is_accepting()) all = acceptor->start() && all;
  }
  for (const Adopted& adopted : adopted_) all = adopted.acceptor->start() && all;
  if (!all) resume_timer_.set_after(kAcceptRest);
}

void WorkerProcess::on_resume_timer() {
  resume_accepting();
  stop_when_done();
}

void WorkerProcess::on_accepted(Acceptor& acceptor, base::Fd socket,
                                const net::SocketAddress& peer) {
  downstream::Connection::open(*this, entrance_of(acceptor.listener()), std::move(socket), peer,
                               false);
}

downstream::Entrance WorkerProcess::entrance_of(std::uint32_t listener) const {
  const std::uint32_t service = plan_.listeners[listener].service;
  return {*plan_.services[service], listener, plan_.tls[service].get()};
}

void WorkerProcess::on_accept_exhausted(int error) {
  static base::log::RateLimit limit;
  limit.write(base::log::Level::Error, "cannot accept: pausing",
              {{"reason", std::strerror(error)}, {"connections", connections_.size()}});
  for (const auto& acceptor : acceptors_) acceptor->pause();
  for (const Adopted& adopted : adopted_) adopted.acceptor->pause();
  shed_idle_connections();
  resume_timer_.set_after(kAcceptRest);
}

void WorkerProcess::sweep_files() {
  files_.sweep(base::coarse_now());
  files_timer_.set_after(files::Cache::kKept);
}

void WorkerProcess::shed_idle_connections() {
  // First those that nobody is served on. Of HTTP/2 these are streams, and what they leave idle goes with the others.
  if (hung_.shed(kShedAtOnce) > 0) return;
  // Then files that are only kept open for later.
  if (files_.size() > 0) return files_.clear();
  pools_.clear();
  pipes_.clear();
  std::size_t left = kShedAtOnce;
  connections_.for_each([&](downstream::Connection& connection) {
    if (left == 0 || !connection.is_kept_idle()) return;
    --left;
    connection.close();
  });
}

void WorkerProcess::adopt(const ipc::Message& message, base::Fd socket) {
  if (!socket || message.number >= plan_.listeners.size()) return;
  const int fd = socket.get();
  auto acceptor =
      std::make_unique<Acceptor>(loop_, fd, static_cast<std::uint32_t>(message.number), *this);
  if (state_ == State::Serving && !acceptor->start()) resume_timer_.set_after(kAcceptRest);
  adopted_.push_back({std::move(socket), std::move(acceptor), message.text});
}

void WorkerProcess::release(const ipc::Message& message) {
  std::erase_if(adopted_, [&](const Adopted& adopted) {
    return adopted.acceptor->listener() == message.number &&
           (message.text.empty() || adopted.slot == message.text);
  });
}

}  // namespace prox::worker
