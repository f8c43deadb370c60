#include <cstdio>

#include <fmt/format.h>

#include "cli/commands.h"
#include "prox/config/json_schema.h"
#include "prox/config/loader.h"
#include "prox/master/report.h"

namespace prox::cli {

int print_config(const Options& options) {
  const config::LoadResult loaded =
      config::load({options.config_path, options.prefix, config::Purpose::Validate, true});
  if (!loaded.config) {
    master::print_report(loaded, options.config_path);
    return 1;
  }
  fmt::print("{}", loaded.effective);
  return 0;
}

int print_schema() {
  fmt::print("{}", config::json_schema());
  return 0;
}

}  // namespace prox::cli
