#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace prox::config {

// An upstream as written, taken apart. Placeholders must have been filled in before.
struct UpstreamAddress {
  bool tls = false;      // https, wss
  bool is_unix = false;  // "unix:/run/app.sock"
  std::string host;      // name or IP literal without brackets; the path for a Unix socket
  std::uint16_t port = 80;
  std::string
      authority;  // what the Host field says: brackets kept, port only when not the scheme's own; "localhost" for a Unix socket
  std::string base_path;   // "" or "/base", without a trailing "/"
  std::string base_query;  // "" or "x=1"
};

// The error is the reason, to go behind `"<u>" is not an upstream address: `.
tl::expected<UpstreamAddress, std::string> parse_upstream(std::string_view text);

// The upstream of a pass action: "host:port", "[v6]:port" or a Unix socket; no scheme, no path, and the port is written.
tl::expected<UpstreamAddress, std::string> parse_pass_upstream(std::string_view text);

}  // namespace prox::config
