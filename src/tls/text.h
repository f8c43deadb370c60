#pragma once

#include <string>
#include <string_view>

struct x509_st;

// What OpenSSL knows, as text for logs, diagnostics and templates.
namespace prox::tls {

// Makes the error queue empty, so that the next call's outcome is its own.
void clear_errors();
// The reason of the first error in the queue, which is emptied. Lives as long as the process.
std::string_view reason_of_last_error();
// Why a certificate was not trusted, for an X509_V_ERR code. Lives as long as the process.
std::string_view verification_failure(long code);
// RFC 4514: "CN=bob,O=Example".
std::string subject_of(const x509_st& certificate);
// SHA-256, lower-case hex.
std::string fingerprint_of(const x509_st& certificate);
std::string to_hex(std::string_view bytes);

}  // namespace prox::tls
