#include "cli/words.h"

#include <algorithm>

#include <fmt/format.h>

#include "prox/config/diagnostic.h"

namespace prox::cli {

bool contains(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string did_you_mean(std::string_view word, const Words& known, std::string_view before) {
  const auto meant = config::nearest(word, known);
  return meant ? fmt::format("; did you mean \"{}{}\"?", before, *meant) : std::string();
}

std::string unknown_word(std::string_view what, std::string_view word, const Words& known) {
  return fmt::format("unknown {} \"{}\"; known: {}{}", what, word, fmt::join(known, ", "),
                     did_you_mean(word, known));
}

}  // namespace prox::cli
