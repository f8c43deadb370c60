#include <cstdio>

#include <fmt/format.h>

#include "cli/commands.h"
#include "prox/config/loader.h"
#include "prox/master/environment.h"
#include "prox/master/report.h"
#include "prox/master/tls_contexts.h"

namespace prox::cli {

namespace {

config::LoadResult check(const Options& options, config::Purpose purpose) {
  config::LoadResult loaded =
      config::load({options.config_path, options.prefix, purpose, options.dump});
  if (loaded.config) {
    const master::Environment environment =
        master::examine(*loaded.config, purpose, std::nullopt, loaded.diagnostics);
    master::warn_of_writers(loaded.watched, environment.credentials, loaded.diagnostics);
    master::check_tls(*loaded.config, purpose, loaded.diagnostics);
  }
  return loaded;
}

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

int validate(const Options& options) {
  config::LoadResult loaded = check(options, config::Purpose::Validate);
  if (options.strict) loaded.diagnostics.make_warnings_errors();
  const bool is_valid = !loaded.diagnostics.has_errors();
  if (options.format == Format::Json) {
    fmt::print("{}", config::render_json(loaded.diagnostics, loaded.sources));
    return is_valid ? 0 : 1;
  }
  master::print_report(loaded, options.config_path);
  if (!is_valid) return 1;
  fmt::print("prox: {} is valid ({}, {})\n", options.config_path,
             counted(loaded.sources.size(), "file"),
             counted(loaded.diagnostics.warnings(), "warning"));
  return 0;
}

int test(const Options& options) {
  const config::LoadResult loaded = check(options, config::Purpose::Serve);
  const bool is_valid = !loaded.diagnostics.has_errors();
  if (!is_valid || !options.quiet) master::print_report(loaded, options.config_path);
  if (is_valid && !options.quiet)
    fmt::print(stderr, "prox: the configuration file {} is valid\n", options.config_path);
  if (is_valid) fmt::print("{}", loaded.effective);
  return is_valid ? 0 : 1;
}

}  // namespace prox::cli
