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

base::log::Level log_level(const Options& options, const config::Config& config) {
  if (options.level) return *options.level;
  const auto configured =
      config.logging.level ? base::log::parse_level(*config.logging.level) : std::nullopt;
  return configured.value_or(base::log::Level::Info);
}

}  // namespace prox::master
