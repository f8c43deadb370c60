#include "prox/config/network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace prox::config {
namespace {

constexpr std::uint8_t kMappedBits = 96;

std::optional<int> number(std::string_view digits) {
  int value = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool is_whole = fault == std::errc() && end == digits.data() + digits.size();
  return is_whole && digits.front() != '-' ? std::optional(value) : std::nullopt;
}

// The bits of `address` behind the first `bits`, which must be 0 in a network.
bool has_rest(const std::array<std::uint8_t, 16>& address, unsigned bits) {
  for (unsigned i = bits; i < 128; ++i) {
    if ((address[i / 8] >> (7 - i % 8) & 1) != 0) return true;
  }
  return false;
}

}  // namespace

bool Network::contains(const std::array<std::uint8_t, 16>& peer) const {
  const unsigned whole = bits / 8;
  if (!std::equal(address.begin(), address.begin() + whole, peer.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (address[whole] ^ peer[whole]) >> (8 - rest) == 0;
}

tl::expected<Network, std::string_view> parse_network(std::string_view text) {
  using Fault = tl::unexpected<std::string_view>;
  const std::size_t slash = text.find('/');
  const std::string host(text.substr(0, slash));
  Network network;
  const bool is_v4 = inet_pton(AF_INET, host.c_str(), network.address.data() + 12) == 1;
  if (is_v4) network.address[10] = network.address[11] = 0xff;
  if (!is_v4 && inet_pton(AF_INET6, host.c_str(), network.address.data()) != 1) {
    return Fault("the address is neither IPv4 nor IPv6");
  }
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

}  // namespace prox::config
