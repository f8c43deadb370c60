#pragma once

#include <string>

#include "prox/base/slice.h"
#include "prox/files/directory.h"

namespace prox::actions {

// An HTML page of what is in a directory, with sizes and times. `path`: how the client knows it, for the title.
std::string listing(const files::Directory& directory, base::Slice path);

}  // namespace prox::actions
