#include "tls/options.h"

#include <openssl/ssl.h>

#include <string_view>

#include <fmt/format.h>

#include "prox/base/assert.h"
#include "prox/tls/handles.h"
#include "tls/pem.h"
#include "tls/text.h"

namespace prox::tls {

namespace {

using tl::unexpected;

// Forward secrecy and authenticated encryption only; what every client of the last ten years has.
constexpr const char* kTls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
// With 128 bits first: a handshake hashes with SHA-256 then, which processors have instructions for, and nobody breaks either.
constexpr const char* kTls13Ciphers =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kGroups = "X25519:P-256";

// A cipher that this build of OpenSSL has, by either of its names.
const SSL_CIPHER* find_cipher(const STACK_OF(SSL_CIPHER) * all, std::string_view name) {
  for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
    const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(all, i);
    const char* standard = SSL_CIPHER_standard_name(cipher);
    if (name == SSL_CIPHER_get_name(cipher) || (standard != nullptr && name == standard))
      return cipher;
  }
  return nullptr;
}

void append(std::string& list, std::string_view name) {
  if (!list.empty()) list += ':';
  list += name;
}

}  // namespace

void set_basics(SSL_CTX& context) {
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  SSL_CTX_set_options(&context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // An idle connection holds no buffers.
  SSL_CTX_set_mode(&context, SSL_MODE_RELEASE_BUFFERS);
  // Header and body of a record, and what follows it, come by one recv(2).
  SSL_CTX_set_read_ahead(&context, 1);
  SSL_CTX_set_cipher_list(&context, kTls12Ciphers);
  SSL_CTX_set_ciphersuites(&context, kTls13Ciphers);
  // Our order, but for clients that want ChaCha20 first: their processors have no instructions for AES.
  SSL_CTX_set_options(&context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set1_groups_list(&context, kGroups);
}

Outcome set_ciphers(SSL_CTX& context, std::span<const std::string> names) {
  if (names.empty()) return {};
  const SslContextPtr knows_all(SSL_CTX_new(TLS_method()));
  PROX_ASSERT(knows_all != nullptr);
  SSL_CTX_set_cipher_list(knows_all.get(), "ALL:COMPLEMENTOFALL:@SECLEVEL=0");
  std::string tls12, tls13;
  for (const std::string& name : names) {
    const SSL_CIPHER* cipher = find_cipher(SSL_CTX_get_ciphers(knows_all.get()), name);
    if (cipher == nullptr) return unexpected(fmt::format("no cipher suite is named \"{}\"", name));
    const bool is_tls13 = std::string_view(SSL_CIPHER_get_version(cipher)) == "TLSv1.3";
    append(is_tls13 ? tls13 : tls12, SSL_CIPHER_get_name(cipher));
  }
  const bool is_set = (tls12.empty() || SSL_CTX_set_cipher_list(&context, tls12.c_str()) == 1) &&
                      (tls13.empty() || SSL_CTX_set_ciphersuites(&context, tls13.c_str()) == 1);
  if (!is_set) return unexpected(std::string(reason_of_last_error()));
  // Who lists them says which comes first, whatever the client wants.
  SSL_CTX_clear_options(&context, SSL_OP_PRIORITIZE_CHACHA);
  return {};
}

Outcome set_groups(SSL_CTX& context, std::span<const std::string> names) {
  std::string list;
  for (const std::string& name : names) {
    clear_errors();
    if (name.find(':') != std::string::npos ||
        SSL_CTX_set1_groups_list(&context, name.c_str()) != 1) {
      clear_errors();
      return unexpected(fmt::format("no key exchange group is named \"{}\"", name));
    }
    append(list, name);
  }
  if (!list.empty() && SSL_CTX_set1_groups_list(&context, list.c_str()) != 1)
    return unexpected(std::string(reason_of_last_error()));
  return {};
}

Outcome trust(SSL_CTX& context, const std::string& ca_file) {
  auto authorities = read_certificates(ca_file);
  if (!authorities) return unexpected(fmt::format("\"{}\": {}", ca_file, authorities.error()));
  for (const X509Ptr& authority : *authorities)
    X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), authority.get());
  return {};
}

std::string alpn_wire_form(std::span<const std::string> names) {
  std::string wire;
  for (const std::string& name : names) {
    PROX_ASSERT(!name.empty() && name.size() < 256);
    wire += static_cast<char>(name.size());
    wire += name;
  }
  return wire;
}

}  // namespace prox::tls
