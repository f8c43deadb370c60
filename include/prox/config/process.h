#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "prox/config/guards.h"
#include "prox/config/text.h"

// The blocks of the root file that concern prox itself.
namespace prox::config {

struct Process {
  std::optional<std::int64_t> workers;  // none: "auto"
  std::optional<Text> user;
  std::optional<Text> group;
  std::optional<Path> pid_file;
  Duration shutdown_timeout = std::chrono::seconds(15);
  Duration drain_timeout = Duration::zero();
  std::optional<std::int64_t> rlimit_nofile;
  std::int64_t max_hung = 1024;             // drop actions that hang, per worker
  std::optional<std::int64_t> max_peeking;  // none: a quarter of rlimit_nofile
  std::int64_t max_compressing = 256;       // bodies encoded at a time, per worker

  bool operator==(const Process&) const = default;
};

enum class LogFormat : std::uint8_t { Text, Json };

struct Logging {
  std::optional<std::string> level;  // debug, info, warn, error
  std::optional<AccessLog> access_log;
  std::optional<Path> error_log;
  LogFormat format = LogFormat::Text;
  bool query = false;  // whether access lines show query strings

  bool operator==(const Logging&) const = default;
};

struct Admin {
  Text listen;
  std::optional<Secret> token;

  bool operator==(const Admin&) const = default;
};

}  // namespace prox::config
