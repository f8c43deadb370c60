#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace prox::base::log {

enum class Level : std::uint8_t { Debug, Info, Warn, Error };

// The level a word of the config names: debug, info, warn or warning, error, in any case.
std::optional<Level> parse_level(std::string_view word);

// One attribute of a log line. Texts are untrusted: they are quoted and escaped when written.
struct Attr {
  enum class Kind : std::uint8_t { Text, Number, Bool };

  Attr(std::string_view k, std::string_view v) : key(k), text(v) {}
  Attr(std::string_view k, const char* v) : key(k), text(v) {}
  Attr(std::string_view k, const std::string& v) : key(k), text(v) {}
  Attr(std::string_view k, bool v)
      : key(k), text(v ? "true" : "false"), number(v ? 1 : 0), kind(Kind::Bool) {}
  template <std::integral T>
  Attr(std::string_view k, T v)
      : key(k), number(static_cast<std::int64_t>(v)), kind(Kind::Number) {}

  std::string_view key;
  std::string_view text = {};
  std::int64_t number = 0;
  Kind kind = Kind::Text;
};

// How a line on the console looks.
enum class Format : std::uint8_t {
  Text,  // `HH:MM:SS LVL message key=value …`, in colours on a terminal without NO_COLOR
  Json,  // {"time":…,"level":…,"msg":…,<attributes>}
};

// The log of this process: what is at `level` or above is shown on the console, which is stderr, and warnings and errors go to a file of
// their own as well, if there is one, as JSON. A line is one write(2). One that cannot be written is dropped and counted, never waited for.
void set_level(Level level);
Level level();
void set_format(Format format);
// Not owned, open with O_APPEND; negative for none.
void set_error_log(int fd);
// Whether the console shows it.
bool is_shown(Level wanted);
// Whether a line would be written anywhere.
bool enabled(Level wanted);

void write(Level level, std::string_view message, std::initializer_list<Attr> attrs = {});
inline void debug(std::string_view m, std::initializer_list<Attr> a = {}) {
  write(Level::Debug, m, a);
}
inline void info(std::string_view m, std::initializer_list<Attr> a = {}) {
  write(Level::Info, m, a);
}
inline void warn(std::string_view m, std::initializer_list<Attr> a = {}) {
  write(Level::Warn, m, a);
}
inline void error(std::string_view m, std::initializer_list<Attr> a = {}) {
  write(Level::Error, m, a);
}

// For what comes with every request: a line on the console alone, which leaves with flush(), with the next line of write(), or when many
// have gathered.
void gather(Level level, std::string_view message, std::initializer_list<Attr> attrs);
void flush();

// Lines that could not be written since the process started.
std::uint64_t lost_lines();

// Limits what the data path repeats: at most 10 lines a second from one place; the next line that passes tells how many
// were held back, as `suppressed=N`. One static object per call site.
class RateLimit {
 public:
  void write(Level level, std::string_view message, std::initializer_list<Attr> attrs);

 private:
  std::int64_t second_ = 0;
  std::uint32_t written_ = 0;
  std::uint32_t suppressed_ = 0;
};

}  // namespace prox::base::log
