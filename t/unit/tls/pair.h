#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.h"
#include "prox/tls/certificate.h"

namespace prox::test {

// A directory that goes with its object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    char name[] = "/tmp/prox-tls-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

enum class KeyKind { Ec, Rsa };

// A self-signed certificate for the names of `alternatives` ("DNS:a.test,IP:127.0.0.1"; empty: none), good for `seconds` from now on.
inline tls::Certificate make_certificate(const std::string& alternatives,
                                         KeyKind kind = KeyKind::Ec,
                                         long seconds = 365 * 24 * 3600) {
  tls::Certificate made;
  made.key.reset(kind == KeyKind::Ec ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048));
  made.leaf.reset(X509_new());
  X509& x509 = *made.leaf;
  X509_set_version(&x509, X509_VERSION_3);
  static long serial = 0;
  ASN1_INTEGER_set(X509_get_serialNumber(&x509), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(&x509), seconds < 0 ? 2 * seconds : -60);
  X509_gmtime_adj(X509_getm_notAfter(&x509), seconds);
  X509_set_pubkey(&x509, made.key.get());
  X509_NAME* name = X509_get_subject_name(&x509);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(&x509, name);
  if (!alternatives.empty()) {
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternatives.c_str());
    REQUIRE(extension != nullptr);
    X509_add_ext(&x509, extension, -1);
    X509_EXTENSION_free(extension);
  }
  REQUIRE(X509_sign(&x509, made.key.get(), EVP_sha256()) != 0);
  return made;
}

inline void write_pem(const std::string& path, const tls::Certificate* certificate,
                      const tls::Certificate* key) {
  std::FILE* file = std::fopen(path.c_str(), "we");
  REQUIRE(file != nullptr);
  if (certificate != nullptr) PEM_write_X509(file, certificate->leaf.get());
  if (key != nullptr)
    PEM_write_PrivateKey(file, key->key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
}

// <base>.crt and <base>.key.
inline void write_pair(const TemporaryDirectory& directory, const std::string& base,
                       const tls::Certificate& certificate) {
  write_pem(directory / (base + ".crt"), &certificate, nullptr);
  write_pem(directory / (base + ".key"), nullptr, &certificate);
}

}  // namespace prox::test
