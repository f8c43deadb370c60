#include <cstdio>

#include <fmt/format.h>

#include "cli/commands.h"
#include "prox/version.h"

namespace prox::cli {

int print_version(const Options& options) {
  std::FILE* to = options.command == Command::Version ? stdout : stderr;
  fmt::print(to, "prox {}\n", kVersion);
  if (options.command == Command::BuildInfo)
    fmt::print(to, "built by {}\nlibraries: {}\nbuild options: {}\n", kCompiler, kLibraries,
               kBuildOptions);
  return 0;
}

}  // namespace prox::cli
