#include "prox/tls/websocket_key.h"

#include <array>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "prox/base/assert.h"

namespace prox::tls {

namespace {

constexpr std::size_t kKeyBytes = 16;
constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 §1.3

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::string text((size + 2) / 3 * 4 + 1, '\0');  // OpenSSL puts a NUL behind it
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes, static_cast<int>(size));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

}  // namespace

std::string make_websocket_key() {
  std::array<unsigned char, kKeyBytes> bytes;
  PROX_ASSERT(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  return base64(bytes.data(), bytes.size());
}

std::string websocket_accept(std::string_view key) {
  const std::string proof = std::string(key).append(kGuid);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  PROX_ASSERT(EVP_Digest(proof.data(), proof.size(), digest.data(), &size, EVP_sha1(), nullptr) ==
              1);
  return base64(digest.data(), size);
}

}  // namespace prox::tls
