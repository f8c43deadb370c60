#pragma once

#include <string_view>

namespace prox::config {

// The Content-Type for a file of that name, by its ending; application/octet-stream for those not in the table.
std::string_view media_type(std::string_view path);

}  // namespace prox::config
