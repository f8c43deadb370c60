#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "prox/tls/handles.h"

namespace prox::tls {

// What is wrong with a certificate, or with its key or OCSP response.
struct Problem {
  enum class Of : std::uint8_t { Certificate, Key, Ocsp };

  Of of = Of::Certificate;
  std::string file;    // of the certificate, or the directory
  std::string reason;  // "Permission denied", "it holds no certificate"
  bool is_warning = false;
};

// A server's certificate with its chain and key, checked to belong together.
struct Certificate {
  std::string file;  // as it was found, for logs and messages
  X509Ptr leaf;
  std::vector<X509Ptr> chain;  // what follows the leaf in the file
  KeyPtr key;
  std::vector<std::string>
      names;  // DNS names of its subjectAltName, lower case; "*.a.test" for a wildcard
  std::time_t not_after = 0;
  std::string ocsp;            // the response to staple, DER; empty: none
  std::time_t ocsp_until = 0;  // when that ends; 0: it does not say
};

struct CertificateFiles {
  std::string certificate;  // PEM file, leaf first, or a directory of pairs
  std::string key;          // PEM file; unused for a directory
  std::string
      ocsp;  // DER file; empty: the certificate's name with the ending .ocsp, if that is there
};

// What one service's certificate files hold. If a problem is an error, the certificates are not complete.
struct LoadedCertificates {
  std::vector<Certificate>
      certificates;  // a directory's by file name: the first is for clients that name no known host
  std::vector<Problem> problems;
  std::vector<std::string>
      files;  // what was read, and the directory: a change of these changes the outcome

  bool has_errors() const;
};

// Reads a pair, or from a directory all *.crt and *.pem, each with the .key of the same name beside it; a .pem may hold its key itself.
// Warns of what has expired at `now` or does within 14 days. Never asks for a passphrase.
LoadedCertificates load_certificates(const CertificateFiles& from, std::time_t now);

// Whether `name`, lower case, is one of a certificate's `names`, exactly or by a wildcard for its first label.
bool covers(const Certificate& certificate, std::string_view name);

}  // namespace prox::tls
