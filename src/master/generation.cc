#include "master/generation.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "prox/base/assert.h"
#include "prox/base/log.h"
#include "prox/ipc/channel.h"
#include "prox/master/report.h"

namespace prox::master {

namespace {

namespace log = base::log;
using ipc::MessageType;

base::Fd duplicate(int fd) { return base::Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

std::string describe_end(const Child& worker, int status) {
  if (!worker.failure().empty()) return worker.failure();
  if (WIFSIGNALED(status))
    return fmt::format("killed by signal {} ({})", WTERMSIG(status),
                       ::sigdescr_np(WTERMSIG(status)));
  return fmt::format("exited with status {}", WEXITSTATUS(status));
}

// The keys of addresses that the next generation has not, a line each, for a Drain message. What does not fit is left to Slots, which ends
// these addresses in any case; only the clients in their queues are not looked after.
std::string keys_left_out(const std::vector<Address>& addresses, const std::vector<Address>& next) {
  std::string keys;
  for (const Address& address : addresses) {
    const auto is_same = [&](const Address& other) { return other.key == address.key; };
    if (std::any_of(next.begin(), next.end(), is_same)) continue;
    if (keys.size() + address.key.size() + 1 > ipc::kMaxText) break;
    if (!keys.empty()) keys += '\n';
    keys += address.key;
  }
  return keys;
}

bool is_clean(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }

}  // namespace

std::string_view to_word(Generation::State state) {
  switch (state) {
    case Generation::State::Starting: return "starting";
    case Generation::State::Serving: return "serving";
    case Generation::State::Draining: return "draining";
    case Generation::State::Gone: return "gone";
  }
  return "unknown";
}

Generation::Generation(const Surroundings& surroundings, Owner& owner,
                       std::unique_ptr<const worker::Plan> plan, Terms terms)
    : surroundings_(surroundings), owner_(owner), plan_(std::move(plan)), terms_(std::move(terms)) {
  kill_timer_.init(
      surroundings_.loop, [](void* self) { static_cast<Generation*>(self)->kill_stragglers(); },
      this);
}

Generation::~Generation() = default;

tl::expected<void, std::string> Generation::start() {
  for (std::uint32_t i = 0; i < terms_.environment.workers; ++i) {
    Slot& slot = slots_.emplace_back();
    slot.generation = this;
    slot.index = i;
    const auto restart_slot = [](void* self) {
      auto* due = static_cast<Slot*>(self);
      due->generation->restart(*due);
    };
    slot.restart_timer.init(surroundings_.loop, restart_slot, &slot);
    if (auto forked = fork_worker(slot); !forked) {
      stop();
      return forked;
    }
  }
  return {};
}

tl::expected<void, std::string> Generation::fork_worker(Slot& slot) {
  auto spawned = surroundings_.spawner.spawn({*plan_, terms_.environment.credentials, terms_.number,
                                              slot.index, sockets_of(slot),
                                              surroundings_.logs.fds(terms_.logs)});
  if (!spawned) return tl::unexpected<std::string>{describe(spawned.error())};
  slot.worker = std::make_unique<Child>(surroundings_.loop, std::move(*spawned), slot.index, *this);
  return {};
}

std::vector<SlotSocket> Generation::sockets_of(const Slot& slot) const {
  return surroundings_.slots.sockets_of(addresses(), slot.index, terms_.environment.workers);
}

void Generation::accept() {
  PROX_ASSERT(state_ == State::Starting);
  state_ = State::Serving;
  for (Slot& slot : slots_) {
    slot.worker->send({MessageType::Accept});
    for (base::Fd& channel : slot.take_overs)
      slot.worker->send({MessageType::TakeOver}, std::move(channel));
    slot.take_overs.clear();
  }
}

// There may be fewer workers than before: several of the old ones then share one.
tl::expected<void, std::string> Generation::prepare_hand_over(Generation& old) {
  for (Slot& from : old.slots_) {
    auto pair = ipc::Channel::make_pair();
    if (!pair) return tl::unexpected<std::string>{describe(pair.error())};
    from.hand_over = std::move(pair->first);
    slots_[from.index % slots_.size()].take_overs.push_back(std::move(pair->second));
  }
  return {};
}

void Generation::drain_to(const Generation& successor, base::Millis limit) {
  drain_workers(limit, keys_left_out(addresses(), successor.addresses()));
}

void Generation::drain(base::Millis limit) {
  for (Slot& slot : slots_) slot.hand_over.reset();
  drain_workers(limit, {});
}

void Generation::drain_workers(base::Millis limit, const std::string& leaving) {
  if (is_stopped_) return;
  end_replacing();
  for (Slot& slot : slots_) {
    if (slot.worker == nullptr) continue;
    if (slot.worker->is_ready()) {
      slot.worker->send({MessageType::Drain, static_cast<std::uint64_t>(limit), leaving},
                        std::move(slot.hand_over));
    } else {
      slot.worker->send({MessageType::Stop});
    }
  }
  if (limit > 0) kill_timer_.set_after(limit + kGrace);
  become_gone_if_empty();
}

void Generation::stop() {
  is_stopped_ = true;
  end_replacing();
  for (Slot& slot : slots_) {
    if (slot.worker != nullptr) slot.worker->send({MessageType::Stop});
  }
  kill_timer_.set_after(kGrace);
  become_gone_if_empty();
}

void Generation::end_replacing() {
  state_ = State::Draining;
  for (Slot& slot : slots_) slot.restart_timer.cancel();
  plan_.reset();
}

void Generation::become_gone_if_empty() {
  const auto is_empty = [](const Slot& slot) { return slot.worker == nullptr; };
  if (!std::all_of(slots_.begin(), slots_.end(), is_empty)) return;
  state_ = State::Gone;
  kill_timer_.cancel();
}

void Generation::kill() {
  is_stopped_ = true;  // their deaths are no news
  for (Slot& slot : slots_) {
    if (slot.worker != nullptr) slot.worker->kill();
  }
}

void Generation::kill_stragglers() {
  for (Slot& slot : slots_) {
    if (slot.worker == nullptr) continue;
    log::warn("killing a worker that did not end in time",
              {{"generation", terms_.number}, {"slot", slot.index}, {"pid", slot.worker->pid()}});
    slot.worker->kill();
  }
}

void Generation::reopen_logs(int stderr_fd) {
  for (Slot& slot : slots_) {
    if (slot.worker == nullptr) continue;
    if (stderr_fd >= 0)
      slot.worker->send({MessageType::ReopenLog, ipc::kStderr}, duplicate(stderr_fd));
    for (std::size_t i = 0; i < terms_.logs.size(); ++i)
      slot.worker->send({MessageType::ReopenLog, i},
                        duplicate(surroundings_.logs.fd(terms_.logs[i])));
  }
}

bool Generation::on_exit(pid_t pid, int status) {
  const auto is_it = [pid](const Slot& slot) {
    return slot.worker != nullptr && slot.worker->pid() == pid;
  };
  const auto found = std::find_if(slots_.begin(), slots_.end(), is_it);
  if (found == slots_.end()) return false;
  found->worker->hear_last_words();
  const std::unique_ptr<Child> worker = std::move(found->worker);
  surroundings_.zone.retire_row(worker->row());
  const std::string how = describe_end(*worker, status);
  const bool is_expected = state_ == State::Draining && (is_stopped_ || is_clean(status));
  log::write(is_expected ? log::Level::Debug : log::Level::Error,
             is_expected ? "worker ended" : "worker died",
             {{"generation", terms_.number}, {"slot", found->index}, {"pid", pid}, {"how", how}});
  switch (state_) {
    case State::Starting:
      fail(fmt::format("worker {} could not start: {}", found->index, how));
      break;
    case State::Serving: replace(*found); break;
    case State::Draining: become_gone_if_empty(); break;
    case State::Gone: break;
  }
  return true;
}

void Generation::fail(const std::string& why) {
  stop();
  owner_.on_generation_failed(*this, why);
}

void Generation::on_worker_ready(Child& worker) {
  if (state_ == State::Starting) {
    const auto is_served = [](const Slot& slot) { return slot.is_served(); };
    // start() forks all of them before the loop can bring a Ready.
    if (std::all_of(slots_.begin(), slots_.end(), is_served)) owner_.on_generation_ready(*this);
  } else if (state_ == State::Serving) {
    worker.send({MessageType::Accept});
    release(slots_[worker.slot()]);
    adopt_orphans();
  }
}

void Generation::on_worker_late(Child& worker) {
  const std::string why =
      fmt::format("worker {} was not ready within {} s", worker.slot(), Child::kReadyLimit / 1000);
  if (state_ == State::Starting) {
    fail(why);
  } else {
    log::error(why, {{"generation", terms_.number}, {"pid", worker.pid()}});
    worker.kill();
  }
}

void Generation::replace(Slot& slot) {
  for (Slot& other : slots_) {
    if (other.adopter == slot.index) other.adopter.reset();
  }
  adopt_orphans();
  const base::Millis delay = slot.backoff.next_delay(base::coarse_now());
  if (delay == 0) {
    restart(slot);
  } else {
    log::warn("a worker dies again and again", {{"slot", slot.index}, {"retry_in_ms", delay}});
    slot.restart_timer.set_after(delay);
  }
}

void Generation::restart(Slot& slot) {
  if (auto forked = fork_worker(slot); !forked) {
    log::error("cannot replace a worker", {{"slot", slot.index}, {"reason", forked.error()}});
    slot.restart_timer.set_after(
        std::max(slot.backoff.next_delay(base::coarse_now()), Backoff::kFirstDelay));
  }
}

// Nobody accepts on a dead worker's sockets: clients would wait in their queues until it is replaced.
void Generation::adopt_orphans() {
  for (Slot& slot : slots_) {
    if (!slot.is_served() && !slot.adopter) adopt(slot);
  }
}

void Generation::adopt(Slot& orphan) {
  for (std::size_t step = 1; step < slots_.size(); ++step) {
    Slot& sibling = slots_[(orphan.index + step) % slots_.size()];
    if (!sibling.is_served()) continue;
    orphan.adopter = sibling.index;
    for (const SlotSocket& socket : sockets_of(orphan)) {
      if (socket.is_shared) continue;
      sibling.worker->send({MessageType::Adopt, socket.listener, std::to_string(socket.slot)},
                           duplicate(socket.fd));
    }
    return;
  }
}

void Generation::release(Slot& slot) {
  if (!slot.adopter) return;
  const Slot& sibling = slots_[*slot.adopter];
  slot.adopter.reset();
  for (const SlotSocket& socket : sockets_of(slot)) {
    if (socket.is_shared || sibling.worker == nullptr) continue;
    sibling.worker->send({MessageType::Release, socket.listener, std::to_string(socket.slot)});
  }
}

std::vector<Generation::WorkerView> Generation::workers() const {
  std::vector<WorkerView> views;
  for (const Slot& slot : slots_) {
    if (slot.worker != nullptr)
      views.push_back({*slot.worker, surroundings_.zone.row(slot.worker->row())});
  }
  return views;
}

}  // namespace prox::master
