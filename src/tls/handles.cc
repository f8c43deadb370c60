#include "prox/tls/handles.h"

#include <openssl/ssl.h>

namespace prox::tls {

void Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }
void Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }
void Free::operator()(ssl_session_st* session) const { SSL_SESSION_free(session); }
void Free::operator()(ssl_st* connection) const { SSL_free(connection); }
void Free::operator()(x509_st* certificate) const { X509_free(certificate); }

}  // namespace prox::tls
