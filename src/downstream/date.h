#pragma once

#include <string_view>

namespace prox::downstream {

// The current time as a Date field wants it (RFC 9110 §5.6.7), made once a second.
std::string_view current_date();

}  // namespace prox::downstream
