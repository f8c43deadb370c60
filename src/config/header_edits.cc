#include "config/header_edits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_set>

namespace prox::config {
namespace {

// Fields that say how a message is framed: prox writes them itself.
constexpr std::array<std::string_view, 5> kFraming = {"connection", "transfer-encoding",
                                                      "content-length", "upgrade", "te"};

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
  });
}

// No part of a value (RFC 9110 §5.5), and an error in HTTP/2.
bool has_space_around(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  return !text.empty() && (is_space(text.front()) || is_space(text.back()));
}

}  // namespace

bool is_field_name(std::string_view text) {
  constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kPunctuation.find(c) != std::string_view::npos;
  });
}

void check_header_edits(const Context& context, const HeaderEdits& edits) {
  Diagnostics& diagnostics = context.diagnostics;
  std::unordered_set<std::string> seen;
  for (const auto& [name, value] : edits) {
    const std::string lower = lower_case(name.value);
    if (!is_field_name(name.value)) {
      diagnostics.error("header-name", name.place,
                        fmt::format("\"{}\" is not a header name", name.value));
    } else if (std::find(kFraming.begin(), kFraming.end(), lower) != kFraming.end()) {
      diagnostics.error(
          "header-framing", name.place,
          fmt::format("header \"{}\" cannot be set: prox writes it itself", name.value));
    } else if (!seen.insert(lower).second) {
      diagnostics.error(
          "header-twice", name.place,
          fmt::format("header \"{}\" is set twice; its case makes no difference", name.value));
    } else if (has_control_character(value.value)) {
      diagnostics.error("header-value", value.place,
                        fmt::format("header \"{}\" contains a control character", name.value));
    } else if (has_space_around(value.value)) {
      diagnostics.error("header-value", value.place,
                        fmt::format("header \"{}\" begins or ends with white space", name.value));
    }
  }
}

}  // namespace prox::config
