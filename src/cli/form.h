#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/options.h"
#include "cli/words.h"

namespace prox::cli {

// One set of flags: those of a command, or those of `prox -…`. Which flags there are, what they take and what they mean is told once,
// to CLI11; which spellings they have is our own, since CLI11 knows no `-config`.
class Form {
 public:
  Form(std::string name, Options& options);

  void add_config();
  void add_prefix();
  void add_level();
  void add_bool(const std::string& names, bool& value, const std::string& description);
  void add_text(const std::string& names, std::string& value, const std::string& type,
                const std::string& description);
  // A flag that may be given more than once; all of them count.
  void add_list(const std::string& names, std::vector<std::string>& values, const std::string& type,
                const std::string& description);
  // `known` outlives the form.
  void add_word(const std::string& names, const Words& known, const std::string& what,
                std::function<void(const std::string&)> set);
  void add_refused(const std::string& names, const std::string& hint);
  // The one word beside the flags, before, between or behind them. `is_needed`: whether the flags cannot do without it.
  void add_argument(const std::string& name, std::string& value, const std::string& description,
                    std::function<bool()> is_needed);

  // Empty if all is well.
  std::optional<Answer> parse(const std::vector<std::string>& arguments);
  std::string usage() const;
  Answer refuse(const std::string& message) const;

 private:
  struct Argument {
    std::string name;  // "URL"
    std::string* value = nullptr;
    std::string description;
    std::function<bool()> is_needed;
  };

  static CLI::Option* last_wins(CLI::Option* option);
  std::optional<Answer> normalise(const std::vector<std::string>& arguments,
                                  std::vector<std::string>& normal) const;
  std::optional<Answer> take_argument(const std::string& word) const;
  std::string help_for_extra(const std::string& word) const;
  const CLI::Option* find(const std::string& name) const;
  std::string unknown_flag(const std::string& name) const;

  std::string name_;
  Options& options_;
  std::optional<Argument> argument_;
  std::string ignored_;
  CLI::App app_;
};

}  // namespace prox::cli
