#pragma once

#include "prox/http/fields.h"

namespace prox::http {

// How much a client wants a content coding, by its Accept-Encoding (RFC 9110 §12.5.3): thousandths, 0..1000; 0 is refused. Without the
// field only `identity` is wanted: clients that can do more say so.
int coding_weight(const Fields& fields, Slice coding);

}  // namespace prox::http
