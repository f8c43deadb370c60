#pragma once

#include <string>
#include <string_view>

namespace prox::config {

// The text forms of hosts and ports that listen and upstream addresses share.

bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);  // without brackets
bool is_digits(std::string_view text);
bool is_port_number(std::string_view digits);  // 0..65535

// The reason why `host` is neither an IPv4 address nor a name, to go behind a colon; empty if it is one.
std::string host_fault(std::string_view host);

// The path in "unix:/p" or "unix:///p", and what is wrong with it, if something is.
struct UnixPath {
  std::string path;
  std::string fault;
};
UnixPath parse_unix_path(std::string_view behind_scheme);

// What to write instead of an IPv6 address without brackets: "::1:80" → "[::1]:80".
std::string with_brackets(std::string_view text, std::string_view default_port);

// The first character of `text`, for messages about one character.
std::string_view first_character(std::string_view text);

}  // namespace prox::config
