#include "master/candidate.h"

#include "master/certificate_paths.h"

namespace prox::master {

Candidate load_candidate(const Options& options, const tls::TicketKeys& keys) {
  Candidate candidate;
  ::clock_gettime(CLOCK_REALTIME, &candidate.began);
  candidate.loaded = config::load({options.config_path, options.prefix, config::Purpose::Serve});
  enter_certificates(candidate.loaded.watched);
  if (candidate.loaded.config) {
    candidate.environment = examine(*candidate.loaded.config, config::Purpose::Serve,
                                    options.workers, candidate.loaded.diagnostics);
    warn_of_writers(candidate.loaded.watched, candidate.environment.credentials,
                    candidate.loaded.diagnostics);
    candidate.tls = load_tls(*candidate.loaded.config, config::Purpose::Serve, keys,
                             candidate.loaded.diagnostics);
  }
  return candidate;
}

LogSettings log_settings(const Options& options, const config::Config& config) {
  const config::Logging& logging = config.logging;
  LogSettings settings;
  const auto configured = logging.level ? base::log::parse_level(*logging.level) : std::nullopt;
  settings.level = options.level ? *options.level : configured.value_or(settings.level);
  if (logging.format == config::LogFormat::Json) settings.format = base::log::Format::Json;
  if (logging.error_log) settings.error_log = logging.error_log->resolved;
  return settings;
}

}  // namespace prox::master
