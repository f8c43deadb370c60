#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "prox/base/clock.h"

namespace prox::exchange {

// What one access line says, of a request or of a connection that was passed on. Texts are untrusted.
struct AccessLine {
  std::int64_t began = 0;     // nanoseconds since 1970
  base::Micros duration = 0;  // to the end of the response, tunnel or relay
  std::string_view service, method, path;
  int status = 0;  // 0: none was sent
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::string_view client, user_agent, route, action, host, query, protocol, tls, server_name;
  std::string_view upstream;
  int upstream_status = 0;                                 // 0: none came
  base::Micros upstream_time = -1, upstream_connect = -1;  // negative: none
  unsigned retries = 0;
  std::string_view error;
  bool is_pass = false;
};

// The line as JSON, its end included, at `to`, where there is room for json_room(); returns the end.
std::size_t json_room(const AccessLine& line);
char* write_json(const AccessLine& line, char* to);

// The same for the console: `GET /path 200 12.3ms service=web client=192.0.2.1 bytes=5`. Its level tells the class of the status.
void gather_on_console(const AccessLine& line);
// Whether it would be shown.
bool is_shown_on_console(int status);

}  // namespace prox::exchange
