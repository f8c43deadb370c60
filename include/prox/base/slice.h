#pragma once

#include <string_view>

namespace prox::base {

// A non-owning view of bytes, mostly into a Block. Valid only while that block is held; copy to keep.
using Slice = std::string_view;

}  // namespace prox::base
