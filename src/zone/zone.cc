#include "prox/zone/zone.h"

#include <sys/mman.h>

#include <cerrno>
#include <utility>

#include "prox/base/assert.h"

namespace prox::zone {

namespace {

// Claimed by the master, whose fork has not told the pid yet.
constexpr std::int32_t kClaimed = -1;

void move_total(std::atomic<std::uint64_t>& from, std::atomic<std::uint64_t>& to) {
  add(to, from.load(std::memory_order_relaxed));
  from.store(0, std::memory_order_relaxed);
}

}  // namespace

base::Result<Zone> Zone::map(std::size_t rows) {
  // The kernel's zero pages are what value-initialised atomics look like; constructing rows nobody needs would make them resident.
  void* memory = ::mmap(nullptr, (rows + 1) * sizeof(Row), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return base::Unexpected{base::from_errno("mapping the shared zone")};
  Zone zone;
  zone.memory_ = static_cast<Row*>(memory);
  zone.rows_ = rows;
  return zone;
}

Zone::Zone(Zone&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)), rows_(std::exchange(other.rows_, 0)) {}

Zone& Zone::operator=(Zone&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(rows_, other.rows_);
  return *this;
}

Zone::~Zone() {
  if (memory_ != nullptr) ::munmap(memory_, (rows_ + 1) * sizeof(Row));
}

Row& Zone::row(std::size_t index) {
  PROX_ASSERT(index < rows_);
  return memory_[index + 1];
}

Row& Zone::retired() { return memory_[0]; }

base::Result<std::size_t> Zone::claim_row(std::uint32_t slot, std::uint64_t generation) {
  for (std::size_t i = 0; i < rows_; ++i) {
    Row& candidate = row(i);
    if (candidate.pid.load(std::memory_order_relaxed) != 0) continue;
    candidate.slot.store(slot, std::memory_order_relaxed);
    candidate.generation.store(generation, std::memory_order_relaxed);
    candidate.pid.store(kClaimed, std::memory_order_relaxed);
    return i;
  }
  return base::Unexpected{base::Error{base::Errc::SystemCall, base::Side::Internal, false, ENOSPC,
                                      "claiming a row of the shared zone"}};
}

void Zone::retire_row(std::size_t index) {
  Row& gone = row(index);
  Row& sum = retired();
  move_total(gone.connections_total, sum.connections_total);
  move_total(gone.requests_total, sum.requests_total);
  for (std::size_t i = 0; i < gone.responses_total.size(); ++i)
    move_total(gone.responses_total[i], sum.responses_total[i]);
  move_total(gone.bytes_in, sum.bytes_in);
  move_total(gone.passed_total, sum.passed_total);
  move_total(gone.dropped_total, sum.dropped_total);
  move_total(gone.bytes_out, sum.bytes_out);
  move_total(gone.h2_floods_total, sum.h2_floods_total);
  move_total(gone.log_lines_lost_total, sum.log_lines_lost_total);
  gone.connections.store(0, std::memory_order_relaxed);
  gone.active_requests.store(0, std::memory_order_relaxed);
  gone.slot.store(0, std::memory_order_relaxed);
  gone.generation.store(0, std::memory_order_relaxed);
  gone.pid.store(0, std::memory_order_relaxed);
}

}  // namespace prox::zone
