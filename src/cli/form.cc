#include "cli/form.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace prox::cli {

namespace {

// The words Go's flag package takes.
const Words kTrue = {"1", "t", "T", "true", "TRUE", "True"};
const Words kFalse = {"0", "f", "F", "false", "FALSE", "False"};

}  // namespace

Form::Form(std::string name, Options& options) : name_(std::move(name)), options_(options) {
  app_.set_help_flag();
  app_.name(name_);
}

void Form::add_config() {
  add_text("-c,--config", options_.config_path, "PATH",
           "configuration file or directory, if not config.json5");
}

void Form::add_prefix() {
  add_text("-p,--prefix", options_.prefix, "DIR", "base directory of relative paths");
}

void Form::add_level() {
  const auto set = [this](const std::string& word) {
    options_.level = base::log::parse_level(word);
  };
  last_wins(app_.add_option_function<std::string>("--log-level", set, "debug, info, warn or error"))
      ->type_name("LEVEL")
      ->check([](const std::string& word) {
        return base::log::parse_level(word) ? "" : unknown_word("log level", word, kLevels);
      });
}

void Form::add_bool(const std::string& names, bool& value, const std::string& description) {
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

void Form::add_text(const std::string& names, std::string& value, const std::string& type,
                    const std::string& description) {
  last_wins(app_.add_option(names, value, description))->type_name(type);
}

void Form::add_list(const std::string& names, std::vector<std::string>& values,
                    const std::string& type, const std::string& description) {
  app_.add_option(names, values, description)
      ->type_name(type)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void Form::add_word(const std::string& names, const Words& known, const std::string& what,
                    std::function<void(const std::string&)> set) {
  last_wins(app_.add_option_function<std::string>(names, std::move(set),
                                                  fmt::format("{}", fmt::join(known, ", "))))
      ->type_name("WORD")
      ->check([&known, what](const std::string& word) {
        return contains(known, word) ? "" : unknown_word(what, word, known);
      });
}

void Form::add_refused(const std::string& names, const std::string& hint) {
  app_.add_option(names, ignored_, "not supported")
      ->type_name("WORD")
      ->check([hint](const std::string&) { return hint; });
}

void Form::add_argument(const std::string& name, std::string& value, const std::string& description,
                        std::function<bool()> is_needed) {
  argument_ = Argument{name, &value, description, std::move(is_needed)};
}

std::optional<Answer> Form::parse(const std::vector<std::string>& arguments) {
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
  if (argument_ && argument_->value->empty() && argument_->is_needed())
    return refuse(fmt::format("{} is missing", argument_->name));
  return std::nullopt;
}

std::string Form::usage() const {
  std::string text = fmt::format("usage: {} [flags]{}{}\n", name_, argument_ ? " " : "",
                                 argument_ ? argument_->name : "");
  const auto add_line = [&text](const std::string& left, const std::string& description) {
    text += fmt::format("  {:<24} {}\n", left, description);
  };
  if (argument_) add_line(argument_->name, argument_->description);
  for (const CLI::Option* option : app_.get_options()) {
    std::vector<std::string> names;
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) names.push_back("-" + name);
    const std::string type = option->get_type_name();
    add_line(fmt::format("{}{}{}", fmt::join(names, ", "), type.empty() ? "" : " ", type),
             option->get_description());
  }
  return text;
}

Answer Form::refuse(const std::string& message) const {
  return {2, "", fmt::format("prox: {}\n{}", message, usage())};
}

// A flag that is given twice: the last one counts, as with Go's flags, so that a script can append to what it was given.
CLI::Option* Form::last_wins(CLI::Option* option) {
  return option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

// Every spelling (-name value, --name=value, a lone -bool) becomes the one that leaves CLI11 nothing to guess: --name=value, -nvalue.
std::optional<Answer> Form::normalise(const std::vector<std::string>& arguments,
                                      std::vector<std::string>& normal) const {
  bool flags_ended = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!flags_ended && argument == "--") {
      flags_ended = true;
      continue;
    }
    if (flags_ended || argument.size() < 2 || argument[0] != '-') {
      if (auto answer = take_argument(argument)) return answer;
      continue;
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

std::optional<Answer> Form::take_argument(const std::string& word) const {
  if (!argument_ || !argument_->value->empty())
    return refuse(fmt::format("unexpected argument \"{}\"{}", word, help_for_extra(word)));
  *argument_->value = word;
  return std::nullopt;
}

std::string Form::help_for_extra(const std::string& word) const {
  if (contains(kCommands, word)) return "; the command comes before the flags";
  const bool is_path = !argument_ && find("config") != nullptr;
  return is_path ? "; a configuration is named with -config" : "";
}

const CLI::Option* Form::find(const std::string& name) const {
  if (name.empty()) return nullptr;
  return app_.get_option_no_throw((name.size() == 1 ? "-" : "--") + name);
}

std::string Form::unknown_flag(const std::string& name) const {
  std::vector<std::string_view> known;
  for (const CLI::Option* option : app_.get_options()) {
    for (const std::string& each : option->get_lnames()) known.push_back(each);
  }
  return fmt::format("unknown flag: -{}{}", name, did_you_mean(name, known, "-"));
}

}  // namespace prox::cli
