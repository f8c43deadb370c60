#include "prox/master/report.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "prox/base/log.h"

namespace prox::master {

namespace {

namespace log = base::log;

bool wants_colour() {
  const char* no_color = std::getenv("NO_COLOR");
  return (no_color == nullptr || *no_color == '\0') && ::isatty(STDERR_FILENO) == 1;
}

std::string one_line(const config::Diagnostic& diagnostic, const config::Sources& sources) {
  if (!diagnostic.has_place) return diagnostic.message;
  const config::Position position = sources.position(diagnostic.place);
  return fmt::format("{}:{}:{}: {}", sources.path(diagnostic.place.file), position.line,
                     position.column, diagnostic.message);
}

}  // namespace

void print_report(const config::LoadResult& loaded, std::string_view config_path) {
  if (loaded.diagnostics.all().empty()) return;
  fmt::print(stderr, "{}{}\n",
             config::render_text(loaded.diagnostics, loaded.sources, {wants_colour()}),
             config::render_summary(loaded.diagnostics, config_path));
}

void log_report(const config::LoadResult& loaded) {
  for (const config::Diagnostic& diagnostic : loaded.diagnostics.all()) {
    const auto level =
        diagnostic.severity == config::Severity::Error ? log::Level::Error : log::Level::Warn;
    const std::string line = one_line(diagnostic, loaded.sources);
    if (diagnostic.help.empty()) {
      log::write(level, line);
    } else {
      log::write(level, line, {{"help", diagnostic.help}});
    }
  }
}

std::string describe(const base::Error& error) {
  if (error.sys_errno == 0) return fmt::format("{} ({})", error.context, base::to_word(error.code));
  return fmt::format("{}: {}", error.context, std::strerror(error.sys_errno));
}

}  // namespace prox::master
