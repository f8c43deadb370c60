#pragma once

#include <string>

#include "prox/base/slice.h"

namespace prox::actions {

// An HTML page that lists an open directory: directories first, by name, with sizes and times; names that begin with a dot are left out.
// `path`: how the client knows it, for the title. At most kMaxListed names; the page says so if there are more.
inline constexpr std::size_t kMaxListed = 10'000;
std::string list_directory(int directory, base::Slice path);

}  // namespace prox::actions
