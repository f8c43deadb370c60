#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "prox/config/config.h"

namespace prox::config {

// A duration as text: `[sign] (decimal unit)+` with the units ns us µs ms s m h, or a plain "0".
// Nothing if the text is something else, or beyond what 64 bits of nanoseconds hold.
std::optional<Duration> parse_duration(std::string_view text);

// A number of seconds; nothing if it is not finite or too large.
std::optional<Duration> seconds_to_duration(double seconds);

// "1m30s", "2h15m0s", "1.5s", "500ms", "0s": the form that parse_duration reads again.
std::string to_text(Duration duration);

}  // namespace prox::config
