#pragma once

namespace prox::base {

// Logs the broken promise and aborts: the worker ends, the master starts another.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace prox::base

// For our own mistakes only, in all builds. What a peer, a file or the kernel can cause is a Result.
#define PROX_ASSERT(expression)        \
  ((expression) ? static_cast<void>(0) \
                : ::prox::base::assertion_failed(#expression, __FILE__, __LINE__))
