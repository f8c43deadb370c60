#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "prox/tls/cert_store.h"
#include "prox/tls/certificate.h"
#include "prox/tls/handles.h"
#include "prox/tls/ticket_keys.h"

namespace prox::tls {

enum class Version : std::uint8_t { Tls12, Tls13 };
enum class ClientAuth : std::uint8_t { None, Optional, Require };

// How a service speaks TLS with its clients. Empty lists mean the defaults.
struct ServerOptions {
  std::string service;  // its name: no session of another service is resumed
  Version min_version = Version::Tls12;
  std::vector<std::string>
      ciphers;  // names of TLS 1.2 and 1.3 suites, OpenSSL's or IANA's, in order of preference
  std::vector<std::string> curves;  // key exchange groups: "X25519", "P-256"
  std::vector<std::string> alpn;    // in order of preference; empty: no ALPN
  std::string client_ca;            // PEM file
  ClientAuth client_auth = ClientAuth::None;
};

// What is wrong with an option: its key in the config and why.
struct OptionProblem {
  std::string key;
  std::string reason;
};

// The TLS side of one service: an SSL_CTX for each set of certificates that a client may be shown, all alike otherwise. Made by the master,
// as root; immutable afterwards, and used by the workers.
class ServerContext {
 public:
  // `keys` outlives it. None if there are problems.
  static std::unique_ptr<ServerContext> make(const ServerOptions& options,
                                             std::vector<Certificate> certificates,
                                             const TicketKeys& keys,
                                             std::vector<OptionProblem>& problems);
  // Only what is wrong with the options, for a service whose certificates cannot be read.
  static void check(const ServerOptions& options, std::vector<OptionProblem>& problems);
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  // The state of one connection that waits for a ClientHello.
  SslPtr new_connection() const;
  const std::vector<Certificate>& certificates() const { return certificates_; }

 private:
  friend struct ServerCalls;

  ServerContext(std::vector<Certificate> certificates, const TicketKeys& keys,
                const std::vector<std::string>& alpn);
  bool make_contexts(const ServerOptions& options, std::vector<OptionProblem>& problems);
  bool show(ssl_ctx_st& context, const CertStore::Set& set,
            std::vector<OptionProblem>& problems) const;

  const std::vector<Certificate> certificates_;
  const CertStore store_;
  const TicketKeys& keys_;
  std::string alpn_;                     // as on the wire: each name behind its length
  std::vector<SslContextPtr> contexts_;  // by the store's sets
};

}  // namespace prox::tls
