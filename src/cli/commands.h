#pragma once

#include "cli/options.h"

namespace prox::cli {

// What main() does once the command line is understood. Each prints what it has to say and returns the exit status.
int serve(const Options& options, int argc, char** argv);
int validate(const Options& options);
int test(const Options& options);
int print_config(const Options& options);
int print_schema();
int routes(const Options& options);
int explain(const Options& options);
int explain_hello(const Options& options);
int signal_master(const Options& options);
int print_version(const Options& options);

}  // namespace prox::cli
