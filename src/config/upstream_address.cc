#include "prox/config/upstream_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "config/host.h"

namespace prox::config {
namespace {

using Parsed = tl::expected<UpstreamAddress, std::string>;

tl::unexpected<std::string> wrong(std::string why) {
  return tl::unexpected<std::string>(std::move(why));
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

// What may stand in a request target; anything else would break the request line.
bool is_target_byte(char c) { return c > ' ' && c < '\x7f' && c != '#'; }

Parsed parse_unix(std::string_view behind_scheme) {
  UnixPath unix_path = parse_unix_path(behind_scheme);
  if (!unix_path.fault.empty()) return wrong(std::move(unix_path.fault));
  UpstreamAddress address;
  address.is_unix = true;
  address.host = std::move(unix_path.path);
  address.authority = "localhost";
  return address;
}

// Takes "scheme://" off the front of `text`.
std::string take_scheme(std::string_view& text, bool& tls) {
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos || text.find_first_of("/?") < end) return {};
  const std::string scheme = lower_case(text.substr(0, end));
  tls = scheme == "https" || scheme == "wss";
  if (!tls && scheme != "http" && scheme != "ws") {
    return fmt::format("unknown scheme \"{}\"; known: http, https, ws, wss, unix",
                       text.substr(0, end));
  }
  text.remove_prefix(end + 3);
  return {};
}

// Path and query, from the first "/" or "?" on.
std::string parse_base(std::string_view base, UpstreamAddress& address) {
  if (const auto bad = std::find_if_not(base.begin(), base.end(), is_target_byte);
      bad != base.end()) {
    const std::string_view from = base.substr(static_cast<std::size_t>(bad - base.begin()));
    if (*bad == '#') return "it may not have a fragment";
    if (*bad <= ' ' && *bad >= 0) return "it may not contain white space or control characters";
    return fmt::format("it may not contain \"{}\"", first_character(from));
  }
  const std::size_t question = base.find('?');
  std::string_view path = base.substr(0, question);
  while (path.ends_with('/')) path.remove_suffix(1);
  address.base_path = path;
  if (question != std::string_view::npos) address.base_query = base.substr(question + 1);
  return {};
}

std::string parse_port(std::string_view port, UpstreamAddress& address) {
  if (port.empty()) return "the port is missing";
  if (!is_digits(port)) return fmt::format("\"{}\" is not a port", port);
  if (!is_port_number(port)) return fmt::format("port {} is above 65535", port);
  std::from_chars(port.data(), port.data() + port.size(), address.port);
  return address.port == 0 ? "port 0 cannot be connected to" : "";
}

// Splits "host:port", "[v6]:port", "host", "[v6]"; the port keeps its default if there is none.
std::string parse_authority(std::string_view text, UpstreamAddress& address) {
  if (text.find('@') != std::string_view::npos) return "it may not have a user name";
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return "the closing bracket is missing";
    const std::string_view host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (!is_ipv6(host)) return fmt::format("\"{}\" is not an IPv6 address", host);
    address.host = host;
    if (rest.empty()) return {};
    return rest.front() == ':' ? parse_port(rest.substr(1), address)
                               : "a colon must follow the bracket";
  }
  const std::size_t colon = text.find(':');
  if (colon != text.rfind(':')) {
    return fmt::format("an IPv6 address needs brackets: {}", with_brackets(text, "80"));
  }
  const std::string_view host = text.substr(0, colon);
  if (colon == std::string_view::npos && is_port_number(host)) {
    return fmt::format("the host is missing: 127.0.0.1:{}", host);
  }
  if (std::string fault = host_fault(host); !fault.empty()) return fault;
  address.host = host;
  return colon == std::string_view::npos ? std::string()
                                         : parse_port(text.substr(colon + 1), address);
}

}  // namespace

tl::expected<UpstreamAddress, std::string> parse_upstream(std::string_view text) {
  if (text.empty()) return wrong("it is empty");
  if (lower_case(text.substr(0, 5)) == "unix:") return parse_unix(text.substr(5));
  UpstreamAddress address;
  if (std::string fault = take_scheme(text, address.tls); !fault.empty()) {
    return wrong(std::move(fault));
  }
  const std::uint16_t default_port = address.tls ? 443 : 80;
  address.port = default_port;
  const std::size_t base = std::min(text.find_first_of("/?#"), text.size());
  if (std::string fault = parse_authority(text.substr(0, base), address); !fault.empty()) {
    return wrong(std::move(fault));
  }
  if (std::string fault = parse_base(text.substr(base), address); !fault.empty()) {
    return wrong(std::move(fault));
  }
  const bool v6 = address.host.find(':') != std::string::npos;
  address.authority = v6 ? fmt::format("[{}]", address.host) : address.host;
  if (address.port != default_port) address.authority += fmt::format(":{}", address.port);
  return address;
}

tl::expected<UpstreamAddress, std::string> parse_pass_upstream(std::string_view text) {
  const bool is_unix = lower_case(text.substr(0, 5)) == "unix:";
  if (!is_unix && text.find("://") != std::string_view::npos) {
    return wrong("bytes are passed on unopened, so there is no scheme: write host:port");
  }
  if (!is_unix && text.find_first_of("/?#") != std::string_view::npos) {
    return wrong("bytes are passed on unopened, so there is no path: write host:port");
  }
  tl::expected<UpstreamAddress, std::string> address = parse_upstream(text);
  const bool has_port = text.ends_with(fmt::format(":{}", address ? address->port : 0));
  if (address && !is_unix && !has_port) return wrong("the port is missing");
  return address;
}

}  // namespace prox::config
