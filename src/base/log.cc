#include "prox/base/log.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>

#include "base/log_line.h"
#include "prox/base/clock.h"

namespace prox::base::log {

namespace {

constexpr std::uint32_t kLinesPerSecond = 10;

Level g_level = Level::Info;
Format g_format = Format::Text;
// None: there is no such file.
std::optional<LineWriter> g_error_log;

LineWriter& console() {
  static LineWriter writer(STDERR_FILENO);
  return writer;
}

bool wants_colour() {
  const char* no_color = std::getenv("NO_COLOR");
  return (no_color == nullptr || *no_color == '\0') && ::isatty(STDERR_FILENO) == 1;
}

void add_to_console(Level level, std::string_view message, Attrs attrs) {
  static bool in_colour = false;
  if (g_format == Format::Json) return add_json_line(console(), level, message, attrs);
  // Asked once for what leaves together: lines of requests come by the thousand.
  if (console().empty()) in_colour = wants_colour();
  add_text_line(console(), level, message, attrs, in_colour);
}

bool goes_to_error_log(Level level) { return level >= Level::Warn && g_error_log.has_value(); }

}  // namespace

std::optional<Level> parse_level(std::string_view word) {
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  if (lower == "debug") return Level::Debug;
  if (lower == "info") return Level::Info;
  if (lower == "warn" || lower == "warning") return Level::Warn;
  if (lower == "error") return Level::Error;
  return std::nullopt;
}

void set_level(Level level) { g_level = level; }
Level level() { return g_level; }
void set_format(Format format) { g_format = format; }

void set_error_log(int fd) {
  if (fd < 0) return g_error_log.reset();
  g_error_log.emplace(fd);
}

bool is_shown(Level wanted) { return wanted >= g_level; }
bool enabled(Level wanted) { return is_shown(wanted) || goes_to_error_log(wanted); }

std::uint64_t lost_lines() {
  return console().lost_lines() + (g_error_log ? g_error_log->lost_lines() : 0);
}

void write(Level level, std::string_view message, Attrs attrs) {
  if (is_shown(level)) {
    add_to_console(level, message, attrs);
    console().flush();
  }
  if (!goes_to_error_log(level)) return;
  add_json_line(*g_error_log, level, message, attrs);
  g_error_log->flush();
}

void gather(Level level, std::string_view message, Attrs attrs) {
  if (is_shown(level)) add_to_console(level, message, attrs);
}

void flush() { console().flush(); }

void RateLimit::write(Level level, std::string_view message, Attrs attrs) {
  if (!enabled(level)) return;
  const std::int64_t second = coarse_now() / 1000;
  if (second != second_) {
    second_ = second;
    written_ = 0;
  }
  if (++written_ > kLinesPerSecond) {
    ++suppressed_;
    return;
  }
  log::write(level, message, attrs);
  if (suppressed_ == 0) return;
  log::write(level, "similar lines were held back", {{"suppressed", suppressed_}});
  suppressed_ = 0;
}

}  // namespace prox::base::log
