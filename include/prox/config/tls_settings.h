#pragma once

#include <cstdint>
#include <optional>

#include "prox/config/text.h"

namespace prox::config {

enum class TlsVersion : std::uint8_t { Tls12, Tls13 };
enum class ClientAuth : std::uint8_t { Require, Optional };

// How a service speaks TLS with its clients. Without `on` nothing else of it has an effect.
struct TlsSettings {
  bool on = false;
  std::optional<Path> cert;  // a file, or a directory of pairs
  std::optional<Path> key;   // none in directory mode
  TlsVersion min_version = TlsVersion::Tls12;
  Texts ciphers;  // empty: the library's choice
  Texts curves;   // the same
  std::optional<Path> client_ca;
  std::optional<ClientAuth> client_auth;  // none: clients need no certificate
  std::optional<Path> ocsp_file;
  std::optional<Text> http_redirect;  // address of a plain listener that redirects here

  bool operator==(const TlsSettings&) const = default;
};

}  // namespace prox::config
