#include "prox/config/placeholders.h"

#include <algorithm>
#include <optional>

namespace prox::config {
namespace {

bool may_begin(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool may_follow(char c) { return may_begin(c) || (c >= '0' && c <= '9') || c == '.' || c == '-'; }

struct Placeholder {
  std::size_t begin;  // of the brace
  std::size_t end;    // behind the other brace
  std::string_view name;
};

std::optional<Placeholder> next_placeholder(std::string_view text, std::size_t from) {
  for (std::size_t open = text.find('{', from); open != std::string_view::npos;
       open = text.find('{', open + 1)) {
    const std::size_t close = text.find('}', open);
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view name = text.substr(open + 1, close - open - 1);
    if (is_variable_name(name)) return Placeholder{open, close + 1, name};
  }
  return std::nullopt;
}

}  // namespace

bool is_variable_name(std::string_view text) {
  return !text.empty() && may_begin(text.front()) &&
         std::all_of(text.begin(), text.end(), may_follow);
}

std::vector<std::string_view> placeholders(std::string_view text) {
  std::vector<std::string_view> names;
  for (std::optional<Placeholder> p = next_placeholder(text, 0); p;
       p = next_placeholder(text, p->end)) {
    if (std::find(names.begin(), names.end(), p->name) == names.end()) names.push_back(p->name);
  }
  return names;
}

std::string fill_in(std::string_view text, const StringMap& set) {
  std::string filled;
  std::size_t done = 0;
  for (std::optional<Placeholder> p = next_placeholder(text, 0); p;
       p = next_placeholder(text, p->end)) {
    const auto value = std::find_if(
        set.begin(), set.end(), [&](const auto& variable) { return variable.first == p->name; });
    if (value == set.end()) continue;
    filled += text.substr(done, p->begin - done);
    filled += value->second;
    done = p->end;
  }
  filled += text.substr(done);
  return filled;
}

}  // namespace prox::config
