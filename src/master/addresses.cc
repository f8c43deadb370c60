#include "master/addresses.h"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "prox/base/fd.h"
#include "prox/config/listen_address.h"

namespace prox::master {

namespace {

using config::ListenAddress;

struct FreeAddrInfo {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using AddrInfo = std::unique_ptr<addrinfo, FreeAddrInfo>;

// Where one listen address stands, and where its problems go.
struct Context {
  const config::Service& service;
  const config::Text& listen;
  bool redirects;
  std::uint32_t index;
  config::Purpose purpose;
  config::Diagnostics& diagnostics;

  void add_problem(std::string message) const {
    if (purpose == config::Purpose::Serve) {
      diagnostics.error("listen-resolve", listen.place, std::move(message));
    } else {
      diagnostics.warning("listen-resolve", listen.place, std::move(message));
    }
  }
};

Address make_address(const Context& context, const sockaddr* from, socklen_t length) {
  Address address;
  address.service = context.index;
  address.service_name = context.service.name.value;
  address.written = context.listen.value;
  address.redirects = context.redirects;
  address.is_tls = context.service.tls.on && !context.redirects;
  address.place = context.listen.place;
  std::memcpy(&address.storage, from, length);
  address.length = length;
  return address;
}

// The key of a port that the kernel picks is its service's own: two services may both ask for one.
void set_key(Address& address) {
  address.key = address.text();
  if (address.dual_stack) address.key += " dual";
  if (!address.is_unix() && address.port() == 0) address.key += " " + address.service_name;
}

int hints_family(ListenAddress::Kind kind) {
  switch (kind) {
    case ListenAddress::Kind::Any:
    case ListenAddress::Kind::Ipv6: return AF_INET6;
    case ListenAddress::Kind::Ipv4: return AF_INET;
    case ListenAddress::Kind::Name:
    case ListenAddress::Kind::Unix: break;
  }
  return AF_UNSPEC;
}

AddrInfo look_up(const ListenAddress& parsed, const Context& context) {
  addrinfo hints{};
  hints.ai_family = hints_family(parsed.kind);
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  if (parsed.kind != ListenAddress::Kind::Name) hints.ai_flags |= AI_NUMERICHOST;
  const char* host = parsed.kind == ListenAddress::Kind::Any ? "::" : parsed.host.c_str();
  addrinfo* list = nullptr;
  const int status = ::getaddrinfo(host, parsed.port.c_str(), &hints, &list);
  if (status == 0) return AddrInfo(list);
  const char* why = status == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(status);
  if (status == EAI_SERVICE) {
    context.add_problem(fmt::format("this system knows no port named \"{}\"", parsed.port));
  } else {
    context.add_problem(fmt::format("cannot resolve \"{}\": {}", parsed.host, why));
  }
  return nullptr;
}

// Whether this host could have it: ::1 of a name is no use where IPv6 is switched off.
bool is_local(const Address& address) {
  const base::Fd probe(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe) return errno != EAFNOSUPPORT;
  Address any_port = address;
  any_port.set_port(0);
  return ::bind(probe.get(), any_port.get(), any_port.length) == 0 || errno != EADDRNOTAVAIL;
}

std::vector<Address> resolve_inet(const ListenAddress& parsed, const Context& context) {
  std::vector<Address> addresses;
  const AddrInfo list = look_up(parsed, context);
  for (const addrinfo* i = list.get(); i != nullptr; i = i->ai_next) {
    Address address = make_address(context, i->ai_addr, i->ai_addrlen);
    address.dual_stack = parsed.kind == ListenAddress::Kind::Any;
    set_key(address);
    const auto is_same = [&](const Address& other) { return other.key == address.key; };
    if (std::none_of(addresses.begin(), addresses.end(), is_same))
      addresses.push_back(std::move(address));
  }
  if (parsed.kind == ListenAddress::Kind::Name &&
      std::any_of(addresses.begin(), addresses.end(), is_local)) {
    std::erase_if(addresses, [](const Address& address) { return !is_local(address); });
  }
  return addresses;
}

std::vector<Address> resolve_unix(const ListenAddress& parsed, const Context& context) {
  sockaddr_un path{};
  path.sun_family = AF_UNIX;
  if (parsed.host.size() >= sizeof path.sun_path) {
    context.add_problem(
        fmt::format("a socket path has at most {} bytes", sizeof path.sun_path - 1));
    return {};
  }
  std::memcpy(path.sun_path, parsed.host.data(), parsed.host.size());
  Address address = make_address(context, reinterpret_cast<const sockaddr*>(&path), sizeof path);
  set_key(address);
  return {std::move(address)};
}

void add_addresses(const Context& context, std::vector<Address>& all) {
  const auto parsed = config::parse_listen(context.listen.value);
  if (!parsed) return;  // load() has reported it
  auto addresses = parsed->kind == ListenAddress::Kind::Unix ? resolve_unix(*parsed, context)
                                                             : resolve_inet(*parsed, context);
  std::move(addresses.begin(), addresses.end(), std::back_inserter(all));
}

// Different texts may mean the same address: "localhost:80" and "127.0.0.1:80".
void refuse_duplicates(const std::vector<Address>& addresses, config::Diagnostics& diagnostics) {
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto end = addresses.begin() + static_cast<std::ptrdiff_t>(i);
    const auto first = std::find_if(addresses.begin(), end,
                                    [&](const Address& a) { return a.key == addresses[i].key; });
    if (first == end) continue;
    auto& problem = diagnostics.error(
        "listen-duplicate", addresses[i].place,
        fmt::format("service \"{}\" listens on {}, which service \"{}\" already uses",
                    addresses[i].service_name, addresses[i].text(), first->service_name));
    problem.notes.push_back({first->place, "first used here"});
  }
}

}  // namespace

std::uint16_t Address::port() const {
  if (storage.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  if (storage.ss_family == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
  return 0;
}

void Address::set_port(std::uint16_t port) {
  if (storage.ss_family == AF_INET6)
    reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port = htons(port);
  if (storage.ss_family == AF_INET)
    reinterpret_cast<sockaddr_in*>(&storage)->sin_port = htons(port);
}

std::string Address::text() const {
  if (is_unix()) return fmt::format("unix:{}", unix_path());
  std::array<char, NI_MAXHOST> host{};
  if (::getnameinfo(get(), length, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST) != 0)
    return written;
  const char* form = storage.ss_family == AF_INET6 ? "[{}]:{}" : "{}:{}";
  return fmt::format(fmt::runtime(form), host.data(), port());
}

std::vector<Address> resolve_addresses(const config::Config& config, config::Purpose purpose,
                                       config::Diagnostics& diagnostics) {
  std::vector<Address> all;
  for (std::uint32_t i = 0; i < config.services.size(); ++i) {
    const config::Service& service = config.services[i];
    add_addresses({service, service.listen, false, i, purpose, diagnostics}, all);
    const std::optional<config::Text>& redirect = service.tls.http_redirect;
    if (service.tls.on && redirect)
      add_addresses({service, *redirect, true, i, purpose, diagnostics}, all);
  }
  refuse_duplicates(all, diagnostics);
  return all;
}

}  // namespace prox::master
