#include "prox/tls/ticket_keys.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace prox::tls {

base::Result<TicketKeys> TicketKeys::map() {
  void* memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return base::Unexpected{base::from_errno("mapping the ticket keys")};
  ::madvise(memory, sizeof(Shared), MADV_DONTDUMP);
  TicketKeys keys(new (memory) Shared{});
  if (auto made = keys.make_key(0); !made) return base::Unexpected{made.error()};
  return keys;
}

TicketKeys::TicketKeys(TicketKeys&& other) noexcept
    : shared_(std::exchange(other.shared_, nullptr)) {}

// Unmapping leaves the workers' view alone.
TicketKeys::~TicketKeys() {
  if (shared_ != nullptr) ::munmap(shared_, sizeof(Shared));
}

base::Result<void> TicketKeys::rotate() {
  return make_key(shared_->rotations.load(std::memory_order_relaxed) + 1);
}

// Written into the slot that nobody reads, then published.
base::Result<void> TicketKeys::make_key(std::uint64_t number) {
  Key& key = shared_->keys[number % kSlots];
  const bool made = RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) == 1 &&
                    RAND_priv_bytes(key.cipher.data(), static_cast<int>(key.cipher.size())) == 1 &&
                    RAND_priv_bytes(key.mac.data(), static_cast<int>(key.mac.size())) == 1;
  if (!made) return base::fail(base::Errc::SystemCall, base::Side::Internal, "making a ticket key");
  shared_->rotations.store(number, std::memory_order_release);
  return {};
}

const TicketKeys::Key& TicketKeys::current() const {
  return shared_->keys[shared_->rotations.load(std::memory_order_acquire) % kSlots];
}

const TicketKeys::Key* TicketKeys::find(const unsigned char* name) const {
  const std::uint64_t newest = shared_->rotations.load(std::memory_order_acquire);
  for (std::uint64_t age = 0; age < kKept && age <= newest; ++age) {
    const Key& key = shared_->keys[(newest - age) % kSlots];
    if (std::memcmp(key.name.data(), name, key.name.size()) == 0) return &key;
  }
  return nullptr;
}

}  // namespace prox::tls
