#include "prox/tls/client_context.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "prox/base/assert.h"
#include "tls/options.h"
#include "tls/pem.h"
#include "tls/text.h"

namespace prox::tls {

namespace {

bool is_ip_literal(const std::string& host) {
  unsigned char address[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, host.c_str(), address) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), address) == 1;
}

// TLS 1.3 brings tickets after the handshake, at any time (RFC 8446 §4.6.1). True: the session is ours now.
int keep_session(SSL* ssl, SSL_SESSION* session) noexcept {
  static_cast<SessionPtr*>(SSL_get_app_data(ssl))->reset(session);
  return 1;
}

void show(SSL_CTX& context, const std::string& cert, const std::string& key,
          std::vector<OptionProblem>& problems) {
  auto chain = read_certificates(cert);
  auto private_key = read_key(key);
  if (!chain) problems.push_back({"cert", fmt::format("\"{}\": {}", cert, chain.error())});
  if (!private_key)
    problems.push_back({"key", fmt::format("\"{}\": {}", key, private_key.error())});
  if (!chain || !private_key) return;
  clear_errors();
  bool is_taken = SSL_CTX_use_certificate(&context, chain->front().get()) == 1 &&
                  SSL_CTX_use_PrivateKey(&context, private_key->get()) == 1;
  for (std::size_t i = 1; i < chain->size(); ++i)
    is_taken = is_taken && SSL_CTX_add1_chain_cert(&context, (*chain)[i].get()) == 1;
  if (!is_taken)
    problems.push_back({"cert", fmt::format("\"{}\": {}", cert, reason_of_last_error())});
}

}  // namespace

std::unique_ptr<ClientContext> ClientContext::make(const ClientOptions& options,
                                                   std::vector<OptionProblem>& problems) {
  const std::size_t before = problems.size();
  std::unique_ptr<ClientContext> made(new ClientContext);
  made->make_context(options, problems);
  return problems.size() == before ? std::move(made) : nullptr;
}

void ClientContext::make_context(const ClientOptions& options,
                                 std::vector<OptionProblem>& problems) {
  server_name_ = options.server_name;
  verifies_ = !options.insecure_skip_verify;
  context_.reset(SSL_CTX_new(TLS_client_method()));
  PROX_ASSERT(context_ != nullptr);
  set_basics(*context_);
  SSL_CTX_set_session_cache_mode(context_.get(),
                                 SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context_.get(), &keep_session);
  if (verifies_) SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  if (options.ca.empty()) {
    SSL_CTX_set_default_verify_paths(context_.get());
  } else if (const Outcome trusted = trust(*context_, options.ca); !trusted) {
    problems.push_back({"ca", trusted.error()});
  }
  if (!options.cert.empty()) show(*context_, options.cert, options.key, problems);
  const auto has_no_wire_form = [](const std::string& name) {
    return name.empty() || name.size() > 255;
  };
  if (std::any_of(options.alpn.begin(), options.alpn.end(), has_no_wire_form))
    return problems.push_back({"alpn", "a name has 1 to 255 bytes"});
  alpn_ = alpn_wire_form(options.alpn);
}

SslPtr ClientContext::new_connection(const std::string& host, const std::string& protocol,
                                     SessionPtr& session) const {
  SslPtr ssl(SSL_new(context_.get()));
  PROX_ASSERT(ssl != nullptr);  // out of memory
  SSL_set_connect_state(ssl.get());
  const std::string& name = server_name_.empty() ? host : server_name_;
  if (is_ip_literal(name)) {
    // RFC 6066 §3: an address is no server name.
    if (verifies_) X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), name.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl.get(), name.c_str());
    if (verifies_) SSL_set1_host(ssl.get(), name.c_str());
  }
  const std::string offered = alpn_.empty() ? alpn_wire_form({&protocol, 1}) : alpn_;
  SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                      static_cast<unsigned>(offered.size()));
  SSL_set_app_data(ssl.get(), &session);
  if (session) SSL_set_session(ssl.get(), session.get());
  return ssl;
}

}  // namespace prox::tls
