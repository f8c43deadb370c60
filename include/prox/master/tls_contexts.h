#pragma once

#include <memory>
#include <vector>

#include "prox/config/config.h"
#include "prox/config/diagnostic.h"
#include "prox/config/loader.h"
#include "prox/tls/client_context.h"
#include "prox/tls/server_context.h"
#include "prox/tls/ticket_keys.h"

namespace prox::master {

// What a config's services and actions speak TLS with: certificates and keys, read and checked.
struct TlsContexts {
  // By index in Config::services; null: plain.
  std::vector<std::unique_ptr<const tls::ServerContext>> services;
  // By index in Config::actions; null: no upstream of it can be https.
  std::vector<std::unique_ptr<const tls::ClientContext>> actions;
};

// Reads every certificate and key that the config names, and adds what is wrong with them to the diagnostics (tls-load): as warnings for
// Purpose::Validate, else as errors; what has expired or soon will is a warning for both. `keys` outlives what is returned.
TlsContexts load_tls(const config::Config& config, config::Purpose purpose,
                     const tls::TicketKeys& keys, config::Diagnostics& diagnostics);

// The same for whoever only wants to know what is wrong.
void check_tls(const config::Config& config, config::Purpose purpose,
               config::Diagnostics& diagnostics);

}  // namespace prox::master
