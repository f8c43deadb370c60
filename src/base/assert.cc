#include "prox/base/assert.h"

#include <cstdlib>

#include "prox/base/log.h"

namespace prox::base {

// By the log, since a detached prox may have no other place to say it.
void assertion_failed(const char* expression, const char* file, int line) {
  log::error("broken promise", {{"what", expression}, {"file", file}, {"line", line}});
  std::abort();
}

}  // namespace prox::base
