#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace prox::config {

// A listen address as written, taken apart without asking the system.
struct ListenAddress {
  enum class Kind : std::uint8_t {
    Any,   // ":8080", "*:8080": every address, IPv4 and IPv6 on one socket
    Ipv4,  // "127.0.0.1:8080"
    Ipv6,  // "[::1]:8080"; v6 only
    Name,  // "localhost:8080": every address the name has
    Unix,  // "unix:/run/p.sock", "unix:///run/p.sock"
  };
  Kind kind = Kind::Any;
  std::string host;  // without brackets; the path for Unix; empty for Any
  std::string port;  // digits 0..65535, or a service name of the system database; empty for Unix
};

// What is wrong with a listen address, and how to write it.
struct ListenError {
  std::string why;   // "the port is missing"
  std::string help;  // maybe empty: write ":8080"
};

tl::expected<ListenAddress, ListenError> parse_listen(std::string_view text);

// Whether two services cannot both have these addresses.
bool overlap(const ListenAddress& a, const ListenAddress& b);

}  // namespace prox::config
