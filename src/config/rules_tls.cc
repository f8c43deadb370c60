#include <fmt/format.h>

#include <array>

#include "config/files.h"
#include "config/rules.h"
#include "prox/config/listen_address.h"

// TLS on services, as far as the text tells; what is in the files is another matter.
namespace prox::config {
namespace {

constexpr std::array<std::string_view, 9> kOnlyWithTls = {
    "tls_cert",  "tls_key",     "tls_min_version", "tls_ciphers",  "tls_curves",
    "client_ca", "client_auth", "ocsp_file",       "http_redirect"};

bool names_directory(const Path& path) {
  return path.written.value.ends_with('/') || is_directory(path.resolved);
}

void check_pair(const Rules& rules, const ServiceDraft& draft) {
  const json5::Value& value = *draft.value;
  const Text& name = draft.service.name;
  const TlsSettings& tls = draft.service.tls;
  if (!tls.cert) {
    if (!rules.lacks(&value, "tls_cert") || !rules.lacks(&value, "acme")) return;
    rules.diagnostics().error("tls-cert-required", key_place(value, "tls"),
                              fmt::format("service \"{}\" has tls on but no tls_cert", name.value));
  } else if (!tls.key && !names_directory(*tls.cert) && rules.lacks(&value, "tls_key")) {
    rules.diagnostics().error(
        "tls-key-required", key_place(value, "tls_cert"),
        fmt::format("service \"{}\" needs tls_key for the certificate file \"{}\"", name.value,
                    tls.cert->written.value),
        "a directory of pairs needs none");
  }
}

void check_clients(const Rules& rules, const ServiceDraft& draft) {
  const TlsSettings& tls = draft.service.tls;
  if (!tls.client_auth || tls.client_ca || !rules.lacks(draft.value, "client_ca")) return;
  rules.diagnostics().error(
      "client-ca-required", key_place(*draft.value, "client_auth"),
      fmt::format("service \"{}\" asks for client certificates but has no client_ca",
                  draft.service.name.value));
}

// A redirect has to name the port that it leads to.
void check_redirect(const Rules& rules, const Service& service) {
  if (!service.tls.http_redirect) return;
  const auto listen = parse_listen(service.listen.value);
  if (!listen || listen->kind == ListenAddress::Kind::Unix || listen->port != "0") return;
  rules.diagnostics().error(
      "redirect-port", service.tls.http_redirect->place,
      fmt::format("http_redirect leads to the port of service \"{}\", which has to be a fixed one",
                  service.name.value));
}

// For certain: what is misspelt or no boolean may be meant to switch it on, and so does acme.
bool is_off(const Rules& rules, const json5::Value& service) {
  const json5::Value* tls = service.find("tls");
  if (tls != nullptr) return tls->as_bool() != nullptr;
  return rules.lacks(&service, "tls") && rules.lacks(&service, "acme");
}

void warn_of_unused(const Rules& rules, const json5::Value& value) {
  for (const std::string_view key : kOnlyWithTls) {
    if (value.find(key) == nullptr) continue;
    rules.diagnostics().warning("tls-unused", key_place(value, key),
                                fmt::format("{} has no effect while tls is off", key));
  }
}

}  // namespace

void check_tls(const Rules& rules) {
  for (const ServiceDraft& draft : rules.draft.services) {
    if (draft.service.tls.on) {
      check_pair(rules, draft);
      check_clients(rules, draft);
      check_redirect(rules, draft.service);
    } else if (is_off(rules, *draft.value)) {
      warn_of_unused(rules, *draft.value);
    }
  }
}

}  // namespace prox::config
