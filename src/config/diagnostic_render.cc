#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "config/utf8.h"
#include "prox/base/json.h"
#include "prox/config/diagnostic.h"
#include "prox/config/printable.h"

namespace prox::config {
namespace {

constexpr std::size_t kMaxShown = 100;
// A source line of more bytes is cut to a window of so many characters around its caret: someone will feed us minified JSON.
constexpr std::size_t kMaxLine = 200;
constexpr std::size_t kShownBefore = 60;

std::string_view name_of(Severity severity) {
  constexpr std::array<std::string_view, 3> kNames = {"error", "warning", "note"};
  return kNames[static_cast<std::size_t>(severity)];
}

std::string_view colour_of(Severity severity) {
  constexpr std::array<std::string_view, 3> kColours = {"\x1b[1;31m", "\x1b[1;35m", "\x1b[1;36m"};
  return kColours[static_cast<std::size_t>(severity)];
}

// What is shown of a source line, and what stands below it.
struct Excerpt {
  std::string line;
  // With tabs where the line has tabs, so that the caret stands right whatever a tab is wide.
  std::string padding;
  std::size_t carets = 1;
};

// Bytes to go back from `at` to have `count` characters in between, or to the start of the text.
std::size_t bytes_before(std::string_view text, std::size_t at, std::size_t count) {
  std::size_t begin = at;
  while (begin > 0 && count > 0) {
    --begin;
    if (!is_continuation(text[begin])) --count;
  }
  return at - begin;
}

// `begin` is where in the line, in bytes, the place begins; `carets` is its width.
Excerpt excerpt(std::string_view line, std::size_t begin, std::size_t carets) {
  std::size_t first = 0;
  std::string_view shown = line;
  if (line.size() > kMaxLine) {
    first = begin - bytes_before(line, begin, kShownBefore);
    shown = line.substr(first, bytes_of(line.substr(first), kMaxLine));
  }
  const bool cut_before = first > 0;
  const bool cut_behind = first + shown.size() < line.size();

  Excerpt result;
  result.line =
      fmt::format("{}{}{}", cut_before ? "..." : "", printable(shown), cut_behind ? "..." : "");
  if (cut_before) result.padding = "   ";
  for (const char byte : shown.substr(0, begin - first)) {
    if (!is_continuation(byte)) result.padding += byte == '\t' ? '\t' : ' ';
  }
  result.carets = std::max<std::size_t>(1, std::min(carets, width(shown.substr(begin - first))));
  return result;
}

class TextRenderer {
 public:
  TextRenderer(const Sources& sources, RenderOptions options)
      : sources_(sources), options_(options) {}

  void add(const Diagnostic& d) {
    if (d.has_place) {
      add_place(d.severity, d.place, d.message);
    } else {
      add_headline("prox", d.severity, d.message);
    }
    if (!d.help.empty()) add_line(fmt::format("{:{}} = help: {}", "", gutter_, printable(d.help)));
    for (const Diagnostic::Note& note : d.notes)
      add_place(Severity::Note, note.place, note.message);
  }

  void add_line(std::string_view line) {
    out_ += line;
    out_ += '\n';
  }

  std::string take() { return std::move(out_); }

 private:
  void add_place(Severity severity, Place place, std::string_view message) {
    const Position position = sources_.position(place);
    add_headline(fmt::format("{}:{}:{}", printable(sources_.path(place.file)), position.line,
                             position.column),
                 severity, message);
    const std::string_view line = sources_.line_text(place);
    const std::size_t line_offset =
        static_cast<std::size_t>(line.data() - sources_.text(place.file).data());
    const std::size_t begin =
        std::clamp<std::size_t>(place.offset, line_offset, line_offset + line.size()) - line_offset;
    const Excerpt shown = excerpt(line, begin, position.end_column - position.column);
    const std::string number = fmt::format("{:>4}", position.line);
    gutter_ = number.size();
    add_line(fmt::format("{} | {}", number, shown.line));
    add_line(
        fmt::format("{:{}} | {}{}", "", gutter_, shown.padding,
                    painted(colour_of(severity), fmt::format("^{:~<{}}", "", shown.carets - 1))));
  }

  void add_headline(std::string_view where, Severity severity, std::string_view message) {
    add_line(fmt::format("{} {} {}", painted("\x1b[1m", fmt::format("{}:", where)),
                         painted(colour_of(severity), fmt::format("{}:", name_of(severity))),
                         printable(message)));
  }

  std::string painted(std::string_view colour, std::string_view text) const {
    return options_.colour ? fmt::format("{}{}\x1b[0m", colour, text) : std::string(text);
  }

  const Sources& sources_;
  RenderOptions options_;
  std::size_t gutter_ = 4;  // width of the last line number
  std::string out_;
};

base::Json to_json(Severity severity, std::string_view id, std::string_view message,
                   std::string_view help) {
  return {{"file", nullptr},
          {"line", nullptr},
          {"column", nullptr},
          {"end_column", nullptr},
          {"severity", name_of(severity)},
          {"id", id},
          {"message", message},
          {"help", help}};
}

void set_place(base::Json& json, const Sources& sources, Place place) {
  const Position position = sources.position(place);
  json["file"] = sources.path(place.file);
  json["line"] = position.line;
  json["column"] = position.column;
  json["end_column"] = position.end_column;
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

std::string render_text(const Diagnostics& diagnostics, const Sources& sources,
                        RenderOptions options) {
  TextRenderer renderer(sources, options);
  const auto& all = diagnostics.all();
  const std::size_t shown = std::min(all.size(), kMaxShown);
  for (std::size_t i = 0; i < shown; ++i) renderer.add(all[i]);
  if (shown < all.size()) renderer.add_line(fmt::format("... and {} more", all.size() - shown));
  return renderer.take();
}

std::string render_json(const Diagnostics& diagnostics, const Sources& sources) {
  base::Json list = base::Json::array();
  for (const Diagnostic& d : diagnostics.all()) {
    list.push_back(to_json(d.severity, d.id, d.message, d.help));
    if (d.has_place) set_place(list.back(), sources, d.place);
    // A note is an element of its own behind its problem, so that the form stays flat.
    for (const Diagnostic::Note& note : d.notes) {
      list.push_back(to_json(Severity::Note, d.id, note.message, ""));
      set_place(list.back(), sources, note.place);
    }
  }
  // Paths and source text need not be UTF-8; a tool must get valid JSON all the same.
  return list.dump(2, ' ', false, base::Json::error_handler_t::replace) + "\n";
}

std::string render_summary(const Diagnostics& diagnostics, std::string_view config_path) {
  const std::size_t errors = diagnostics.errors();
  const std::size_t warnings = diagnostics.warnings();
  std::string counts = errors > 0 || warnings == 0 ? counted(errors, "error") : "";
  if (warnings > 0) counts += (counts.empty() ? "" : ", ") + counted(warnings, "warning");
  return fmt::format("prox: {}: {}", printable(config_path), counts);
}

}  // namespace prox::config
