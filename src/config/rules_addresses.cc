#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>

#include <utility>
#include <vector>

#include "config/host.h"
#include "config/rules.h"
#include "prox/config/listen_address.h"

// Addresses to listen on: their form, and that no two of them are the same.
namespace prox::config {
namespace {

struct Use {
  const Text* listen;
  ListenAddress address;
  std::string user;  // `service "web"`
};

// With the port as a number, if the system knows the name: only so overlaps are seen.
std::optional<ListenAddress> parse(const Rules& rules, const Text& listen) {
  tl::expected<ListenAddress, ListenError> address = parse_listen(listen.value);
  if (!address) {
    rules.diagnostics().error(
        "listen-syntax", listen.place,
        fmt::format("\"{}\" is not a listen address: {}", listen.value, address.error().why),
        address.error().help);
    return std::nullopt;
  }
  if (address->kind != ListenAddress::Kind::Unix && !is_digits(address->port)) {
    const servent* known = getservbyname(address->port.c_str(), "tcp");
    if (known != nullptr) {
      address->port = std::to_string(ntohs(static_cast<std::uint16_t>(known->s_port)));
    }
  }
  return std::move(*address);
}

class Uses {
 public:
  explicit Uses(const Rules& rules) : rules_(rules) {}

  void add(const Text& listen, std::string user) {
    if (listen.value.empty()) return;
    std::optional<ListenAddress> address = parse(rules_, listen);
    if (!address) return;
    for (const Use& earlier : list_) {
      if (!overlap(earlier.address, *address)) continue;
      Diagnostic& error = rules_.diagnostics().error(
          "listen-duplicate", listen.place,
          fmt::format("{} listens on {}, which {} already uses", user, listen.value, earlier.user));
      error.notes.push_back({earlier.listen->place, "first used here"});
      break;
    }
    if (address->kind == ListenAddress::Kind::Unix && user != "admin") {
      rules_.context.not_built(listen.place, "\"unix:\"");
    }
    list_.push_back({&listen, std::move(*address), std::move(user)});
  }

 private:
  const Rules& rules_;
  std::vector<Use> list_;
};

}  // namespace

void check_addresses(const Rules& rules) {
  Uses uses(rules);
  for (const ServiceDraft& draft : rules.draft.services) {
    const Service& service = draft.service;
    uses.add(service.listen, fmt::format("service \"{}\"", service.name.value));
    if (service.tls.http_redirect) {
      uses.add(*service.tls.http_redirect,
               fmt::format("the redirect of service \"{}\"", service.name.value));
    }
  }
  if (rules.draft.admin) uses.add(rules.draft.admin->listen, "admin");
}

}  // namespace prox::config
