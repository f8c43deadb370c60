#include "prox/base/log.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <ctime>
#include <iterator>

#include <fmt/format.h>

#include "prox/base/clock.h"

namespace prox::base::log {

namespace {

constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kReset = "\x1b[0m";
constexpr std::array<std::string_view, 4> kWords = {"DBG", "INF", "WRN", "ERR"};
constexpr std::array<std::string_view, 4> kColours = {"\x1b[90m", "\x1b[36m", "\x1b[33m",
                                                      "\x1b[31m"};
constexpr std::uint32_t kLinesPerSecond = 10;

Level g_level = Level::Info;
std::uint64_t g_lost = 0;

using Line = fmt::memory_buffer;

void put(Line& line, std::string_view text) { line.append(text.data(), text.data() + text.size()); }

bool needs_quotes(std::string_view text) {
  return text.empty() || std::any_of(text.begin(), text.end(), [](unsigned char c) {
           return c <= ' ' || c == 0x7f || c == '"' || c == '=' || c == '\\';
         });
}

// Untrusted text never breaks a line or moves a terminal's cursor.
void put_escaped(Line& line, std::string_view text, bool quoted) {
  for (unsigned char c : text) {
    if (quoted && (c == '"' || c == '\\')) {
      line.push_back('\\');
      line.push_back(static_cast<char>(c));
    } else if (c == '\n') {
      put(line, "\\n");
    } else if (c == '\r') {
      put(line, "\\r");
    } else if (c == '\t') {
      put(line, "\\t");
    } else if (c < ' ' || c == 0x7f) {
      fmt::format_to(std::back_inserter(line), "\\x{:02x}", c);
    } else {
      line.push_back(static_cast<char>(c));
    }
  }
}

void put_attr(Line& line, const Attr& attr, bool colour) {
  line.push_back(' ');
  if (colour) put(line, kDim);
  put(line, attr.key);
  line.push_back('=');
  if (colour) put(line, kReset);
  if (attr.is_number) {
    fmt::format_to(std::back_inserter(line), "{}", attr.number);
    return;
  }
  const bool quoted = needs_quotes(attr.text);
  if (quoted) line.push_back('"');
  put_escaped(line, attr.text, quoted);
  if (quoted) line.push_back('"');
}

void put_time(Line& line) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  fmt::format_to(std::back_inserter(line), "{:02}:{:02}:{:02}", local.tm_hour, local.tm_min,
                 local.tm_sec);
}

bool wants_colour() {
  const char* no_color = std::getenv("NO_COLOR");
  return (no_color == nullptr || *no_color == '\0') && ::isatty(STDERR_FILENO) == 1;
}

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
std::uint64_t lost_lines() { return g_lost; }

void write(Level level, std::string_view message, std::initializer_list<Attr> attrs) {
  if (!enabled(level)) return;
  const auto index = static_cast<std::size_t>(level);
  const bool colour = wants_colour();
  Line line;
  if (colour) put(line, kDim);
  put_time(line);
  if (colour) put(line, kReset);
  line.push_back(' ');
  if (colour) put(line, kColours[index]);
  put(line, kWords[index]);
  if (colour) put(line, kReset);
  line.push_back(' ');
  put_escaped(line, message, false);
  for (const Attr& attr : attrs) put_attr(line, attr, colour);
  line.push_back('\n');
  // A reader of our stderr that sleeps must not stop the loop: what its pipe has no room for is lost, and counted.
  pollfd out{STDERR_FILENO, POLLOUT, 0};
  const bool has_room = ::poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) != 0;
  if (!has_room ||
      ::write(STDERR_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    ++g_lost;
}

void RateLimit::write(Level level, std::string_view message, std::initializer_list<Attr> attrs) {
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
