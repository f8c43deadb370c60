#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
  bool describe = false;  // whether LoadResult::effective is wanted
};

// A path that the load read, or looked for in vain: whatever changes there may change what the next load brings.
struct WatchedPath {
  enum class Role : std::uint8_t {
    ConfigFile,  // the root, a service fragment, a route file; a directory too, if a missing one could have been meant
    ConfigDirectory,  // one whose *.json5 are services: names that come and go count
    Resource,         // content of a static answer, or a secret
    Certificate,  // a certificate, a key or an authority; or a directory of certificates with their keys
  };
  std::string path;  // as it was opened: absolute, or relative to the working directory
  Role role;
  // base::Digest of the bytes that were read, or of a directory's names, each with a zero behind it; none: not read by it.
  std::optional<std::uint64_t> digest = std::nullopt;

  bool operator==(const WatchedPath& other) const {
    return path == other.path && role == other.role;
  }
};

// Everything one load brought. `config` is set exactly when `diagnostics` has no errors.
struct LoadResult {
  Sources sources;
  Diagnostics diagnostics;
  std::optional<Config> config;
  // With LoadOptions::describe, and if there is a config: all files as one, defaults filled in, secrets left out. JSON, indented, with a
  // line break at the end.
  std::string effective;
  // The `process` block as far as it could be read, of a config with errors too: a running prox is found by its pid file.
  Process process;
  // In the order in which they were looked for, each once; of a failed load too.
  std::vector<WatchedPath> watched;
};

// Reads, checks and types the config and all files it names. Finds every problem; never prints, never exits.
LoadResult load(const LoadOptions& options);

}  // namespace prox::config
