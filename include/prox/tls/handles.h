#pragma once

#include <memory>

// OpenSSL's own names for what its headers call SSL, SSL_CTX and so on: who only holds one need not see those headers.
struct evp_pkey_st;
struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;
struct x509_st;

namespace prox::tls {

struct Free {
  void operator()(evp_pkey_st* key) const;
  void operator()(ssl_ctx_st* context) const;
  void operator()(ssl_session_st* session) const;
  void operator()(ssl_st* connection) const;
  void operator()(x509_st* certificate) const;
};

using KeyPtr = std::unique_ptr<evp_pkey_st, Free>;
using SslContextPtr = std::unique_ptr<ssl_ctx_st, Free>;
using SessionPtr = std::unique_ptr<ssl_session_st, Free>;
using SslPtr = std::unique_ptr<ssl_st, Free>;
using X509Ptr = std::unique_ptr<x509_st, Free>;

}  // namespace prox::tls
