#include "base/log_line.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>

#include "prox/base/clock.h"
#include "prox/base/json_line.h"
#include "prox/base/timestamp.h"

namespace prox::base::log {

namespace {

constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kReset = "\x1b[0m";
constexpr std::array<std::string_view, 4> kWords = {"DBG", "INF", "WRN", "ERR"};
constexpr std::array<std::string_view, 4> kNames = {"DEBUG", "INFO", "WARN", "ERROR"};
constexpr std::array<std::string_view, 4> kColours = {"\x1b[90m", "\x1b[36m", "\x1b[33m",
                                                      "\x1b[31m"};

using Line = fmt::memory_buffer;

void put(Line& line, std::string_view text) { line.append(text.data(), text.data() + text.size()); }

// The first byte of U+0080 to U+00BF in UTF-8, the lower half of which are control characters, too: U+009B is what ESC [ is.
constexpr unsigned char kMayBeControl = 0xc2;

bool is_long_control(std::string_view text) {
  return text.size() >= 2 && static_cast<unsigned char>(text[0]) == kMayBeControl &&
         static_cast<unsigned char>(text[1]) < 0xa0;
}

bool needs_quotes(std::string_view text) {
  return text.empty() || std::any_of(text.begin(), text.end(), [](unsigned char c) {
           return c <= ' ' || c == 0x7f || c == '"' || c == '=' || c == '\\' || c == kMayBeControl;
         });
}

void put_escape(Line& line, unsigned char c) {
  switch (c) {
    case '"':
    case '\\':
      line.push_back('\\');
      line.push_back(static_cast<char>(c));
      return;
    case '\n': return put(line, "\\n");
    case '\r': return put(line, "\\r");
    case '\t': return put(line, "\\t");
    default: fmt::format_to(std::back_inserter(line), "\\x{:02x}", c);
  }
}

// Untrusted text never breaks a line or moves a terminal's cursor.
void put_escaped(Line& line, std::string_view text, bool quoted) {
  const auto is_special = [quoted](unsigned char c) {
    return c < ' ' || c == 0x7f || c == kMayBeControl || (quoted && (c == '"' || c == '\\'));
  };
  for (;;) {
    const auto* const special = std::find_if(text.begin(), text.end(), is_special);
    const auto plain = static_cast<std::size_t>(special - text.begin());
    put(line, text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;
    const auto first = static_cast<unsigned char>(text.front());
    if (is_long_control(text)) {
      put_escape(line, first);
      text.remove_prefix(1);
      put_escape(line, static_cast<unsigned char>(text.front()));
    } else if (first == kMayBeControl) {
      line.push_back(text.front());
    } else {
      put_escape(line, first);
    }
    text.remove_prefix(1);
  }
}

void put_value(Line& line, const Attr& attr) {
  if (attr.kind == Attr::Kind::Number) {
    fmt::format_to(std::back_inserter(line), "{}", attr.number);
  } else if (needs_quotes(attr.text)) {
    line.push_back('"');
    put_escaped(line, attr.text, true);
    line.push_back('"');
  } else {
    put(line, attr.text);
  }
}

void put_attr(Line& line, const Attr& attr, bool in_colour) {
  line.push_back(' ');
  if (in_colour) put(line, kDim);
  put(line, attr.key);
  line.push_back('=');
  if (in_colour) put(line, kReset);
  put_value(line, attr);
}

// Worked out once a second: many lines in a row are not uncommon.
std::string_view time_of_day() {
  static std::array<char, 9> text{};
  static std::time_t shown = -1;
  const std::time_t now = std::time(nullptr);
  if (now != shown) {
    shown = now;
    std::tm local{};
    localtime_r(&now, &local);
    std::strftime(text.data(), text.size(), "%H:%M:%S", &local);
  }
  return {text.data(), text.size() - 1};
}

void put_head(Line& line, Level level, bool in_colour) {
  const auto index = static_cast<std::size_t>(level);
  if (in_colour) put(line, kDim);
  put(line, time_of_day());
  if (in_colour) put(line, kReset);
  line.push_back(' ');
  if (in_colour) put(line, kColours[index]);
  put(line, kWords[index]);
  if (in_colour) put(line, kReset);
  line.push_back(' ');
}

constexpr std::string_view kTime = "time", kLevel = "level", kMessage = "msg", kPid = "pid";

std::size_t json_room(std::string_view message, Attrs attrs) {
  std::size_t room = JsonLine::kEnds + kMaxTimestamp + JsonLine::room(kTime, "") +
                     JsonLine::room(kLevel, "ERROR") + JsonLine::room(kMessage, message) +
                     JsonLine::room(kPid);
  for (const Attr& attr : attrs)
    room += std::max(JsonLine::room(attr.key, attr.text), JsonLine::room(attr.key));
  return room;
}

}  // namespace

void add_text_line(LineWriter& out, Level level, std::string_view message, Attrs attrs,
                   bool in_colour) {
  Line line;
  put_head(line, level, in_colour);
  put_escaped(line, message, false);
  for (const Attr& attr : attrs) put_attr(line, attr, in_colour);
  if (level == Level::Debug) put_attr(line, {kPid, ::getpid()}, in_colour);
  line.push_back('\n');
  out.add({line.data(), line.size()});
}

void add_json_line(LineWriter& out, Level level, std::string_view message, Attrs attrs) {
  JsonLine line(out.reserve(json_room(message, attrs)));
  line.time(kTime, wall_nanos(), 9);
  line.text(kLevel, kNames[static_cast<std::size_t>(level)]);
  line.text(kMessage, message);
  for (const Attr& attr : attrs) {
    switch (attr.kind) {
      case Attr::Kind::Text: line.text(attr.key, attr.text); break;
      case Attr::Kind::Number: line.number(attr.key, attr.number); break;
      case Attr::Kind::Bool: line.boolean(attr.key, attr.number != 0); break;
    }
  }
  if (level == Level::Debug) line.number(kPid, ::getpid());
  out.commit(line.end());
}

}  // namespace prox::base::log
