#include <fmt/format.h>

#include "config/host.h"
#include "config/rules.h"
#include "prox/config/listen_address.h"

// The admin API, and who could reach it.
namespace prox::config {
namespace {

bool is_loopback(const ListenAddress& address) {
  switch (address.kind) {
    case ListenAddress::Kind::Unix: return true;
    case ListenAddress::Kind::Any: return false;
    case ListenAddress::Kind::Ipv4: return address.host.starts_with("127.");
    case ListenAddress::Kind::Ipv6: return address.host == "::1";
    case ListenAddress::Kind::Name: return address.host == "localhost";
  }
  return false;
}

void check_exposed(const Rules& rules, const Admin& admin, const ListenAddress& address) {
  if (is_loopback(address)) return;
  const std::string message = "the admin API would be reachable from the network without a token";
  const std::string help = "set token, or listen on 127.0.0.1 or a Unix socket";
  if (rules.lacks(&rules.draft.admin_member->value, "token")) {
    rules.diagnostics().error("admin-exposed", admin.listen.place, message, help);
  } else if (admin.token) {
    rules.diagnostics().warning("admin-exposed", admin.listen.place,
                                "the admin API is reachable from the network; only its token "
                                "guards it",
                                "listen on 127.0.0.1 or a Unix socket");
  }
}

}  // namespace

void check_admin(const Rules& rules) {
  if (!rules.draft.admin) return;
  const Admin& admin = *rules.draft.admin;
  const json5::Value& value = rules.draft.admin_member->value;
  const json5::Value* listen = value.find("listen");
  const bool is_empty =
      listen != nullptr && listen->as_string() != nullptr && listen->as_string()->empty();
  if (is_empty || rules.lacks(&value, "listen")) {
    rules.diagnostics().error("admin-listen",
                              is_empty ? listen->place : rules.draft.admin_member->key_place,
                              "admin needs a listen address");
  }
  if (const auto address = parse_listen(admin.listen.value)) check_exposed(rules, admin, *address);
}

}  // namespace prox::config
