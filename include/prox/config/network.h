#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace prox::config {

// A set of addresses that share their first bits: "10.0.0.0/8", "2001:db8::/32", or one address alone. IPv4 is held as IPv4-mapped
// IPv6 (RFC 4291 §2.5.5.2), so that a peer's address means the same however its socket shows it.
struct Network {
  std::array<std::uint8_t, 16> address{};
  std::uint8_t bits = 0;  // 0..128; 96 more than was written for IPv4

  bool contains(const std::array<std::uint8_t, 16>& peer) const;
  bool operator==(const Network&) const = default;
};
using Networks = std::vector<Network>;

// The error is the reason, to go behind `"x" is not a network: `.
tl::expected<Network, std::string_view> parse_network(std::string_view text);

}  // namespace prox::config
