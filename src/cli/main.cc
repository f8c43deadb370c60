#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/options.h"

namespace {

int run(const prox::cli::Options& options, int argc, char** argv) {
  switch (options.command) {
    case prox::cli::Command::Serve: return prox::cli::serve(options, argc, argv);
    case prox::cli::Command::Validate: return prox::cli::validate(options);
    case prox::cli::Command::Test: return prox::cli::test(options);
    case prox::cli::Command::Config: return prox::cli::print_config(options);
    case prox::cli::Command::Schema: return prox::cli::print_schema();
    case prox::cli::Command::Routes: return prox::cli::routes(options);
    case prox::cli::Command::Explain:
      return options.question.is_about_hello() ? prox::cli::explain_hello(options)
                                               : prox::cli::explain(options);
    case prox::cli::Command::Signal: return prox::cli::signal_master(options);
    case prox::cli::Command::Version:
    case prox::cli::Command::ShortVersion:
    case prox::cli::Command::BuildInfo: return prox::cli::print_version(options);
  }
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const prox::cli::Surroundings surroundings{
      [](const char* name) { return static_cast<const char*>(std::getenv(name)); },
      [](const std::string& path) { return ::access(path.c_str(), F_OK) == 0; },
  };
  const auto parsed = prox::cli::parse(arguments, surroundings);
  if (const auto* options = std::get_if<prox::cli::Options>(&parsed))
    return run(*options, argc, argv);
  const auto& answer = std::get<prox::cli::Answer>(parsed);
  fmt::print(stdout, "{}", answer.out);
  fmt::print(stderr, "{}", answer.err);
  return answer.status;
}
