#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "prox/base/log.h"

namespace prox::master {

// What the command line and the environment say; it stands over the config, also at every reload.
struct Options {
  std::string config_path;
  std::string prefix;  // -p; empty: none
  std::optional<base::log::Level> level;
  std::optional<std::size_t> workers;
  bool watch = true;    // reload when a file of the config changes
  bool daemon = false;  // leave the terminal
  int argc = 0;         // of main(), overwritten by process titles
  char** argv = nullptr;
};

// The life of the master: loads the config, binds, forks, serves until it is told to stop. Returns the exit status: 0 after a stop, 1 if
// it could not start or was told to end at once; the reason has been printed.
int run(const Options& options);

}  // namespace prox::master
