#define CATCH_CONFIG_RUNNER
#include "catch.h"

#include <csignal>

int main(int argc, char** argv) {
  // As in the program itself: a write to a closed peer is an error to look at, not the end.
  std::signal(SIGPIPE, SIG_IGN);
  return Catch::Session().run(argc, argv);
}
