#include "prox/config/listen_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <utility>

#include "config/host.h"

namespace prox::config {
namespace {

using Kind = ListenAddress::Kind;

tl::unexpected<ListenError> wrong(std::string why, std::string help = {}) {
  return tl::unexpected<ListenError>(ListenError{std::move(why), std::move(help)});
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// A name of the services database.
bool is_port_name(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

tl::expected<std::string, ListenError> parse_port(std::string_view port) {
  if (port.empty()) return wrong("the port is missing", "write \":8080\"");
  if (is_port_name(port)) return std::string(port);
  if (!is_digits(port)) return wrong(fmt::format("\"{}\" is not a port", port));
  if (!is_port_number(port)) return wrong(fmt::format("port {} is above 65535", port));
  port.remove_prefix(std::min(port.find_first_not_of('0'), port.size() - 1));
  return std::string(port);
}

ListenError missing_port(std::string_view text) {
  if (is_port_number(text)) {
    return {"the port needs a colon before it", fmt::format("write \":{}\"", text)};
  }
  return {"the port is missing", fmt::format("write \"{}:8080\"", text)};
}

tl::expected<ListenAddress, ListenError> parse_unix(std::string_view behind_scheme) {
  UnixPath unix_path = parse_unix_path(behind_scheme);
  if (!unix_path.fault.empty()) {
    return wrong(std::move(unix_path.fault), "write \"unix:/run/prox.sock\"");
  }
  return ListenAddress{Kind::Unix, std::move(unix_path.path), {}};
}

tl::expected<ListenAddress, ListenError> parse_bracketed(std::string_view text) {
  const std::size_t close = text.find(']');
  if (close == std::string_view::npos) return wrong("the closing bracket is missing");
  const std::string_view host = text.substr(1, close - 1);
  if (!is_ipv6(host)) return wrong(fmt::format("\"{}\" is not an IPv6 address", host));
  const std::string_view rest = text.substr(close + 1);
  if (rest.empty()) return wrong("the port is missing", fmt::format("write \"{}:8080\"", text));
  if (rest.front() != ':') return wrong("a colon must follow the bracket");
  tl::expected<std::string, ListenError> port = parse_port(rest.substr(1));
  if (!port) return tl::unexpected<ListenError>(std::move(port.error()));
  return ListenAddress{Kind::Ipv6, std::string(host), std::move(*port)};
}

// The address in its bytes, so that "::1" and "0:0::1" are the same; empty if it is none.
std::string_view address_bytes(const ListenAddress& address, std::array<char, 16>& buffer) {
  const bool v4 = address.kind == Kind::Ipv4;
  if (inet_pton(v4 ? AF_INET : AF_INET6, address.host.c_str(), buffer.data()) != 1) return {};
  return {buffer.data(), v4 ? 4U : 16U};
}

bool is_wildcard(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == '\0'; });
}

bool same_ip(const ListenAddress& a, const ListenAddress& b) {
  std::array<char, 16> buffer_a{};
  std::array<char, 16> buffer_b{};
  const std::string_view bytes_a = address_bytes(a, buffer_a);
  const std::string_view bytes_b = address_bytes(b, buffer_b);
  return bytes_a == bytes_b || is_wildcard(bytes_a) || is_wildcard(bytes_b);
}

// What a name stands for only the system knows; but "localhost" is the loopback addresses everywhere (RFC 6761 §6.3).
bool name_overlaps(const ListenAddress& name, const ListenAddress& other) {
  if (other.kind == Kind::Name) return strcasecmp(name.host.c_str(), other.host.c_str()) == 0;
  if (strcasecmp(name.host.c_str(), "localhost") != 0) return false;
  const ListenAddress loopback{other.kind, other.kind == Kind::Ipv4 ? "127.0.0.1" : "::1",
                               other.port};
  return same_ip(loopback, other);
}

}  // namespace

tl::expected<ListenAddress, ListenError> parse_listen(std::string_view text) {
  if (text.starts_with("unix:")) return parse_unix(text.substr(5));
  if (text.starts_with('[')) return parse_bracketed(text);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return tl::unexpected<ListenError>(missing_port(text));
  const std::string_view host = text.substr(0, colon);
  if (host.find(':') != std::string_view::npos && host.find('/') == std::string_view::npos) {
    return wrong("an IPv6 address needs brackets",
                 fmt::format("write \"{}\"", with_brackets(text, "8080")));
  }
  const bool any = host.empty() || host == "*";
  if (std::string fault = any ? std::string() : host_fault(host); !fault.empty()) {
    return wrong(std::move(fault), "write \":8080\"");
  }
  tl::expected<std::string, ListenError> port = parse_port(text.substr(colon + 1));
  if (!port) return tl::unexpected<ListenError>(std::move(port.error()));
  if (any) return ListenAddress{Kind::Any, {}, std::move(*port)};
  return ListenAddress{is_ipv4(host) ? Kind::Ipv4 : Kind::Name, std::string(host),
                       std::move(*port)};
}

bool overlap(const ListenAddress& a, const ListenAddress& b) {
  if (a.kind == Kind::Unix || b.kind == Kind::Unix) return a.kind == b.kind && a.host == b.host;
  if (a.port != b.port || a.port == "0") return false;
  if (a.kind == Kind::Any || b.kind == Kind::Any) return true;
  if (a.kind == Kind::Name) return name_overlaps(a, b);
  if (b.kind == Kind::Name) return name_overlaps(b, a);
  return a.kind == b.kind && same_ip(a, b);
}

}  // namespace prox::config
