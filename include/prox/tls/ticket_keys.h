#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "prox/base/result.h"

namespace prox::tls {

// Keys that session tickets are sealed with (RFC 5077 §4), in memory that the master shares with all workers of all generations: a ticket
// from one worker is good at every other, also after a reload. The master rotates them; a key opens tickets for two more rotations.
class TicketKeys {
 public:
  struct Key {
    std::array<unsigned char, 16> name;    // goes with each ticket in the clear
    std::array<unsigned char, 32> cipher;  // AES-256-CBC
    std::array<unsigned char, 32> mac;     // HMAC-SHA-256
  };

  // Anonymous shared memory, with a first key. To be made before the first fork.
  static base::Result<TicketKeys> map();
  TicketKeys(TicketKeys&& other) noexcept;
  TicketKeys& operator=(TicketKeys&&) = delete;
  ~TicketKeys();

  // Master only: a new key for new tickets.
  base::Result<void> rotate();

  const Key& current() const;
  // The key of that name if it may still open tickets, else nullptr.
  const Key* find(const unsigned char* name) const;

 private:
  static constexpr std::size_t kKept = 3;  // the current one and two before it
  // One more than may be read: the one that is written.
  static constexpr std::size_t kSlots = kKept + 1;
  struct Shared {
    std::atomic<std::uint64_t> rotations;  // the current key is in slot rotations % kSlots
    std::array<Key, kSlots> keys;
  };

  explicit TicketKeys(Shared* shared) : shared_(shared) {}
  base::Result<void> make_key(std::uint64_t number);

  Shared* shared_;
};

}  // namespace prox::tls
