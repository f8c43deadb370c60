#pragma once

#include "prox/base/slice.h"

namespace prox::compress {

// Whether bodies of this Content-Type as a rule become smaller: text and what is written as text, fonts and pictures without a coding of
// their own, WebAssembly. Not gRPC, whose messages are compressed one by one and whose peers know no coded bodies.
bool is_compressible(base::Slice content_type);

}  // namespace prox::compress
