#include <fmt/format.h>

#include <array>
#include <string>

#include "config/rules.h"

// Automatic certificates: the shape of the keys is kept for a later version, and checked as if it were there.
namespace prox::config {
namespace {

using json5::Value;

constexpr std::array<std::string_view, 4> kAuthorities = {"letsencrypt", "production", "staging",
                                                          "zerossl"};

const std::string* text_of(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  return value == nullptr ? nullptr : value->as_string();
}

bool is_authority(std::string_view text) {
  return text.starts_with("https://") ||
         std::find(kAuthorities.begin(), kAuthorities.end(), text) != kAuthorities.end();
}

class AcmeRules {
 public:
  AcmeRules(const Rules& rules, const Value& acme, Place key)
      : rules_(rules), acme_(acme), key_(key) {}

  void check() {
    if (rules_.lacks(&acme_, "email")) error("acme-email", key_, "acme needs an email address");
    check_authorities();
    check_dns();
    check_storage();
    check_domains();
  }

 private:
  void error(std::string_view id, Place place, std::string message) {
    rules_.diagnostics().error(id, place, std::move(message));
  }
  void check_authority(const Value& value);
  void check_authorities();
  void check_dns();
  void check_storage();
  void check_domains();

  const Rules& rules_;
  const Value& acme_;
  Place key_;
};

void AcmeRules::check_authority(const Value& value) {
  const std::string* text = value.as_string();
  if (text == nullptr || is_authority(*text)) return;
  error("acme-ca", value.place,
        fmt::format("unknown certificate authority \"{}\"; known: {}, or an https:// URL", *text,
                    fmt::join(kAuthorities, ", ")));
}

void AcmeRules::check_authorities() {
  const Value* ca = acme_.find("ca");
  const Value* cas = acme_.find("cas");
  if (ca != nullptr) check_authority(*ca);
  if (cas != nullptr && cas->as_array() != nullptr) {
    for (const Value& item : *cas->as_array()) check_authority(item);
  }
  if (ca != nullptr && cas != nullptr) {
    error("acme-cas", key_place(acme_, "cas"), "ca and cas exclude each other");
  }
}

void AcmeRules::check_dns() {
  const std::string* challenge = text_of(acme_, "challenge");
  const Value* dns = acme_.find("dns");
  if (challenge != nullptr && *challenge == "dns" && rules_.lacks(&acme_, "dns")) {
    error("acme-dns", acme_.find("challenge")->place, "the dns challenge needs a dns block");
  }
  if (dns == nullptr) return;
  rules_.require_keys(dns, schema::kAcmeDns);
  const std::string* provider = text_of(*dns, "provider");
  if (provider != nullptr && *provider != "cloudflare") {
    error("acme-provider", dns->find("provider")->place,
          fmt::format("unknown DNS provider \"{}\"; known: cloudflare", *provider));
  }
}

void AcmeRules::check_storage() {
  const std::string* type = text_of(acme_, "storage_type");
  const Value* s3 = acme_.find("s3");
  if (type != nullptr && *type == "s3" && rules_.lacks(&acme_, "s3")) {
    error("acme-s3", acme_.find("storage_type")->place, "s3 storage needs an s3 block");
  }
  rules_.require_keys(s3, schema::kAcmeS3);
  const bool lacks_access = rules_.lacks(s3, "access_key");
  if (s3 == nullptr || lacks_access == rules_.lacks(s3, "secret_key")) return;
  error("acme-s3-keys", key_place(*s3, lacks_access ? "secret_key" : "access_key"),
        "access_key and secret_key go together: one of them is missing");
}

void AcmeRules::check_domains() {
  const std::string* challenge = text_of(acme_, "challenge");
  const Value* domains = acme_.find("domains");
  const bool by_dns = challenge != nullptr && *challenge == "dns";
  if (by_dns || domains == nullptr || domains->as_array() == nullptr) return;
  for (const Value& item : *domains->as_array()) {
    const std::string* domain = item.as_string();
    if (domain == nullptr || !domain->starts_with("*.")) continue;
    error("acme-wildcard", item.place,
          fmt::format("\"{}\" needs challenge: \"dns\", as every wildcard does", *domain));
  }
}

}  // namespace

void check_acme(const Rules& rules) {
  for (const ServiceDraft& service : rules.draft.services) {
    const Value* acme = service.value->find("acme");
    if (acme == nullptr || acme->as_object() == nullptr) continue;
    const Place key = key_place(*service.value, "acme");
    rules.diagnostics().error("acme", key,
                              "automatic certificates are not built into this version; use "
                              "tls_cert/tls_key");
    AcmeRules(rules, *acme, key).check();
  }
}

}  // namespace prox::config
