#pragma once

#include "prox/http/fields.h"
#include "prox/http/request.h"

namespace prox::http {

// The head of one response. All slices point into the block that the head came in, or to literals.
struct ResponseHead {
  int status = 0;  // 100..599
  Version version = Version::Http11;
  Slice reason;  // may be empty
  Fields fields;

  bool is_interim() const { return status < 200; }
  void clear() {
    status = 0;
    version = Version::Http11;
    reason = {};
    fields.clear();
  }
};

// The registered reason phrase, "Unknown" for an unregistered status.
Slice reason_phrase(int status);

}  // namespace prox::http
