#include "config/patterns.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/header_edits.h"
#include "config/host.h"

namespace prox::config {
namespace {

constexpr std::string_view kBlank = " \t";

// One path item or domain label: where it begins in the whole string.
struct Piece {
  std::string_view text;
  std::size_t begin;
};

class PatternCheck {
 public:
  PatternCheck(const Context& context, const Text& whole) : context_(context), whole_(whole) {}

  void path(Piece item);
  void domain();
  bool is_clean() const { return clean_; }

 private:
  void label(Piece piece, bool is_last);
  void label_characters(Piece piece);
  void error(std::string_view id, std::size_t begin, std::size_t length, std::string message,
             std::string help = {});

  const Context& context_;
  const Text& whole_;
  bool clean_ = true;
};

void PatternCheck::error(std::string_view id, std::size_t begin, std::size_t length,
                         std::string message, std::string help) {
  clean_ = false;
  context_.diagnostics.error(id, context_.inside(whole_, begin, length), std::move(message),
                             std::move(help));
}

void PatternCheck::path(Piece item) {
  const std::string_view text = item.text;
  if (text.empty()) return error("path-empty-item", item.begin, 1, "empty path pattern");
  if (text.front() != '/') {
    return error("path-slash", item.begin, text.size(),
                 fmt::format("path pattern \"{}\" must start with \"/\"", text),
                 text.find("://") == std::string_view::npos
                     ? fmt::format("write \"/{}\"", text)
                     : std::string("a host is matched with \"domain\""));
  }
  const std::size_t star = text.find('*');
  if (star == std::string_view::npos) return;
  if (star + 1 != text.size()) {
    return error("path-wildcard", item.begin + star, 1,
                 fmt::format("\"*\" may only end a path pattern, in \"{}\"", text));
  }
  if (text[star - 1] == '/') return;
  error("path-wildcard-slash", item.begin + star, 1,
        fmt::format("\"*\" must follow a \"/\" in \"{}\"", text),
        fmt::format("write \"{}/*\"", text.substr(0, star)));
}

void PatternCheck::domain() {
  const std::string_view text = whole_.value;
  if (text.find('.') == std::string_view::npos) {
    clean_ = false;
    context_.diagnostics.error(
        "domain-segments", whole_.place,
        fmt::format("domain pattern \"{}\" needs at least two labels, such as example.com", text));
    return;
  }
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('.', begin), text.size());
    label({text.substr(begin, end - begin), begin}, end == text.size());
    begin = end + 1;
  }
}

void PatternCheck::label(Piece piece, bool is_last) {
  const std::string_view text = piece.text;
  if (text.empty()) {
    const std::size_t dot = is_last ? piece.begin - 1 : piece.begin;
    return error("domain-empty-label", dot, 1,
                 fmt::format("domain pattern \"{}\" has an empty label", whole_.value));
  }
  if (text == "**") {
    if (!is_last) error("domain-glob", piece.begin, 2, "\"**\" may only be the last label");
  } else if (std::count(text.begin(), text.end(), '*') > 1) {
    error("domain-stars", piece.begin, text.size(),
          fmt::format("label \"{}\" has more than one \"*\"", text));
  } else {
    label_characters(piece);
  }
}

std::string domain_help(std::string_view from_bad) {
  if (from_bad.starts_with("://")) return "write the name alone, without a scheme";
  switch (const char bad = from_bad.front()) {
    case ':': return "ports are never matched";
    case ',': return "write one pattern per route";
    case '/': return "match a path with \"path\"";
    default:
      return static_cast<unsigned char>(bad) >= 0x80
                 ? "write the xn-- form of an international name"
                 : "";
  }
}

void PatternCheck::label_characters(Piece piece) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '*';
  };
  const auto bad = std::find_if_not(piece.text.begin(), piece.text.end(), allowed);
  if (bad == piece.text.end()) return;
  const auto offset = static_cast<std::size_t>(bad - piece.text.begin());
  const std::string_view character = first_character(piece.text.substr(offset));
  error("domain-chars", piece.begin + offset, character.size(),
        fmt::format("domain pattern \"{}\" may not contain \"{}\"", whole_.value, character),
        domain_help(std::string_view(whole_.value).substr(piece.begin + offset)));
}

Piece trimmed(std::string_view text, std::size_t begin, std::size_t end) {
  const std::string_view item = text.substr(begin, end - begin);
  const std::size_t first = item.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {{}, begin};
  return {item.substr(first, item.find_last_not_of(kBlank) - first + 1), begin + first};
}

}  // namespace

bool check_paths(const Context& context, const Text& paths) {
  PatternCheck check(context, paths);
  const std::string_view text = paths.value;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    check.path(trimmed(text, begin, end));
    begin = end + 1;
  }
  return check.is_clean();
}

bool check_domain(const Context& context, const Text& domain) {
  PatternCheck check(context, domain);
  check.domain();
  return check.is_clean();
}

// A star in the middle looks like a pattern, and would be compared as it stands.
void check_value_pattern(const Context& context, const Text& value) {
  std::string_view pattern = value.value;
  if (pattern.starts_with('!')) pattern.remove_prefix(1);
  if (pattern.starts_with('*')) pattern.remove_prefix(1);
  if (pattern.ends_with('*')) pattern.remove_suffix(1);
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return;
  const auto before = static_cast<std::size_t>(pattern.data() - value.value.data());
  context.diagnostics.error(
      "condition-wildcard", context.inside(value, before + star, 1),
      fmt::format("\"*\" may only begin or end a value, in \"{}\"", value.value));
}

void check_condition_name(const Context& context, const Text& name) {
  if (is_field_name(name.value)) return;
  context.diagnostics.error("condition-header", name.place,
                            fmt::format("\"{}\" is not a header name", name.value));
}

}  // namespace prox::config
