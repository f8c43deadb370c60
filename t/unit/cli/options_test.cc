#include "cli/options.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "catch.h"

using prox::base::log::Level;
using prox::cli::Answer;
using prox::cli::Command;
using prox::cli::Format;
using prox::cli::Options;
using Arguments = std::vector<std::string>;

namespace {

struct World {
  std::map<std::string, std::string> environment;
  std::set<std::string> files;
};

std::variant<Options, Answer> parse(const Arguments& arguments, const World& world = {}) {
  const auto getenv = [&](const char* name) -> const char* {
    const auto found = world.environment.find(name);
    return found == world.environment.end() ? nullptr : found->second.c_str();
  };
  return prox::cli::parse(
      arguments, {getenv, [&](const std::string& path) { return world.files.contains(path); }});
}

Options options(const Arguments& arguments, const World& world = {}) {
  const auto parsed = parse(arguments, world);
  if (const auto* answer = std::get_if<Answer>(&parsed)) FAIL("refused: " << answer->err);
  return std::get<Options>(parsed);
}

Answer answer(const Arguments& arguments, const World& world = {}) {
  const auto parsed = parse(arguments, world);
  REQUIRE(std::holds_alternative<Answer>(parsed));
  return std::get<Answer>(parsed);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("all spellings of a flag are the same") {
  const auto arguments = GENERATE(values<Arguments>({
      {"serve", "-config", "x.json5"},
      {"serve", "-config=x.json5"},
      {"serve", "--config", "x.json5"},
      {"serve", "--config=x.json5"},
      {"serve", "-c", "x.json5"},
      {"serve", "-c=x.json5"},
      {"-c", "x.json5"},
      {"-config", "x.json5"},
  }));
  CAPTURE(arguments);
  const Options parsed = options(arguments);
  CHECK(parsed.command == Command::Serve);
  CHECK(parsed.config_path == "x.json5");
}

TEST_CASE("a value may look like a flag") {
  CHECK(options({"serve", "-config", "-x"}).config_path == "-x");
}

TEST_CASE("boolean flags take no separate value, and Go's words") {
  const auto [argument, watch] = GENERATE(table<std::string, bool>({
      {"-watch", true},
      {"--watch", true},
      {"-watch=1", true},
      {"-watch=t", true},
      {"-watch=T", true},
      {"-watch=true", true},
      {"-watch=TRUE", true},
      {"-watch=True", true},
      {"-watch=0", false},
      {"-watch=f", false},
      {"-watch=F", false},
      {"-watch=false", false},
      {"--watch=FALSE", false},
      {"-watch=False", false},
  }));
  CAPTURE(argument);
  CHECK(options({"serve", argument}).watch == watch);
  CHECK(answer({"serve", "-watch", "false"}).status == 2);
}

TEST_CASE("defaults") {
  const Options parsed = options({"serve"});
  CHECK(parsed.watch);
  CHECK_FALSE(parsed.daemon);
  CHECK_FALSE(parsed.level);
  CHECK_FALSE(parsed.workers);
  CHECK(parsed.prefix.empty());
}

TEST_CASE(
    "what cannot be understood is exit 2, with the reason and the command's flags on stderr") {
  const auto [arguments, reason] = GENERATE(table<Arguments, std::string>({
      {{"serve", "-nope"}, "unknown flag: -nope\n"},
      {{"serve", "-confg", "x"}, "unknown flag: -confg; did you mean \"-config\"?"},
      {{"serve", "--wach"}, "unknown flag: -wach; did you mean \"-watch\"?"},
      {{"serve", "-t"}, "unknown flag: -t"},
      {{"serve", "-strict"}, "unknown flag: -strict"},
      {{"serve", "-config"}, "flag -config needs a value"},
      {{"serve", "-config="}, "flag -config needs a value"},
      {{"serve", "-watch=maybe"}, "-watch: \"maybe\" is not true or false"},
      {{"serve", "-log-level", "inof"},
       "-log-level: unknown log level \"inof\"; known: debug, info, warn, error; did you mean "
       "\"info\"?"},
      {{"serve", "left", "-c", "x"},
       "unexpected argument \"left\"; a configuration is named with -config"},
      {{"-c", "x", "validate"},
       "unexpected argument \"validate\"; the command comes before the flags"},
      {{"serve", "--", "left"}, "unexpected argument \"left\""},
      {{"serve", "-"}, "unexpected argument \"-\""},
      {{"serve", "---c"}, "unknown flag"},
      {{"validate", "-format", "xml"}, "unknown format \"xml\"; known: text, json"},
      {{"version", "now"}, "unexpected argument \"now\"\n"},
      {{"-s", "relaod"},
       "unknown signal \"relaod\"; known: reload, reopen, stop, quit; did you mean \"reload\"?"},
      {{"-t", "-v"}, "only one of -t, -T, -s, -v and -V"},
      {{"-g", "daemon off;"}, "not supported: write it into the configuration"},
      {{"-t", "-T"}, "only one of -t, -T, -s, -v and -V"},
      {{"config", "-strict"}, "unknown flag: -strict"},
  }));
  CAPTURE(arguments);
  const Answer refused = answer(arguments);
  CHECK(refused.status == 2);
  CHECK(refused.out.empty());
  CAPTURE(refused.err);
  CHECK(refused.err.starts_with("prox: "));
  CHECK(has(refused.err, reason));
  CHECK(has(refused.err, "\nusage: prox"));
}

TEST_CASE("of a flag given twice the last counts") {
  CHECK(options({"serve", "-c", "a", "-config=b"}).config_path == "b");
  CHECK(options({"serve", "-watch=false", "-watch"}).watch);
}

TEST_CASE("a closing -- is allowed") {
  CHECK(options({"serve", "-c", "x", "--"}).config_path == "x");
}

TEST_CASE("an unknown command is exit 1 with a suggestion; no command is exit 1") {
  const Answer unknown = answer({"sevre"});
  CHECK(unknown.status == 1);
  CHECK(unknown.err.starts_with("unknown command: sevre; did you mean \"serve\"?\nusage: prox"));
  const Answer none = answer({});
  CHECK(none.status == 1);
  CHECK(none.err.starts_with("usage: prox"));
  CHECK(none.out.empty());
}

TEST_CASE("help is exit 0 on stdout") {
  const auto arguments = GENERATE(values<Arguments>({{"help"},
                                                     {"-h"},
                                                     {"--help"},
                                                     {"-help"},
                                                     {"serve", "-h"},
                                                     {"validate", "--help"},
                                                     {"help", "serve"}}));
  CAPTURE(arguments);
  const Answer helped = answer(arguments);
  CHECK(helped.status == 0);
  CHECK(helped.err.empty());
  CHECK(helped.out.starts_with("usage: prox"));
}

TEST_CASE("a command's help lists its flags") {
  CHECK(has(answer({"serve", "-h"}).out, "-c, -config PATH"));
  CHECK(has(answer({"serve", "-h"}).out, "reload when a file"));
  CHECK_FALSE(has(answer({"serve", "-h"}).out, "-strict"));
  CHECK(has(answer({"help", "validate"}).out, "-strict"));
}

TEST_CASE("a first argument with a dash is nginx's way") {
  CHECK(options({"-t"}).command == Command::Test);
  CHECK_FALSE(options({"-t"}).dump);
  CHECK(options({"-T"}).command == Command::Test);
  CHECK(options({"-T"}).dump);
  CHECK(options({"config", "-c", "x"}).command == Command::Config);
  CHECK(options({"schema"}).command == Command::Schema);
  CHECK(options({"-q", "-t"}).quiet);
  CHECK(options({"-v"}).command == Command::ShortVersion);
  CHECK(options({"-V"}).command == Command::BuildInfo);
  CHECK(options({"-p", "/srv", "-daemon"}).daemon);
  CHECK(options({"-p", "/srv"}).prefix == "/srv");
  const auto word = GENERATE("reload", "reopen", "stop", "quit");
  CHECK(options({"-s", word}).command == Command::Signal);
  CHECK(options({"-s", word}).signal == word);
}

TEST_CASE("validate's own flags") {
  const Options parsed = options({"validate", "-strict", "-format", "json", "-log-level", "debug"});
  CHECK(parsed.command == Command::Validate);
  CHECK(parsed.strict);
  CHECK(parsed.format == Format::Json);
  CHECK(options({"version"}).command == Command::Version);
}

TEST_CASE("LOG_LEVEL stands over -log-level; an unknown word in it is exit 2") {
  CHECK(options({"serve", "-log-level", "warning"}).level == Level::Warn);
  CHECK(options({"serve", "-log-level", "error"}, {{{"LOG_LEVEL", "debug"}}, {}}).level ==
        Level::Debug);
  CHECK(options({"serve", "-log-level", "error"}, {{{"LOG_LEVEL", ""}}, {}}).level == Level::Error);
  const Answer refused = answer({"serve"}, {{{"LOG_LEVEL", "loud"}}, {}});
  CHECK(refused.status == 2);
  CHECK(has(refused.err, "LOG_LEVEL: unknown log level \"loud\""));
}

TEST_CASE("PROX_WORKERS is a positive number, or exit 2") {
  CHECK(options({"serve"}, {{{"PROX_WORKERS", "4"}}, {}}).workers == 4u);
  CHECK_FALSE(options({"serve"}, {{{"PROX_WORKERS", ""}}, {}}).workers);
  const auto word = GENERATE("0", "-1", "auto", "4x", "1025", "99999999999999999999");
  CAPTURE(word);
  CHECK(answer({"serve"}, {{{"PROX_WORKERS", word}}, {}}).status == 2);
  CHECK(options({"-s", "stop"}, {{{"PROX_WORKERS", word}}, {}}).command == Command::Signal);
}

TEST_CASE("without -config: config.json5 here, else the installed one") {
  CHECK(options({"serve"}).config_path == "config.json5");
  const auto installed = [](const std::string& path) {
    return path.ends_with("/prox/config.json5");
  };
  World world;
  const auto exists = [&](const std::string& path) { return installed(path); };
  const auto parsed =
      prox::cli::parse({"serve"}, {[](const char*) -> const char* { return nullptr; }, exists});
  CHECK(installed(std::get<Options>(parsed).config_path));
  CHECK(options({"serve"}, {{}, {"config.json5"}}).config_path == "config.json5");
}
