#pragma once

#include <string>

#include "prox/base/result.h"
#include "prox/base/slice.h"

namespace prox::http {

using base::Result;
using base::Slice;

// What routes compare and what files are looked up by: percent-decoded once, dot segments removed (RFC 3986 §5.2.4), empty
// segments kept. Returns `raw` itself where nothing has to change (no copy), else a view of `scratch`.
// Errors: BadMessage, side Downstream: an invalid percent triple, %00, or dot segments that climb above the root. Raw bytes below
// 0x21 and 0x7f do not get here: the parser refuses them. "*" and "" are returned as they are.
Result<Slice> clean_path(Slice raw, std::string& scratch);

}  // namespace prox::http
