#include "prox/exchange/access_line.h"

#include <array>
#include <iterator>

#include <fmt/format.h>

#include "prox/base/json_line.h"
#include "prox/base/log.h"
#include "prox/base/timestamp.h"

namespace prox::exchange {

namespace {

using base::JsonLine;
using base::log::Level;

// Longer paths are cut on the console: a line must fit into what a pipe takes at once.
constexpr std::size_t kMostShown = 1024;

// Keys and numbers of every field that there is take less.
constexpr std::size_t kRoomBesideTexts = 768;

void text_if_any(JsonLine& json, std::string_view key, std::string_view value) {
  if (!value.empty()) json.text(key, value);
}

void number_if_any(JsonLine& json, std::string_view key, std::uint64_t value) {
  if (value != 0) json.number(key, static_cast<std::int64_t>(value));
}

void millis_if_any(JsonLine& json, std::string_view key, base::Micros value) {
  if (value >= 0) json.millis(key, value);
}

Level level_of(int status) {
  return status >= 500 ? Level::Error : status >= 400 ? Level::Warn : Level::Info;
}

void append_duration(fmt::memory_buffer& to, base::Micros duration) {
  const auto at = std::back_inserter(to);
  if (duration < 1000) {
    fmt::format_to(at, "{}µs", duration);
  } else if (duration < 1'000'000) {
    const base::Micros tenths = duration / 100;
    fmt::format_to(at, "{}.{}ms", tenths / 10, tenths % 10);
  } else {
    const base::Micros hundredths = duration / 10'000;
    fmt::format_to(at, "{}.{:02}s", hundredths / 100, hundredths % 100);
  }
}

std::string_view shortened(std::string_view text) { return text.substr(0, kMostShown); }

}  // namespace

std::size_t json_room(const AccessLine& line) {
  std::size_t texts = 0;
  for (const std::string_view text :
       {line.service, line.method, line.path, line.client, line.user_agent, line.route, line.action,
        line.host, line.query, line.protocol, line.tls, line.server_name, line.upstream,
        line.error})
    texts += text.size();
  return texts * base::kMostJsonBytes + kRoomBesideTexts;
}

// The first nine fields are a contract with whoever reads such files: their names, types and order do not change.
char* write_json(const AccessLine& line, char* to) {
  JsonLine json(to);
  json.time("ts", line.began, 6);
  json.text("service", line.service);
  json.text("method", line.method);
  json.text("path", line.path);
  json.number("status", line.status);
  json.millis("duration_ms", line.duration);
  json.number("bytes_out", static_cast<std::int64_t>(line.bytes_out));
  json.text("client_ip", line.client);
  text_if_any(json, "user_agent", line.user_agent);

  text_if_any(json, "route", line.route);
  text_if_any(json, "action", line.action);
  text_if_any(json, "host", line.host);
  text_if_any(json, "query", line.query);
  text_if_any(json, "proto", line.protocol);
  text_if_any(json, "tls", line.tls);
  text_if_any(json, "sni", line.server_name);
  if (line.bytes_in != 0 || line.is_pass)
    json.number("bytes_in", static_cast<std::int64_t>(line.bytes_in));
  text_if_any(json, "upstream", line.upstream);
  number_if_any(json, "upstream_status", static_cast<std::uint64_t>(line.upstream_status));
  millis_if_any(json, "upstream_ms", line.upstream_time);
  millis_if_any(json, "upstream_connect_ms", line.upstream_connect);
  number_if_any(json, "retries", line.retries);
  text_if_any(json, "error", line.error);
  return json.end();
}

bool is_shown_on_console(int status) { return base::log::is_shown(level_of(status)); }

void gather_on_console(const AccessLine& line) {
  fmt::memory_buffer message;
  const auto put = [&message](std::string_view text) {
    message.append(text);
    message.push_back(' ');
  };
  put(line.is_pass ? "pass" : shortened(line.method));
  put(shortened(line.is_pass ? line.server_name : line.path));
  if (!line.is_pass) fmt::format_to(std::back_inserter(message), "{} ", line.status);
  append_duration(message, line.duration);
  base::log::gather(
      level_of(line.status), {message.data(), message.size()},
      {{"service", line.service}, {"client", line.client}, {"bytes", line.bytes_out}});
}

}  // namespace prox::exchange
