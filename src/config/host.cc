#include "config/host.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>

#include "config/utf8.h"

namespace prox::config {
namespace {

constexpr std::size_t kLongestName = 253;  // RFC 1035 §2.3.4, as text without the root's dot

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

// Numbers in the last label make it an address to every resolver, never a name (WHATWG and RFC 3696 §2 agree).
bool looks_like_ipv4(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return is_digits(host.substr(host.rfind('.') + 1));
}

}  // namespace

bool is_ipv4(std::string_view text) {
  in_addr address{};
  return inet_pton(AF_INET, std::string(text).c_str(), &address) == 1;
}

bool is_ipv6(std::string_view text) {
  in6_addr address{};
  return inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_port_number(std::string_view digits) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return is_digits(digits) && error == std::errc() && port <= 65535;
}

std::string host_fault(std::string_view host) {
  if (host.empty()) return "the host is missing";
  const auto bad = std::find_if_not(host.begin(), host.end(), is_name_char);
  if (bad != host.end()) {
    return fmt::format("a host may not contain \"{}\"",
                       first_character(host.substr(static_cast<std::size_t>(bad - host.begin()))));
  }
  if (host.size() > kLongestName) return "the host is longer than 253 bytes";
  if (host.starts_with('.') || host.find("..") != std::string_view::npos) {
    return "the host has an empty label";
  }
  if (looks_like_ipv4(host) && !is_ipv4(host)) {
    return fmt::format("{} is not an IPv4 address", host);
  }
  return {};
}

UnixPath parse_unix_path(std::string_view behind_scheme) {
  std::string_view path = behind_scheme;
  if (path.starts_with("//")) path.remove_prefix(2);
  UnixPath result{std::string(path), {}};
  if (path.empty()) {
    result.fault = "the socket path is missing";
  } else if (path.front() != '/') {
    result.fault = "the socket path must begin with \"/\"";
  } else if (path.find('\0') != std::string_view::npos) {
    result.fault = "the socket path has a null byte";
  } else if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    result.fault =
        fmt::format("the socket path is longer than {} bytes", sizeof(sockaddr_un::sun_path) - 1);
  }
  return result;
}

std::string with_brackets(std::string_view text, std::string_view default_port) {
  const std::size_t colon = text.rfind(':');
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (is_ipv6(host) && is_port_number(port)) return fmt::format("[{}]:{}", host, port);
  return fmt::format("[{}]:{}", text, default_port);
}

std::string_view first_character(std::string_view text) {
  return text.substr(0, std::max<std::size_t>(first_code_point(text).length, 1));
}

}  // namespace prox::config
