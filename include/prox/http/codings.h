#pragma once

#include "prox/http/fields.h"

namespace prox::http {

// How much a client wants a content coding, by its Accept-Encoding (RFC 9110 §12.5.3): thousandths, 0..1000; 0 is refused. What is not
// named is not wanted, but for `identity`, the body as it is: it is good enough, 1, unless it is named or refused.
int coding_weight(const Fields& fields, Slice coding);

// What a coding must weigh at least to be sent rather than the body as it is: as much as that, and more than nothing.
int least_coding_weight(const Fields& fields);

}  // namespace prox::http
