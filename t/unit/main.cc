#define CATCH_CONFIG_RUNNER
#include "catch.h"

#include <csignal>

#include "prox/base/log.h"

int main(int argc, char** argv) {
  // As in the program itself: a write to a closed peer is an error to look at, not the end.
  std::signal(SIGPIPE, SIG_IGN);
  // Tests make things fail on purpose: what is logged of it is no news.
  prox::base::log::set_level(prox::base::log::Level::Error);
  return Catch::Session().run(argc, argv);
}
