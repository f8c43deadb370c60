#include "prox/config/network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace prox::config {
namespace {

constexpr std::uint8_t kMappedBits = 96;
constexpr IpAddress kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<int> number(std::string_view digits) {
  int value = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool is_whole = fault == std::errc() && end == digits.data() + digits.size();
  return is_whole && digits.front() != '-' ? std::optional(value) : std::nullopt;
}

// The bits of `address` behind the first `bits`, which must be 0 in a network.
bool has_rest(const IpAddress& address, unsigned bits) {
  for (unsigned i = bits; i < 128; ++i) {
    if ((address[i / 8] >> (7 - i % 8) & 1) != 0) return true;
  }
  return false;
}

bool is_ipv4(const IpAddress& address) {
  return std::equal(address.begin(), address.begin() + kMappedBits / 8, kMapped.begin());
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN] = {};
  if (text.size() >= sizeof terminated || text.find('\0') != text.npos) return std::nullopt;
  std::copy(text.begin(), text.end(), terminated);
  IpAddress address = kMapped;
  if (inet_pton(AF_INET, terminated, address.data() + kMappedBits / 8) == 1) return address;
  if (inet_pton(AF_INET6, terminated, address.data()) == 1) return address;
  return std::nullopt;
}

bool Network::contains(const IpAddress& peer) const {
  const unsigned whole = bits / 8;
  if (!std::equal(address.begin(), address.begin() + whole, peer.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (address[whole] ^ peer[whole]) >> (8 - rest) == 0;
}

tl::expected<Network, std::string_view> parse_network(std::string_view text) {
  using Fault = tl::unexpected<std::string_view>;
  const std::size_t slash = text.find('/');
  const std::string_view host = text.substr(0, slash);
  const std::optional<IpAddress> address = parse_ip(host);
  if (!address) return Fault("the address is neither IPv4 nor IPv6");
  const bool is_v4 = host.find(':') == host.npos;
  Network network{*address, 0};
  const int most = is_v4 ? 32 : 128;
  int bits = most;
  if (slash != std::string_view::npos) {
    const std::optional<int> written = number(text.substr(slash + 1));
    if (!written || *written > most) {
      return Fault(is_v4 ? "behind the \"/\" there must be a number from 0 to 32"
                         : "behind the \"/\" there must be a number from 0 to 128");
    }
    bits = *written;
  }
  network.bits = static_cast<std::uint8_t>(bits + (is_v4 ? kMappedBits : 0));
  if (has_rest(network.address, network.bits)) {
    return Fault("the address has bits set behind the network's own");
  }
  return network;
}

std::string to_text(const Network& network) {
  const bool is_v4 = network.bits >= kMappedBits && is_ipv4(network.address);
  char text[INET6_ADDRSTRLEN];
  inet_ntop(is_v4 ? AF_INET : AF_INET6, network.address.data() + (is_v4 ? kMappedBits / 8 : 0),
            text, sizeof text);
  if (network.bits == 128) return text;
  return fmt::format("{}/{}", text, network.bits - (is_v4 ? kMappedBits : 0));
}

}  // namespace prox::config
