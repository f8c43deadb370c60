#pragma once

#include <tl/expected.hpp>

#include "prox/base/error.h"

namespace prox::base {

// A value or an Error. `if (!r) return Unexpected{r.error()};`
template <typename T>
using Result = tl::expected<T, Error>;

using Unexpected = tl::unexpected<Error>;

// Fills in what the caller knows of a failure: `return fail(Errc::BadMessage, Side::Downstream, "reading a chunk size");`
inline Unexpected fail(Errc code, Side side, std::string_view context) {
  return Unexpected{Error{code, side, false, 0, context}};
}

}  // namespace prox::base
