#include "prox/upstream/pool.h"

#include <algorithm>
#include <utility>

#include "upstream/h2_client.h"
#include "upstream/h2_connection.h"

namespace prox::upstream {

namespace {

constexpr base::Millis kMaxIdle = 90'000;  // what the original keeps them for
constexpr base::Millis kSpareIdle =
    1'000;  // above the limits: load that has just passed may be back at once

}  // namespace

Pool::Pool(Pools& pools, net::Loop& loop, base::BlockPool& blocks, net::Resolver& resolver,
           const Target& target)
    : pools_(pools), loop_(loop), blocks_(blocks), resolver_(resolver), target_(target) {}

Pool::~Pool() = default;

std::unique_ptr<ClientStream> Pool::open(Receiver& receiver, Connect how) {
  if (target_.h2 && how != Connect::Single) {
    auto stream = std::make_unique<H2Client>(loop_, blocks_, *this, receiver);
    if (how == Connect::New) {
      new_shared().enter(*stream);
    } else {
      place(*stream, nullptr);
    }
    return stream;
  }
  if (how != Connect::Any || idle_.empty())
    return std::make_unique<H1Client>(loop_, blocks_, resolver_, *this, target_, receiver,
                                      how == Connect::Single);
  std::unique_ptr<H1Client> connection = std::move(idle_.back());
  idle_.pop_back();
  connection->reuse(receiver);
  return connection;
}

void Pool::put(std::unique_ptr<H1Client> connection) {
  idle_.push_back(std::move(connection));
  on_idle();
}

void Pool::on_idle() { pools_.expect_sweep(); }

std::size_t Pool::idle() const {
  const auto shared = std::count_if(shared_.begin(), shared_.end(),
                                    [](const auto& connection) { return connection->is_idle(); });
  return idle_.size() + static_cast<std::size_t>(shared);
}

void Pool::place(H2Client& stream, const H2Connection* avoid) {
  for (const auto& connection : shared_)
    if (connection.get() != avoid && connection->has_room()) return connection->enter(stream);
  new_shared().enter(stream);
}

H2Connection& Pool::new_shared() {
  shared_.push_back(std::make_unique<H2Connection>(loop_, blocks_, resolver_, *this, target_));
  return *shared_.back();
}

void Pool::drop(H2Connection& connection) {
  const auto it = std::find_if(shared_.begin(), shared_.end(),
                               [&](const auto& other) { return other.get() == &connection; });
  if (it == shared_.end()) return;
  loop_.defer_delete(std::move(*it));
  shared_.erase(it);
}

void Pool::drop(H1Client& connection) {
  const auto it = std::find_if(idle_.begin(), idle_.end(),
                               [&](const auto& idle) { return idle.get() == &connection; });
  if (it == idle_.end()) return;
  loop_.defer_delete(std::move(*it));
  idle_.erase(it);
}

void Pool::sweep(base::Millis now, std::size_t limit) {
  while (!idle_.empty()) {
    const base::Millis idle_for = now - idle_.front()->idle_since();
    const bool is_spare = idle_.size() > limit && idle_for >= kSpareIdle;
    if (idle_for < kMaxIdle && !is_spare) break;
    close_oldest();
  }
  sweep_shared(now, limit);
}

void Pool::sweep_shared(base::Millis now, std::size_t limit) {
  for (std::size_t i = shared_.size(); i-- > 0;) {
    H2Connection& connection = *shared_[i];
    if (!connection.is_idle()) continue;
    const base::Millis idle_for = now - connection.idle_since();
    if (idle_for >= kMaxIdle || (idle() > limit && idle_for >= kSpareIdle)) connection.end();
  }
}

void Pool::clear() {
  while (!idle_.empty()) close_oldest();
  for (std::size_t i = shared_.size(); i-- > 0;)
    if (shared_[i]->is_idle()) shared_[i]->end();
}

void Pool::close_oldest() {
  loop_.defer_delete(std::move(idle_.front()));
  idle_.erase(idle_.begin());
}

Pools::Pools(net::Loop& loop, base::BlockPool& blocks, net::Resolver& resolver,
             const std::vector<std::unique_ptr<Target>>& targets) {
  std::size_t services = 0;
  for (const auto& target : targets) {
    pools_.emplace_back(*this, loop, blocks, resolver, *target);
    services = std::max<std::size_t>(services, target->service + 1);
  }
  idle_of_service_.resize(services);
  timer_.init(
      loop, [](void* self) { static_cast<Pools*>(self)->sweep(); }, this);
}

void Pools::clear() {
  for (Pool& pool : pools_) pool.clear();
}

void Pools::sweep() {
  const base::Millis now = base::coarse_now();
  std::fill(idle_of_service_.begin(), idle_of_service_.end(), 0);
  for (const Pool& pool : pools_) idle_of_service_[pool.target().service] += pool.idle();
  std::size_t left = 0;
  for (Pool& pool : pools_) {
    if (pool.idle() == 0) continue;
    // What the service's other targets keep counts against max_idle too.
    const Target& target = pool.target();
    std::size_t& of_service = idle_of_service_[target.service];
    const std::size_t before = pool.idle();
    const std::size_t others = of_service - before;
    const std::size_t room = target.max_idle > others ? target.max_idle - others : 0;
    pool.sweep(now, std::min(target.max_idle_per_host, room));
    of_service -= before - pool.idle();
    left += pool.idle();
  }
  if (left > 0) timer_.set_after(kSweepInterval);
}

}  // namespace prox::upstream
