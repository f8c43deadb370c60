#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace prox::config {

// 16 bytes in network order; IPv4 as IPv4-mapped IPv6 (RFC 4291 §2.5.5.2).
using IpAddress = std::array<std::uint8_t, 16>;

// "10.0.0.1", "2001:db8::1". Nothing if it is neither.
std::optional<IpAddress> parse_ip(std::string_view text);

// A set of addresses that share their first bits: "10.0.0.0/8", "2001:db8::/32", or one address alone. A peer's IPv4
// address means the same however its socket shows it.
struct Network {
  IpAddress address{};
  std::uint8_t bits = 0;  // 0..128; 96 more than was written for IPv4

  bool contains(const IpAddress& peer) const;
  bool operator==(const Network&) const = default;
};
using Networks = std::vector<Network>;

// The error is the reason, to go behind `"x" is not a network: `.
tl::expected<Network, std::string_view> parse_network(std::string_view text);

// As it would be written: "10.0.0.0/8", and one address alone without its bits.
std::string to_text(const Network& network);

}  // namespace prox::config
