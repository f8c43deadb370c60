#pragma once

#include <ctime>
#include <string>

#include "prox/base/log.h"
#include "prox/config/loader.h"
#include "prox/master/environment.h"
#include "prox/master/master.h"
#include "prox/master/tls_contexts.h"

namespace prox::master {

// A config that was read and may become a generation.
struct Candidate {
  timespec began{};  // CLOCK_REALTIME before the first file was read
  config::LoadResult loaded;
  Environment environment;
  TlsContexts tls;

  bool is_accepted() const { return loaded.config && !loaded.diagnostics.has_errors(); }
  const config::Config& config() const { return *loaded.config; }
};

// `keys` outlives it.
Candidate load_candidate(const Options& options, const tls::TicketKeys& keys);

// What the log is while a config is in force.
struct LogSettings {
  base::log::Level level = base::log::Level::Info;
  base::log::Format format = base::log::Format::Text;
  std::string error_log;  // path; empty: none
};
LogSettings log_settings(const Options& options, const config::Config& config);

}  // namespace prox::master
