#include "prox/tls/server_context.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "prox/base/assert.h"
#include "tls/options.h"
#include "tls/pem.h"
#include "tls/text.h"

namespace prox::tls {

namespace {

constexpr long kSessionSeconds = 12 * 60 * 60;  // a ticket's key lives at least twice as long

// A session belongs to a service and to how that checks its clients: with another check it must not pass for one who was checked.
void set_session_context(SSL_CTX& context, const ServerOptions& options,
                         std::string_view authorities) {
  const std::string text = fmt::format("{}{}{}{}{}", options.service, '\0',
                                       static_cast<int>(options.client_auth), '\0', authorities);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  PROX_ASSERT(EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr) == 1);
  PROX_ASSERT(SSL_CTX_set_session_id_context(&context, digest, size) == 1);
}

Outcome check_clients(SSL_CTX& context, const ServerOptions& options) {
  std::string authorities;
  if (options.client_auth != ClientAuth::None) {
    if (auto trusted = trust(context, options.client_ca); !trusted) return trusted;
    // The names that clients are told, so that a browser shows its user the right certificates only.
    SSL_CTX_set_client_CA_list(&context, SSL_load_client_CA_file(options.client_ca.c_str()));
    authorities = read_bytes(options.client_ca).value_or("");
    const int must =
        options.client_auth == ClientAuth::Require ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | must, nullptr);
  }
  set_session_context(context, options, authorities);
  return {};
}

void apply(const ServerOptions& options, SSL_CTX& context, std::vector<OptionProblem>& problems) {
  const auto note = [&](std::string_view key, const Outcome& outcome) {
    if (!outcome) problems.push_back({std::string(key), outcome.error()});
  };
  note("tls_ciphers", set_ciphers(context, options.ciphers));
  note("tls_curves", set_groups(context, options.curves));
  note("client_ca", check_clients(context, options));
}

}  // namespace

// What OpenSSL calls in the course of a handshake.
struct ServerCalls {
  static const ServerContext& of(SSL* ssl) {
    return *static_cast<const ServerContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  }

  static int choose_certificate(SSL* ssl, int*, void*) noexcept {
    const ServerContext& self = of(ssl);
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const std::size_t set = name != nullptr ? self.store_.find(name) : 0;
    if (set != 0) SSL_set_SSL_CTX(ssl, self.contexts_[set].get());
    return SSL_TLSEXT_ERR_OK;
  }

  static int choose_protocol(SSL* ssl, const unsigned char** chosen, unsigned char* size,
                             const unsigned char* offered, unsigned offered_size, void*) noexcept {
    const std::string& ours = of(ssl).alpn_;
    const int outcome =
        SSL_select_next_proto(const_cast<unsigned char**>(chosen), size,
                              reinterpret_cast<const unsigned char*>(ours.data()),
                              static_cast<unsigned>(ours.size()), offered, offered_size);
    // RFC 7301 §3.2: who offers only what we do not speak is told so.
    return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  static int staple(SSL* ssl, void*) noexcept {
    const X509* shown = SSL_get_certificate(ssl);
    for (const Certificate& certificate : of(ssl).certificates_) {
      if (certificate.leaf.get() != shown) continue;
      const bool is_over =
          certificate.ocsp_until != 0 && certificate.ocsp_until <= std::time(nullptr);
      if (certificate.ocsp.empty() || is_over) break;
      void* copy = OPENSSL_memdup(certificate.ocsp.data(), certificate.ocsp.size());
      PROX_ASSERT(copy != nullptr);
      SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(certificate.ocsp.size()));
      return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
  }

  // RFC 5077 §4: 1 to go on, 2 to go on and give a new ticket, 0 for a ticket of no use, -1 for our failure.
  static int use_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv,
                            EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int seals) noexcept {
    const TicketKeys& keys = of(ssl).keys_;
    const TicketKeys::Key* key = seals != 0 ? &keys.current() : keys.find(name);
    if (key == nullptr) return 0;
    if (seals != 0) {
      std::memcpy(name, key->name.data(), key->name.size());
      if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1) return -1;
    }
    if (EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv, seals) != 1)
      return -1;
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(
            OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key->mac.data()), key->mac.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end()};
    if (EVP_MAC_CTX_set_params(mac, parameters) != 1) return -1;
    return seals != 0 || key == &keys.current() ? 1 : 2;
  }
};

ServerContext::ServerContext(std::vector<Certificate> certificates, const TicketKeys& keys,
                             const std::vector<std::string>& alpn)
    : certificates_(std::move(certificates)),
      store_(certificates_),
      keys_(keys),
      alpn_(alpn_wire_form(alpn)) {}

std::unique_ptr<ServerContext> ServerContext::make(const ServerOptions& options,
                                                   std::vector<Certificate> certificates,
                                                   const TicketKeys& keys,
                                                   std::vector<OptionProblem>& problems) {
  std::unique_ptr<ServerContext> made(
      new ServerContext(std::move(certificates), keys, options.alpn));
  return made->make_contexts(options, problems) ? std::move(made) : nullptr;
}

void ServerContext::check(const ServerOptions& options, std::vector<OptionProblem>& problems) {
  const SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  PROX_ASSERT(context != nullptr);
  apply(options, *context, problems);
}

bool ServerContext::make_contexts(const ServerOptions& options,
                                  std::vector<OptionProblem>& problems) {
  const std::size_t before = problems.size();
  for (const CertStore::Set& set : store_.sets()) {
    SslContextPtr& context = contexts_.emplace_back(SSL_CTX_new(TLS_server_method()));
    PROX_ASSERT(context != nullptr);
    set_basics(*context);
    // Requests tell their own length, so an end without close_notify cuts nothing off unseen; what was answered can still be sent.
    SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (options.min_version == Version::Tls13)
      SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
    // Tickets keep sessions where they cost us nothing: with the client.
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(context.get(), kSessionSeconds);
    // A second one would be for clients that open several connections at once; each of these gets its own.
    SSL_CTX_set_num_tickets(context.get(), 1);
    SSL_CTX_set_app_data(context.get(), this);
    SSL_CTX_set_tlsext_servername_callback(context.get(), &ServerCalls::choose_certificate);
    SSL_CTX_set_tlsext_status_cb(context.get(), &ServerCalls::staple);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context.get(), &ServerCalls::use_ticket_key);
    if (!alpn_.empty())
      SSL_CTX_set_alpn_select_cb(context.get(), &ServerCalls::choose_protocol, nullptr);
    apply(options, *context, problems);
    show(*context, set, problems);
    if (problems.size() > before) return false;
  }
  return true;
}

bool ServerContext::show(SSL_CTX& context, const CertStore::Set& set,
                         std::vector<OptionProblem>& problems) const {
  for (const std::size_t index : set) {
    const Certificate& certificate = certificates_[index];
    clear_errors();
    bool is_taken = SSL_CTX_use_certificate(&context, certificate.leaf.get()) == 1 &&
                    SSL_CTX_use_PrivateKey(&context, certificate.key.get()) == 1 &&
                    SSL_CTX_clear_chain_certs(&context) == 1;
    for (const X509Ptr& link : certificate.chain)
      is_taken = is_taken && SSL_CTX_add1_chain_cert(&context, link.get()) == 1;
    if (is_taken) continue;
    problems.push_back(
        {"tls_cert", fmt::format("\"{}\": {}", certificate.file, reason_of_last_error())});
    return false;
  }
  return true;
}

SslPtr ServerContext::new_connection() const {
  SslPtr ssl(SSL_new(contexts_.front().get()));
  PROX_ASSERT(ssl != nullptr);  // out of memory
  SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace prox::tls
