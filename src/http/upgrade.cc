#include "prox/http/upgrade.h"

#include "prox/http/framing.h"

namespace prox::http {

namespace {

// `name` or `name/version`.
bool is_protocol(Slice text) {
  const std::size_t slash = text.find('/');
  if (!is_token(text.substr(0, slash))) return false;
  return slash == Slice::npos || is_token(text.substr(slash + 1));
}

// What would hide the requests that follow from every rule of prox.
bool must_not_pass(Slice protocol) {
  const Slice name = protocol.substr(0, protocol.find('/'));
  return equal_ignoring_case(name, "h2c") || equal_ignoring_case(name, "tls");
}

}  // namespace

Slice asked_upgrade(const RequestHead& head) {
  // HTTP/1.0 has no Upgrade: it may come from behind a proxy that does not know it.
  if (head.version != Version::Http11 || head.fields.find(FieldId::Upgrade) == nullptr) return {};
  Slice only;
  std::size_t count = 0;
  any_member(head.fields, FieldId::Upgrade, [&](Slice protocol) {
    only = protocol;
    return ++count > 1;
  });
  if (count != 1 || !is_protocol(only) || must_not_pass(only)) return {};
  return has_connection_option(head.fields, "upgrade") ? only : Slice{};
}

}  // namespace prox::http
