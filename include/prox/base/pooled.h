#pragma once

#include <cstddef>
#include <new>

// GCC tells by a macro, clang by a feature.
#if defined(__SANITIZE_ADDRESS__)
#define PROX_PLAIN_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PROX_PLAIN_HEAP 1
#endif
#endif

namespace prox::base {

// Gives a class its own free list, one a process: `class Connection : Pooled<Connection>`. So new and delete of what comes and goes with
// connections and requests do not reach the heap in the steady state. Single-threaded, for final classes.
// With AddressSanitizer it is the plain heap, so that use after free is seen.
template <typename T>
class Pooled {
 public:
  static void* operator new(std::size_t bytes) {
#ifndef PROX_PLAIN_HEAP
    if (free_ != nullptr && bytes == sizeof(T)) {
      Node* node = free_;
      free_ = node->next;
      --count_;
      return node;
    }
#endif
    return ::operator new(bytes);
  }

  static void operator delete(void* memory, [[maybe_unused]] std::size_t bytes) {
#ifndef PROX_PLAIN_HEAP
    if (bytes == sizeof(T) && count_ < kKept) {
      free_ = new (memory) Node{free_};
      ++count_;
      return;
    }
#endif
    ::operator delete(memory);
  }

 private:
  static constexpr std::size_t kKept =
      1024;  // what a burst leaves behind beyond this goes back to the heap
  struct Node {
    Node* next;
  };
  static inline Node* free_ = nullptr;
  static inline std::size_t count_ = 0;
};

}  // namespace prox::base
