#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "prox/config/source.h"

namespace prox::config {

enum class Severity : std::uint8_t { Error, Warning, Note };

// One problem of a config, with its place and, where there is one, the way out.
struct Diagnostic {
  struct Note {
    Place place;
    std::string message;

    bool operator==(const Note&) const = default;
  };

  Severity severity = Severity::Error;
  std::string_view id;  // string literal: "unknown-key"
  Place place;
  bool has_place =
      true;  // false for what no line of a file causes: a taken port, a config that cannot be opened
  std::string message;
  std::string help;  // without the "help: "; empty if there is none
  std::vector<Note> notes;
};

// All problems of one load. Checks add to it and go on; nothing here prints or exits.
class Diagnostics {
 public:
  Diagnostic& error(std::string_view id, Place place, std::string message, std::string help = {});
  Diagnostic& warning(std::string_view id, Place place, std::string message, std::string help = {});
  // An error without a place in a file.
  Diagnostic& error(std::string_view id, std::string message, std::string help = {});

  std::size_t errors() const { return errors_; }
  std::size_t warnings() const;
  bool has_errors() const { return errors() > 0; }
  const std::vector<Diagnostic>& all() const { return list_; }
  // Adds the note to every diagnostic from the `first` on.
  void add_note(std::size_t first, const Diagnostic::Note& note);
  // By file in load order, then by position; those without a place come first. What is said twice of one place is kept once: a file
  // that several services use is read for each of them.
  void sort();
  void make_warnings_errors();

 private:
  std::vector<Diagnostic> list_;
  std::size_t errors_ = 0;
};

// The known word nearest to `word`, if near enough to be a slip of the finger (optimal string alignment; at most 1 for up to
// 4 characters, 2 up to 8, 3 beyond; then by alphabet). A word that differs in ASCII case only is the nearest of all.
std::optional<std::string_view> nearest(std::string_view word,
                                        const std::vector<std::string_view>& known);

// How diagnostics are shown: as people read them (place, message, source line, caret, help, notes; at
// most 100, then the number of the rest), or as a JSON array for tools.
struct RenderOptions {
  bool colour = false;
};
std::string render_text(const Diagnostics& diagnostics, const Sources& sources,
                        RenderOptions options = {});
// Elements {file, line, column, end_column, severity, id, message, help}; null where there is no place. A note is an element of its own
// behind its problem, with the same id.
std::string render_json(const Diagnostics& diagnostics, const Sources& sources);
// `prox: config.json5: 2 errors, 1 warning`, without a line break.
std::string render_summary(const Diagnostics& diagnostics, std::string_view config_path);

}  // namespace prox::config
