#include "cli/commands.h"
#include "prox/base/log.h"
#include "prox/master/master.h"

namespace prox::cli {

int serve(const Options& options, int argc, char** argv) {
  if (options.level) base::log::set_level(*options.level);
  master::Options serving;
  serving.config_path = options.config_path;
  serving.prefix = options.prefix;
  serving.level = options.level;
  serving.workers = options.workers;
  serving.watch = options.watch;
  serving.daemon = options.daemon;
  serving.argc = argc;
  serving.argv = argv;
  return master::run(serving);
}

}  // namespace prox::cli
