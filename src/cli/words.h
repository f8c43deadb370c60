#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace prox::cli {

// Words that a command line may hold, and what is said of others.
using Words = std::vector<std::string_view>;

inline const Words kCommands = {"serve",  "validate", "config",  "schema",
                                "routes", "explain",  "version", "help"};
inline const Words kLevels = {"debug", "info", "warn", "error"};

bool contains(const Words& words, std::string_view word);

// `; did you mean "x"?` or nothing. `before` stands before the word that is meant: "-" for a flag.
std::string did_you_mean(std::string_view word, const Words& known, std::string_view before = {});

// `unknown format "jsn"; known: text, json; did you mean "json"?`
std::string unknown_word(std::string_view what, std::string_view word, const Words& known);

}  // namespace prox::cli
