#include "cli/options.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "cli/form.h"
#include "cli/words.h"
#include "prox/version.h"

namespace prox::cli {

namespace {

constexpr const char* kUsage =
    "usage: prox <command> [flags]\n"
    "       prox [-c FILE] [-p PREFIX] [-t | -T | -s reload|reopen|stop|quit | -v | -V] [flags]\n"
    "\n"
    "commands:\n"
    "  serve      run\n"
    "  validate   check a configuration and exit\n"
    "  config     print what a configuration comes to: all files as one, defaults filled in\n"
    "  schema     print the JSON Schema of configurations, for editors\n"
    "  routes     print the services and routes of a configuration\n"
    "  explain    tell which route takes a request or connection, and why\n"
    "  version    print the version\n"
    "  help       print this; help <command>: its flags\n"
    "\n"
    "environment:\n"
    "  LOG_LEVEL      debug, info, warn or error; stands over -log-level\n"
    "  PROX_WORKERS   number of worker processes; stands over process.workers\n"
    "  NO_COLOR       no colours, even on a terminal\n";

constexpr std::size_t kMaxWorkers = 1024;

const Words kSignals = {"reload", "reopen", "stop", "quit"};
const Words kFormats = {"text", "json"};

void add_serve_flags(Form& form, Options& options) {
  form.add_config();
  form.add_prefix();
  form.add_level();
  form.add_bool("--watch", options.watch,
                "reload when a file of the configuration changes; on, if not -watch=false");
  form.add_bool("--daemon", options.daemon,
                "leave the terminal; the log goes to /var/log/prox/error.log");
}

void add_format(Form& form, Options& options) {
  form.add_word("--format", kFormats, "format", [&options](const std::string& word) {
    options.format = word == "json" ? Format::Json : Format::Text;
  });
}

void add_validate_flags(Form& form, Options& options) {
  form.add_config();
  form.add_prefix();
  form.add_level();
  form.add_bool("--strict", options.strict, "warnings are errors");
  add_format(form, options);
}

void add_routes_flags(Form& form, Options& options) {
  form.add_config();
  form.add_prefix();
  add_format(form, options);
}

void add_explain_flags(Form& form, Options& options) {
  Question& question = options.question;
  add_routes_flags(form, options);
  form.add_text("-X,--method", question.method, "WORD", "the method, if not GET");
  form.add_list("-H,--header", question.headers, "FIELD",
                "a field, as 'Name: value'; may be repeated");
  form.add_text("--from", question.from, "IP", "the client's address, if not 127.0.0.1");
  form.add_text("--service", question.service, "NAME",
                "the service, where the URL's port does not tell");
  form.add_bool("-x,--proxy", question.proxy, "ask as a client of a forward proxy does");
  form.add_text("--target", question.target, "TEXT", "the request target, if not the URL's path");
  form.add_text("--sni", question.server_name, "NAME",
                "tell what becomes of a TLS connection to this name, before TLS");
  form.add_list("--alpn", question.protocols, "WORD",
                "a protocol that the client offers there; may be repeated");
  form.add_argument("URL", question.url, "what is asked for: http://example.com/path?query",
                    [&question] { return !question.is_about_hello(); });
}

// `prox -…`: what nginx's users know.
struct Actions {
  bool test = false;
  bool dump = false;
  bool version = false;
  bool build_info = false;
};

void add_plain_flags(Form& form, Options& options, Actions& actions) {
  add_serve_flags(form, options);
  form.add_bool("-t", actions.test, "check the configuration and the environment, and exit");
  form.add_bool("-T", actions.dump, "the same, and print what the configuration comes to");
  form.add_bool("-q", options.quiet, "with -t: only errors");
  form.add_bool("-v", actions.version, "print the version");
  form.add_bool("-V", actions.build_info, "print the version and how it was built");
  form.add_word("-s", kSignals, "signal",
                [&options](const std::string& word) { options.signal = word; });
  form.add_refused("-g",
                   "not supported: write it into the configuration, under process or logging");
}

std::optional<Answer> choose_action(const Form& form, const Actions& actions, Options& options) {
  if (actions.test + actions.dump + actions.version + actions.build_info + !options.signal.empty() >
      1) {
    return form.refuse("only one of -t, -T, -s, -v and -V can be done at a time");
  }
  if (actions.test || actions.dump) options.command = Command::Test;
  options.dump = actions.dump;
  if (actions.version) options.command = Command::ShortVersion;
  if (actions.build_info) options.command = Command::BuildInfo;
  if (!options.signal.empty()) options.command = Command::Signal;
  return std::nullopt;
}

Answer fail_usage(const std::string& message) {
  return {2, "", fmt::format("prox: {}\n", message)};
}

std::optional<Answer> read_environment(const Surroundings& surroundings, Options& options) {
  const auto value_of = [&](const char* name) {
    const char* value = surroundings.getenv(name);
    return std::string_view(value == nullptr ? "" : value);
  };
  if (const std::string_view level = value_of("LOG_LEVEL"); !level.empty()) {
    options.level = base::log::parse_level(level);
    if (!options.level)
      return fail_usage("LOG_LEVEL: " + unknown_word("log level", level, kLevels));
  }
  const std::string_view workers = value_of("PROX_WORKERS");
  if (workers.empty() || options.command != Command::Serve) return std::nullopt;
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(workers.data(), workers.data() + workers.size(), count);
  if (error != std::errc() || end != workers.data() + workers.size() || count == 0 ||
      count > kMaxWorkers) {
    return fail_usage(
        fmt::format("PROX_WORKERS: \"{}\" is not a number from 1 to {}", workers, kMaxWorkers));
  }
  options.workers = count;
  return std::nullopt;
}

std::string default_config(const Surroundings& surroundings) {
  const std::string here = "config.json5";
  const std::string installed(kInstalledConfig);
  return !surroundings.exists(here) && surroundings.exists(installed) ? installed : here;
}

Answer unknown_command(const std::string& word) {
  return {1, "",
          fmt::format("unknown command: {}{}\n{}", word, did_you_mean(word, kCommands), kUsage)};
}

void add_flags(const std::string& command, Form& form, Options& options) {
  if (command == "serve") {
    options.command = Command::Serve;
    add_serve_flags(form, options);
  } else if (command == "validate") {
    options.command = Command::Validate;
    add_validate_flags(form, options);
  } else if (command == "config") {
    options.command = Command::Config;
    form.add_config();
    form.add_prefix();
  } else if (command == "schema") {
    options.command = Command::Schema;
  } else if (command == "routes") {
    options.command = Command::Routes;
    add_routes_flags(form, options);
  } else if (command == "explain") {
    options.command = Command::Explain;
    add_explain_flags(form, options);
  } else {
    options.command = Command::Version;
  }
}

std::variant<Options, Answer> complete(Options options, const Surroundings& surroundings) {
  if (auto answer = read_environment(surroundings, options)) return *answer;
  if (options.config_path.empty()) options.config_path = default_config(surroundings);
  return options;
}

std::variant<Options, Answer> parse_plain(const std::vector<std::string>& arguments,
                                          const Surroundings& surroundings) {
  Options options;
  Actions actions;
  Form form("prox", options);
  add_plain_flags(form, options, actions);
  if (auto answer = form.parse(arguments)) {
    if (answer->status == 0) answer->out = kUsage + ("\n" + answer->out);
    return *answer;
  }
  if (auto answer = choose_action(form, actions, options)) return *answer;
  return complete(std::move(options), surroundings);
}

Answer help(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return {0, kUsage, ""};
  if (!contains(kCommands, arguments[0])) return unknown_command(arguments[0]);
  Options options;
  Form form("prox " + arguments[0], options);
  add_flags(arguments[0], form, options);
  return {0, form.usage(), ""};
}

}  // namespace

std::variant<Options, Answer> parse(const std::vector<std::string>& arguments,
                                    const Surroundings& surroundings) {
  if (arguments.empty()) return Answer{1, "", kUsage};
  const std::string& command = arguments[0];
  if (command.starts_with("-")) return parse_plain(arguments, surroundings);
  if (!contains(kCommands, command)) return unknown_command(command);
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (command == "help") return help(rest);

  Options options;
  Form form("prox " + command, options);
  add_flags(command, form, options);
  if (auto answer = form.parse(rest)) return *answer;
  return complete(std::move(options), surroundings);
}

}  // namespace prox::cli
