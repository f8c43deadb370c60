#include "prox/http/host.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <iterator>

#include "http/chars.h"

namespace prox::http {

namespace {

bool is_valid_port(Slice digits) {
  constexpr std::size_t kMostDigits = 5;
  constexpr int kMostPort = 65535;
  if (digits.size() > kMostDigits) return false;
  int port = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return false;
    port = port * 10 + (c - '0');
  }
  return port <= kMostPort;
}

// The end of a bracketed IPv6 address, or `begin` if there is none. Zone identifiers (RFC 6874) mean something to the sender's
// host only, and are refused.
const char* skip_ipv6(const char* begin, const char* end) {
  const char* const bracket = std::find(begin, end, ']');
  char text[INET6_ADDRSTRLEN] = {};
  if (bracket == end || bracket - begin > std::ssize(text)) return begin;
  // An embedded NUL would hide what follows from inet_pton.
  if (std::find(begin, bracket, '\0') != bracket) return begin;
  std::copy(begin + 1, bracket, text);
  in6_addr parsed;
  return inet_pton(AF_INET6, text, &parsed) == 1 ? bracket + 1 : begin;
}

// The end of a reg-name or IPv4 address.
const char* skip_name(const char* p, const char* end) {
  p = skip_few<kHostChar>(p, end);
  while (end - p >= 3 && *p == '%' && hex_value(p[1]) >= 0 && hex_value(p[2]) >= 0) {
    p = skip_few<kHostChar>(p + 3, end);
  }
  return p;
}

}  // namespace

bool is_valid_host(Slice host) {
  if (host.empty()) return true;
  const char* const begin = host.data();
  const char* const end = begin + host.size();
  const char* const port = *begin == '[' ? skip_ipv6(begin, end) : skip_name(begin, end);
  if (port == begin) return false;
  return port == end || (*port == ':' && is_valid_port(slice_between(port + 1, end)));
}

Slice without_port(Slice host) {
  const std::size_t bracket = host.find(']');
  return host.substr(0, host.find(':', bracket == Slice::npos ? 0 : bracket));
}

}  // namespace prox::http
