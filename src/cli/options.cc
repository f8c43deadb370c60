#include "cli/options.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "prox/config/diagnostic.h"
#include "prox/version.h"

namespace prox::cli {

namespace {

constexpr const char* kUsage =
    "usage: prox <command> [flags]\n"
    "       prox [-c FILE] [-p PREFIX] [-t | -s reload|reopen|stop|quit | -v | -V] [flags]\n"
    "\n"
    "commands:\n"
    "  serve      run\n"
    "  validate   check a configuration and exit\n"
    "  version    print the version\n"
    "  help       print this; help <command>: its flags\n"
    "\n"
    "environment:\n"
    "  LOG_LEVEL      debug, info, warn or error; stands over -log-level\n"
    "  PROX_WORKERS   number of worker processes; stands over process.workers\n"
    "  NO_COLOR       no colours, even on a terminal\n";

constexpr std::size_t kMaxWorkers = 1024;

const std::vector<std::string_view> kCommands = {"serve", "validate", "version", "help"};
const std::vector<std::string_view> kSignals = {"reload", "reopen", "stop", "quit"};
const std::vector<std::string_view> kFormats = {"text", "json"};
const std::vector<std::string_view> kLevels = {"debug", "info", "warn", "error"};
// The words Go's flag package takes.
const std::vector<std::string_view> kTrue = {"1", "t", "T", "true", "TRUE", "True"};
const std::vector<std::string_view> kFalse = {"0", "f", "F", "false", "FALSE", "False"};

bool contains(const std::vector<std::string_view>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known,
                         std::string_view before = {}) {
  const auto meant = config::nearest(word, known);
  return meant ? fmt::format("; did you mean \"{}{}\"?", before, *meant) : std::string();
}

std::string unknown_word(std::string_view what, std::string_view word,
                         const std::vector<std::string_view>& known) {
  return fmt::format("unknown {} \"{}\"; known: {}{}", what, word, fmt::join(known, ", "),
                     did_you_mean(word, known));
}

// One set of flags: those of a command, or those of `prox -…`. Which flags there are, what they take and what they mean is told once,
// to CLI11; which spellings they have is our own, since CLI11 knows no `-config`.
class Form {
 public:
  Form(std::string name, Options& options) : name_(std::move(name)), options_(options) {
    app_.set_help_flag();
    app_.name(name_);
  }

  void add_config() {
    last_wins(
        app_.add_option("-c,--config", options_.config_path, "configuration file or directory"))
        ->type_name("PATH");
  }
  void add_prefix() {
    last_wins(app_.add_option("-p,--prefix", options_.prefix, "base directory of relative paths"))
        ->type_name("DIR");
  }

  void add_level() {
    const auto set = [this](const std::string& word) {
      options_.level = base::log::parse_level(word);
    };
    last_wins(
        app_.add_option_function<std::string>("--log-level", set, "debug, info, warn or error"))
        ->type_name("LEVEL")
        ->check([](const std::string& word) {
          return base::log::parse_level(word) ? "" : unknown_word("log level", word, kLevels);
        });
  }

  void add_bool(const std::string& names, bool& value, const std::string& description) {
    const auto set = [&value](const std::string& word) { value = contains(kTrue, word); };
    last_wins(app_.add_option_function<std::string>(names, set, description))
        ->expected(0, 1)
        ->type_name("")
        ->check([](const std::string& word) {
          return contains(kTrue, word) || contains(kFalse, word)
                     ? ""
                     : fmt::format("\"{}\" is not true or false", word);
        });
  }

  void add_word(const std::string& names, const std::vector<std::string_view>& known,
                const std::string& what, std::function<void(const std::string&)> set) {
    last_wins(app_.add_option_function<std::string>(names, std::move(set),
                                                    fmt::format("{}", fmt::join(known, ", "))))
        ->type_name("WORD")
        ->check([&known, what](const std::string& word) {
          return contains(known, word) ? "" : unknown_word(what, word, known);
        });
  }

  void add_refused(const std::string& names, const std::string& hint) {
    app_.add_option(names, ignored_, "not supported")
        ->type_name("WORD")
        ->check([hint](const std::string&) { return hint; });
  }

  // Empty if all is well.
  std::optional<Answer> parse(const std::vector<std::string>& arguments) {
    std::vector<std::string> normal;
    if (auto answer = normalise(arguments, normal)) return answer;
    std::reverse(normal.begin(), normal.end());  // CLI11 takes them from the back
    try {
      app_.parse(std::move(normal));
    } catch (const CLI::ParseError& error) {
      std::string_view message = error.what();
      if (message.starts_with("--")) message.remove_prefix(1);
      return refuse(std::string(message));
    }
    return std::nullopt;
  }

  std::string usage() const {
    std::string text = fmt::format("usage: {} [flags]\n", name_);
    for (const CLI::Option* option : app_.get_options()) {
      std::vector<std::string> names;
      for (const std::string& name : option->get_snames()) names.push_back("-" + name);
      for (const std::string& name : option->get_lnames()) names.push_back("-" + name);
      const std::string type = option->get_type_name();
      const std::string left =
          fmt::format("{}{}{}", fmt::join(names, ", "), type.empty() ? "" : " ", type);
      text += fmt::format("  {:<24} {}\n", left, option->get_description());
    }
    return text;
  }

  Answer refuse(const std::string& message) const {
    return {2, "", fmt::format("prox: {}\n{}", message, usage())};
  }

 private:
  // A flag that is given twice: the last one counts, as with Go's flags, so that a script can append to what it was given.
  static CLI::Option* last_wins(CLI::Option* option) {
    return option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }

  // Every spelling (-name value, --name=value, a lone -bool) becomes the one that leaves CLI11 nothing to guess: --name=value, -nvalue.
  std::optional<Answer> normalise(const std::vector<std::string>& arguments,
                                  std::vector<std::string>& normal) const {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const std::string& argument = arguments[i];
      const bool is_end = argument == "--";
      if (is_end && i + 1 == arguments.size()) return std::nullopt;
      if (is_end || argument.size() < 2 || argument[0] != '-') {
        return refuse(
            fmt::format("unexpected argument \"{}\"", is_end ? arguments[i + 1] : argument));
      }
      const std::size_t dashes = argument[1] == '-' ? 2 : 1;
      const std::size_t equals = argument.find('=');
      const std::string name =
          argument.substr(dashes, equals == std::string::npos ? equals : equals - dashes);
      if (name == "h" || name == "help") return Answer{0, usage(), ""};
      const CLI::Option* option = find(name);
      if (option == nullptr) return refuse(unknown_flag(name));

      std::string value;
      if (equals != std::string::npos) {
        value = argument.substr(equals + 1);
      } else if (option->get_expected_min() == 0) {
        value = "true";
      } else if (i + 1 < arguments.size()) {
        value = arguments[++i];
      }
      if (value.empty()) return refuse(fmt::format("flag -{} needs a value", name));
      normal.push_back(option->get_lnames().empty() ? "-" + option->get_snames()[0] + value
                                                    : "--" + option->get_lnames()[0] + "=" + value);
    }
    return std::nullopt;
  }

  const CLI::Option* find(const std::string& name) const {
    if (name.empty()) return nullptr;
    return app_.get_option_no_throw((name.size() == 1 ? "-" : "--") + name);
  }

  std::string unknown_flag(const std::string& name) const {
    std::vector<std::string_view> known;
    for (const CLI::Option* option : app_.get_options()) {
      for (const std::string& each : option->get_lnames()) known.push_back(each);
    }
    return fmt::format("unknown flag: -{}{}", name, did_you_mean(name, known, "-"));
  }

  std::string name_;
  Options& options_;
  std::string ignored_;
  CLI::App app_;
};

void add_serve_flags(Form& form, Options& options) {
  form.add_config();
  form.add_prefix();
  form.add_level();
  form.add_bool("--watch", options.watch,
                "reload when files change (not built into this version yet)");
  form.add_bool("--daemon", options.daemon,
                "leave the terminal; the log goes to /var/log/prox/error.log");
}

void add_validate_flags(Form& form, Options& options) {
  form.add_config();
  form.add_prefix();
  form.add_level();
  form.add_bool("--strict", options.strict, "warnings are errors");
  form.add_word("--format", kFormats, "format", [&options](const std::string& word) {
    options.format = word == "json" ? Format::Json : Format::Text;
  });
}

// `prox -…`: what nginx's users know.
struct Actions {
  bool test = false;
  bool version = false;
  bool build_info = false;
};

void add_plain_flags(Form& form, Options& options, Actions& actions) {
  add_serve_flags(form, options);
  form.add_bool("-t", actions.test, "check the configuration and the environment, and exit");
  form.add_bool("-q", options.quiet, "with -t: only errors");
  form.add_bool("-v", actions.version, "print the version");
  form.add_bool("-V", actions.build_info, "print the version and how it was built");
  form.add_word("-s", kSignals, "signal",
                [&options](const std::string& word) { options.signal = word; });
  form.add_refused("-g",
                   "not supported: write it into the configuration, under process or logging");
}

std::optional<Answer> choose_action(const Form& form, const Actions& actions, Options& options) {
  if (actions.test + actions.version + actions.build_info + !options.signal.empty() > 1) {
    return form.refuse("only one of -t, -s, -v and -V can be done at a time");
  }
  if (actions.test) options.command = Command::Test;
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
