#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "prox/base/result.h"

namespace prox::zone {

// What one worker process counts. Only that worker writes it (relaxed stores, no contended cache line); everyone may read. When a worker
// is gone the master adds its totals to the retired row and zeroes what counted up and down.
struct alignas(64) Row {
  std::atomic<std::int32_t> pid;  // 0: the row is free
  std::atomic<std::uint32_t> slot;
  std::atomic<std::uint64_t> generation;
  // up and down
  std::atomic<std::uint64_t> connections;  // client connections open
  std::atomic<std::uint64_t> active_requests;
  // totals
  std::atomic<std::uint64_t> connections_total;
  std::atomic<std::uint64_t> requests_total;
  std::array<std::atomic<std::uint64_t>, 6>
      responses_total;                       // by first digit of the status; 0: none was sent
  std::atomic<std::uint64_t> passed_total;   // connections that took a `pass` route
  std::atomic<std::uint64_t> dropped_total;  // by drop routes, before TLS or after
  std::atomic<std::uint64_t> bytes_in;       // body bytes from clients
  std::atomic<std::uint64_t> bytes_out;      // body bytes to clients
  std::atomic<std::uint64_t> log_lines_lost_total;
  // HTTP/2 connections ended with ENHANCE_YOUR_CALM
  std::atomic<std::uint64_t> h2_floods_total;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

// Adds to a counter of one's own row: one writer, so no locked instruction is needed.
inline void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}
inline void subtract(std::atomic<std::uint64_t>& counter, std::uint64_t amount = 1) {
  counter.store(counter.load(std::memory_order_relaxed) - amount, std::memory_order_relaxed);
}

// The memory that master and workers share: an anonymous MAP_SHARED mapping made before the first fork and kept for the master's life.
class Zone {
 public:
  // Room for `rows` worker processes at a time, draining ones included.
  static base::Result<Zone> map(std::size_t rows);
  Zone(Zone&& other) noexcept;
  Zone& operator=(Zone&& other) noexcept;
  ~Zone();

  std::size_t rows() const { return rows_; }
  Row& row(std::size_t index);
  // Totals of workers that are gone.
  Row& retired();

  // Master only. A free row, marked with the slot and generation; its pid is set by the caller after fork, and is -1 until then.
  // None left: Errc::SystemCall, ENOSPC.
  base::Result<std::size_t> claim_row(std::uint32_t slot, std::uint64_t generation);
  // Master only, after the worker was reaped.
  void retire_row(std::size_t index);

 private:
  Zone() = default;
  Row* memory_ = nullptr;  // retired row first, then rows_
  std::size_t rows_ = 0;
};

}  // namespace prox::zone
