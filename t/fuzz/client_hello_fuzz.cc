// The first byte is how the rest is cut into pieces and records; the rest are a TLS client's first bytes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "prox/base/assert.h"
#include "prox/tls/client_hello.h"

namespace {

using namespace prox;
using base::Slice;
using tls::ClientHelloParser;

struct Outcome {
  std::optional<std::size_t> missing;  // none: refused
  std::string name;
  std::vector<std::string> protocols;
};

// The bytes lie in a place without one to spare.
Outcome parse(ClientHelloParser& parser, Slice bytes) {
  const std::unique_ptr<char[]> place(new char[bytes.size()]);
  bytes.copy(place.get(), bytes.size());
  const base::Result<std::size_t> missing = parser.parse({place.get(), bytes.size()});
  if (!missing) return {};
  if (*missing > 0) return {*missing, {}, {}};
  const Slice name = parser.hello().server_name;
  PROX_ASSERT(name.size() <= 255 && name.find('\0') == Slice::npos);
  Outcome outcome{0, std::string(name), {}};
  for (const Slice protocol : parser.hello().protocols) {
    PROX_ASSERT(!protocol.empty() && protocol.size() <= 255);
    outcome.protocols.emplace_back(protocol);
  }
  return outcome;
}

Outcome parse(Slice bytes) {
  ClientHelloParser parser;
  return parse(parser, bytes);
}

// However the bytes come, the verdict is the same, and what is said to be missing is never more than it takes.
void check_pieces(Slice input, const Outcome& whole, std::uint32_t seed) {
  ClientHelloParser parser;
  std::size_t come = 0;
  std::size_t promised = 0;  // the least size at which it may be complete
  while (true) {
    const Outcome now = parse(parser, input.substr(0, come));
    if (!now.missing) {
      PROX_ASSERT(!whole.missing);
      return;
    }
    if (*now.missing == 0) {
      PROX_ASSERT(come >= promised);
      PROX_ASSERT(whole.missing == 0U && whole.name == now.name &&
                  whole.protocols == now.protocols);
      return;
    }
    PROX_ASSERT(come + *now.missing <= ClientHelloParser::kMaxBytes);
    promised = std::max(promised, come + *now.missing);
    if (come == input.size()) break;
    seed = seed * 1664525 + 1013904223;
    come = std::min<std::size_t>(input.size(), come + 1 + (seed >> 24) % 100);
  }
  PROX_ASSERT(whole.missing && *whole.missing > 0);
}

// The bytes inside the records, or none where one is not a whole handshake record.
std::optional<std::string> joined_records(Slice input) {
  std::string message;
  while (!input.empty()) {
    if (input.size() < 5 || input[0] != 0x16) return std::nullopt;
    const std::size_t length =
        static_cast<unsigned char>(input[3]) * 256U + static_cast<unsigned char>(input[4]);
    if (length == 0 || input.size() < 5 + length) return std::nullopt;
    message += input.substr(5, length);
    input.remove_prefix(5 + length);
  }
  return message;
}

// The same message in other records is the same hello.
void check_records(Slice input, const Outcome& whole, std::uint32_t seed) {
  if (whole.missing != 0U) return;
  const std::optional<std::string> message = joined_records(input);
  if (!message) return;
  std::string again;
  for (Slice rest = *message; !rest.empty();) {
    seed = seed * 1664525 + 1013904223;
    const Slice fragment = rest.substr(0, 1 + (seed >> 16) % 2000);
    again += "\x16\x03\x01";
    again += static_cast<char>(fragment.size() >> 8);
    again += static_cast<char>(fragment.size() & 0xff);
    again += fragment;
    rest.remove_prefix(fragment.size());
  }
  if (again.size() > ClientHelloParser::kMaxBytes) return;
  const Outcome other = parse(again);
  PROX_ASSERT(other.missing == 0U && other.name == whole.name &&
              other.protocols == whole.protocols);
}

// The name as OpenSSL sees it, if it takes the hello so far that it looks for a certificate.
std::optional<std::string> name_for_openssl(Slice input) {
  static SSL_CTX* context = [] {
    SSL_CTX* made = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(made, 0);
    SSL_CTX_set_security_level(made, 0);
    SSL_CTX_set_options(made, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_tlsext_servername_callback(
        made, +[](SSL* ssl, int*, void*) {
          const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
          *static_cast<std::optional<std::string>*>(SSL_get_app_data(ssl)) =
              name == nullptr ? "" : name;
          return SSL_TLSEXT_ERR_OK;
        });
    return made;
  }();
  std::optional<std::string> name;
  SSL* ssl = SSL_new(context);
  SSL_set_app_data(ssl, &name);
  SSL_set_bio(ssl, BIO_new_mem_buf(input.data(), static_cast<int>(input.size())),
              BIO_new(BIO_s_mem()));
  SSL_accept(ssl);
  SSL_free(ssl);
  return name;
}

// Where OpenSSL is more patient than RFC 8446 §5.1 (empty records, others in between) or than our limits, there is nothing to compare.
bool is_within_rules(Slice input) {
  std::size_t come = 0;
  std::size_t whole = 4;
  std::string message;
  while (message.size() < whole) {
    if (input.size() < 5 || input[0] != 0x16) return false;
    const std::size_t length =
        static_cast<unsigned char>(input[3]) * 256U + static_cast<unsigned char>(input[4]);
    if (length == 0 || length > 16384 || input.size() < 5 + length) return false;
    message += input.substr(5, length);
    input.remove_prefix(5 + length);
    come += 5 + length;
    if (message.size() >= 4) {
      whole = 4;
      for (int i = 1; i <= 3; ++i)
        whole += std::size_t{static_cast<unsigned char>(message[static_cast<std::size_t>(i)])}
                 << (8 * (3 - i));
    }
  }
  return whole <= ClientHelloParser::kMaxHelloBytes && come <= ClientHelloParser::kMaxBytes;
}

void check_against_openssl(Slice input, const Outcome& whole) {
  const std::optional<std::string> name = name_for_openssl(input);
  if (!name || !is_within_rules(input)) return;
  PROX_ASSERT(whole.missing == 0U);
  PROX_ASSERT(whole.name == *name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Slice input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = parse(input);
  check_pieces(input, whole, data[0] + 1U);
  check_records(input, whole, data[0] + 1U);
  check_against_openssl(input, whole);
  return 0;
}
