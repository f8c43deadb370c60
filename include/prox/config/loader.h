#pragma once

#include <optional>
#include <string>

#include "prox/config/config.h"
#include "prox/config/diagnostic.h"
#include "prox/config/source.h"

namespace prox::config {

// Who asks, and so which problems are errors.
enum class Purpose : std::uint8_t {
  Validate,  // `prox validate`: missing environment and keys that are not built in yet are warnings
  Serve,     // serve, -t, reload: the same are errors
};

struct LoadOptions {
  std::string path;  // as the user wrote it
  std::string
      prefix;  // base for paths other than config files; empty: the directory of the root config
  Purpose purpose = Purpose::Serve;
};

// Everything one load brought. `config` is set exactly when `diagnostics` has no errors.
struct LoadResult {
  Sources sources;
  Diagnostics diagnostics;
  std::optional<Config> config;
  // The `process` block as far as it could be read, of a config with errors too: a running prox is found by its pid file.
  Process process;
};

// Reads, checks and types the config and all files it names. Finds every problem; never prints, never exits.
LoadResult load(const LoadOptions& options);

}  // namespace prox::config
