#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "prox/tls/handles.h"
#include "prox/tls/server_context.h"

namespace prox::tls {

// How prox speaks TLS with an upstream.
struct ClientOptions {
  std::string ca;  // PEM file of authorities; empty: those of the system
  std::string
      server_name;  // name to ask for and to find in the certificate; empty: the target's host
  bool insecure_skip_verify = false;
  std::string cert;  // PEM files of our own certificate; empty: none is shown
  std::string key;
  std::vector<std::string> alpn;  // in order of preference; empty: each connection's own protocol
};

// The TLS side of upstreams that are spoken to alike. Made by the master; immutable afterwards.
class ClientContext {
 public:
  // None if there are problems; their keys are those of an action's `tls` block.
  static std::unique_ptr<ClientContext> make(const ClientOptions& options,
                                             std::vector<OptionProblem>& problems);
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  // The state of one connection to a target, whose host is a name or an IP literal, on which `protocol` ("h2") is to be spoken. Resumes
  // the session in `session`, if one is there, and puts the newest one there; outlived by it.
  SslPtr new_connection(const std::string& host, const std::string& protocol,
                        SessionPtr& session) const;

 private:
  ClientContext() = default;
  void make_context(const ClientOptions& options, std::vector<OptionProblem>& problems);

  SslContextPtr context_;
  std::string server_name_;
  std::string alpn_;  // as on the wire
  bool verifies_ = true;
};

}  // namespace prox::tls
