#pragma once

#include <fmt/format.h>

#include <cstdlib>

#include "prox/config/diagnostic.h"
#include "prox/config/source.h"

// What fuzz targets of the config hold.
namespace prox::fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  fmt::print(stderr, "property violated: {}\n", what);
  std::abort();
}

inline void check_place(const config::Sources& sources, config::Place place) {
  require(place.file < sources.size(), "a problem lies in a file that was read");
  require(place.length > 0, "a caret is wide");
  require(place.offset <= sources.text(place.file).size(), "a problem lies in its file");
  const auto position = sources.position(place);
  require(position.line >= 1 && position.column >= 1 && position.end_column > position.column,
          "positions count from 1");
}

// All of them can be shown, each tells something, and lies where it says.
inline void check_diagnostics(const config::Diagnostics& diagnostics,
                              const config::Sources& sources) {
  for (const config::Diagnostic& d : diagnostics.all()) {
    require(!d.message.empty() && !d.id.empty(), "a problem is told");
    if (d.has_place) check_place(sources, d.place);
    for (const config::Diagnostic::Note& note : d.notes) check_place(sources, note.place);
  }
  (void)render_text(diagnostics, sources, {true});
  (void)render_json(diagnostics, sources);
}

}  // namespace prox::fuzz
