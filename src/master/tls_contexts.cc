#include "prox/master/tls_contexts.h"

#include <algorithm>
#include <ctime>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "prox/http/fields.h"
#include "prox/routing/pattern.h"

namespace prox::master {

namespace {

std::vector<std::string> values_of(const config::Texts& texts) {
  std::vector<std::string> values;
  for (const config::Text& text : texts) values.push_back(text.value);
  return values;
}

std::string path_of(const std::optional<config::Path>& path) {
  return path ? path->resolved : std::string();
}

tls::ClientAuth client_auth_of(const config::TlsSettings& settings) {
  if (!settings.client_ca) return tls::ClientAuth::None;
  const auto asked = settings.client_auth.value_or(config::ClientAuth::Require);
  return asked == config::ClientAuth::Require ? tls::ClientAuth::Require
                                              : tls::ClientAuth::Optional;
}

tls::ServerOptions options_of(const config::Service& service) {
  tls::ServerOptions options;
  options.service = service.name.value;
  options.min_version = service.tls.min_version == config::TlsVersion::Tls13 ? tls::Version::Tls13
                                                                             : tls::Version::Tls12;
  options.ciphers = values_of(service.tls.ciphers);
  options.curves = values_of(service.tls.curves);
  options.alpn = {"http/1.1", "http/1.0"};
  if (service.h2) options.alpn.insert(options.alpn.begin(), "h2");
  options.client_ca = path_of(service.tls.client_ca);
  options.client_auth = client_auth_of(service.tls);
  return options;
}

// Whether a route's domain pattern and a certificate have a host in common.
bool have_common_host(const std::string& pattern, const tls::Certificate& certificate) {
  const routing::DomainPattern domain(pattern);
  return std::any_of(certificate.names.begin(), certificate.names.end(),
                     [&](std::string name) {
                       if (name.starts_with('*')) name.front() = 'x';
                       return domain.matches(name);
                     }) ||
         tls::covers(certificate, pattern);
}

// Where problems go, and as what.
struct Report {
  config::Purpose purpose;
  config::Diagnostics& diagnostics;

  void problem(config::Place place, std::string message) const {
    if (purpose != config::Purpose::Serve) return warning(place, std::move(message));
    diagnostics.error("tls-load", place, std::move(message));
  }
  void warning(config::Place place, std::string message) const {
    diagnostics.warning("tls-load", place, std::move(message));
  }
};

class ServiceLoader {
 public:
  ServiceLoader(const config::Service& service, const Report& report)
      : service_(service), settings_(service.tls), report_(report) {}

  std::unique_ptr<const tls::ServerContext> load(const tls::TicketKeys& keys) {
    tls::LoadedCertificates loaded = tls::load_certificates(
        {settings_.cert->resolved, path_of(settings_.key), path_of(settings_.ocsp_file)},
        std::time(nullptr));
    for (const tls::Problem& problem : loaded.problems) {
      const std::string message =
          fmt::format("certificate \"{}\": {}", problem.file, problem.reason);
      if (problem.is_warning) {
        report_.warning(place_of(problem.of), message);
      } else {
        report_.problem(place_of(problem.of), message);
      }
    }
    for (const tls::Certificate& certificate : loaded.certificates) warn_if_unused(certificate);
    std::unique_ptr<const tls::ServerContext> context;
    std::vector<tls::OptionProblem> problems;
    if (loaded.has_errors()) {
      tls::ServerContext::check(options_of(service_), problems);
    } else {
      context = tls::ServerContext::make(options_of(service_), std::move(loaded.certificates), keys,
                                         problems);
    }
    for (const tls::OptionProblem& problem : problems)
      report_.problem(place_of(problem.key), fmt::format("{}: {}", problem.key, problem.reason));
    return context;
  }

 private:
  // A directory has its keys and OCSP responses in it.
  config::Place place_of(tls::Problem::Of of) const {
    if (of == tls::Problem::Of::Key && settings_.key) return settings_.key->written.place;
    if (of == tls::Problem::Of::Ocsp && settings_.ocsp_file)
      return settings_.ocsp_file->written.place;
    return settings_.cert->written.place;
  }

  config::Place place_of(std::string_view key) const {
    if (key == "tls_ciphers" && !settings_.ciphers.empty()) return settings_.ciphers.front().place;
    if (key == "tls_curves" && !settings_.curves.empty()) return settings_.curves.front().place;
    if (key == "client_ca" && settings_.client_ca) return settings_.client_ca->written.place;
    return settings_.cert->written.place;
  }

  // A name that no route is for is most likely a route, or a certificate, that was forgotten.
  void warn_if_unused(const tls::Certificate& certificate) {
    for (const config::Route& route : service_.routes) {
      const bool takes_all = !route.match || !route.match->domain;
      if (takes_all || have_common_host(route.match->domain->value, certificate)) return;
    }
    report_.warning(
        settings_.cert->written.place,
        fmt::format("certificate \"{}\": it is for no domain that a route of this service is for",
                    certificate.file));
  }

  const config::Service& service_;
  const config::TlsSettings& settings_;
  const Report& report_;
};

// A scheme that the route's variables give is not known here.
bool may_be_https(std::string_view upstream) {
  const std::string_view scheme = upstream.substr(0, upstream.find("://"));
  return scheme.find('{') != std::string_view::npos || http::equal_ignoring_case(scheme, "https") ||
         http::equal_ignoring_case(scheme, "wss");
}

config::Place place_of(const config::UpstreamTls& settings, std::string_view key) {
  if (key == "alpn") return settings.alpn.front().place;
  if (key == "ca") return settings.ca->written.place;
  if (key == "key" && settings.key) return settings.key->written.place;
  return settings.cert->written.place;
}

std::unique_ptr<const tls::ClientContext> load_upstream(const config::ProxyAction& action,
                                                        const Report& report) {
  const config::UpstreamTls& settings = action.tls;
  tls::ClientOptions options;
  options.ca = path_of(settings.ca);
  options.server_name = settings.server_name ? settings.server_name->value : std::string();
  options.insecure_skip_verify = settings.insecure_skip_verify;
  options.cert = path_of(settings.cert);
  options.key = settings.key ? settings.key->resolved : options.cert;
  options.alpn = values_of(settings.alpn);
  std::vector<tls::OptionProblem> problems;
  auto context = tls::ClientContext::make(options, problems);
  for (const tls::OptionProblem& problem : problems) {
    report.problem(place_of(settings, problem.key),
                   fmt::format("{}: {}", problem.key, problem.reason));
  }
  return context;
}

}  // namespace

TlsContexts load_tls(const config::Config& config, config::Purpose purpose,
                     const tls::TicketKeys& keys, config::Diagnostics& diagnostics) {
  const Report report{purpose, diagnostics};
  TlsContexts contexts;
  for (const config::Service& service : config.services) {
    std::unique_ptr<const tls::ServerContext>& context = contexts.services.emplace_back();
    if (service.tls.on && service.tls.cert) context = ServiceLoader(service, report).load(keys);
  }
  for (const config::Action& action : config.actions) {
    std::unique_ptr<const tls::ClientContext>& context = contexts.actions.emplace_back();
    const auto* proxy = action.as<config::ProxyAction>();
    if (proxy != nullptr && may_be_https(proxy->connecting.upstream.value))
      context = load_upstream(*proxy, report);
  }
  diagnostics.sort();
  return contexts;
}

void check_tls(const config::Config& config, config::Purpose purpose,
               config::Diagnostics& diagnostics) {
  // Nothing is sealed with them.
  if (const auto keys = tls::TicketKeys::map()) load_tls(config, purpose, *keys, diagnostics);
}

}  // namespace prox::master
