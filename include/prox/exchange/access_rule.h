#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace prox::exchange {

// Where the access lines of a route's requests go.
struct AccessRule {
  static constexpr std::uint32_t kNoFile = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t file = kNoFile;  // index into LogPlan::files
  bool console = true;           // false: "off"
};

// The log files of one plan. The master opens them, workers write to them.
struct LogPlan {
  std::vector<std::string> files;          // each path once
  std::optional<std::uint32_t> error_log;  // index of the one that takes warnings and errors
  bool query = false;                      // access lines show query strings
};

}  // namespace prox::exchange
