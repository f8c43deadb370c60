#pragma once

#include <span>
#include <string>
#include <vector>

#include <tl/expected.hpp>

struct ssl_ctx_st;

// What contexts of both roles set up alike. The error of each is the reason as people read it.
namespace prox::tls {

using Outcome = tl::expected<void, std::string>;

// What no key of the config changes: buffers, renegotiation, compression.
void set_basics(ssl_ctx_st& context);
// Names of TLS 1.2 and 1.3 suites mixed, OpenSSL's or IANA's. A version that the list names no suite of keeps its defaults.
Outcome set_ciphers(ssl_ctx_st& context, std::span<const std::string> names);
Outcome set_groups(ssl_ctx_st& context, std::span<const std::string> names);
// Authorities whose certificates are trusted, from a PEM file.
Outcome trust(ssl_ctx_st& context, const std::string& ca_file);
// Each name behind its length in one byte (RFC 7301 §3.1).
std::string alpn_wire_form(std::span<const std::string> names);

}  // namespace prox::tls
