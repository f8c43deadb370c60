#include "prox/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace prox::base {

void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "prox: %s:%d: broken promise: %s\n", file, line, expression);
  std::abort();
}

}  // namespace prox::base
