#include "cli/request.h"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/words.h"
#include "prox/config/listen_address.h"
#include "prox/http/fields.h"
#include "prox/http/host.h"

namespace prox::cli {

namespace {

using config::Config;
using config::ListenAddress;
using config::Service;

tl::unexpected<std::string> refuse(std::string why) {
  return tl::unexpected<std::string>(std::move(why));
}

std::optional<std::uint16_t> to_port(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
    return std::nullopt;
  return port;
}

std::optional<std::uint16_t> port_of(const ListenAddress& address) {
  if (address.kind == ListenAddress::Kind::Unix) return std::nullopt;
  if (const auto port = to_port(address.port)) return port;
  const servent* known = ::getservbyname(address.port.c_str(), "tcp");
  if (known == nullptr) return std::nullopt;
  return ntohs(static_cast<std::uint16_t>(known->s_port));
}

// `web (:8080), api (:8081)`
std::string listed(const std::vector<const Service*>& services) {
  std::vector<std::string> words;
  for (const Service* service : services)
    words.push_back(fmt::format("{} ({})", service->name.value, service->listen.value));
  return fmt::format("{}", fmt::join(words, ", "));
}

std::vector<const Service*> all_of(const Config& config) {
  std::vector<const Service*> services;
  for (const Service& service : config.services) services.push_back(&service);
  return services;
}

tl::expected<Choice, std::string> find_named(const Config& config, std::string_view name) {
  Words known;
  for (const Service& service : config.services) {
    if (service.name.value == name) return Choice{&service, {}};
    known.push_back(service.name.value);
  }
  return refuse(fmt::format("no service is named \"{}\"{}", name, did_you_mean(name, known)));
}

// Those that listen on the URL's port. Several can: then one that listens on the very address that the URL has for its host stands out.
std::vector<const Service*> on_port_of(const Config& config, const Url& url) {
  std::vector<const Service*> services;
  for (const Service& service : config.services) {
    const auto address = config::parse_listen(service.listen.value);
    if (!address || port_of(*address) != url.port) continue;
    const std::string host = address->kind == ListenAddress::Kind::Ipv6
                                 ? fmt::format("[{}]", address->host)
                                 : address->host;
    if (host == http::without_port(url.authority)) return {&service};
    services.push_back(&service);
  }
  return services;
}

bool has_line_break(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos;
}

std::string with_port(const Url& url) {
  return url.has_port ? url.authority : fmt::format("{}:{}", url.authority, url.port);
}

std::string target_of(const Question& question, const Url& url) {
  if (!question.target.empty()) return question.target;
  if (question.method == "CONNECT") return with_port(url);
  if (question.proxy) return fmt::format("{}://{}{}", url.scheme, url.authority, url.rest);
  return url.rest;
}

// The service whose `http_redirect` has the port.
const Service* redirecting_from(const Config& config, std::uint16_t port) {
  for (const Service& service : config.services) {
    if (!service.tls.on || !service.tls.http_redirect) continue;
    const auto address = config::parse_listen(service.tls.http_redirect->value);
    if (address && port_of(*address) == port) return &service;
  }
  return nullptr;
}

tl::expected<Choice, std::string> find_by_port(const Config& config, const Url& url) {
  const std::vector<const Service*> services = on_port_of(config, url);
  if (services.size() == 1) return Choice{services.front(), {}};
  if (services.size() > 1)
    return refuse(fmt::format("several services listen on port {}; choose one with -service: {}",
                              url.port, listed(services)));
  if (const Service* service = redirecting_from(config, url.port))
    return Choice{service, fmt::format("port {} answers 308 and leads to this service", url.port)};
  const std::string none = fmt::format("no service listens on port {}", url.port);
  if (!url.has_port && config.services.size() == 1)
    return Choice{&config.services.front(), none + "; this is the only service"};
  return refuse(fmt::format("{}; choose one with -service: {}", none, listed(all_of(config))));
}

bool has_pass_route(const Config& config, const Service& service) {
  return std::any_of(service.routes.begin(), service.routes.end(), [&](const config::Route& route) {
    return config.find_action(route.action.value)->type() == config::ActionType::Pass;
  });
}

bool wants_tls(const Url& url) { return url.scheme == "https" || url.scheme == "wss"; }

}  // namespace

tl::expected<Url, std::string> parse_url(std::string_view text) {
  Url url;
  const std::size_t colon = text.find("://");
  url.scheme = colon == text.npos ? "http" : std::string(text.substr(0, colon));
  if (!wants_tls(url) && url.scheme != "http" && url.scheme != "ws")
    return refuse(
        fmt::format("\"{}\" is not a URL that prox serves: its scheme is not http or https", text));
  url.port = wants_tls(url) ? 443 : 80;
  if (colon != text.npos) text.remove_prefix(colon + 3);
  text = text.substr(0, text.find('#'));  // no client sends the fragment
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  url.authority = text.substr(0, end);
  url.rest = text.substr(end);
  if (!url.rest.starts_with('/')) url.rest.insert(0, "/");
  if (url.authority.empty()) return refuse("the URL has no host");
  if (url.authority.find('@') != std::string::npos)
    return refuse("leave the user name out of the URL: clients send it in a field");
  const std::size_t host_end = http::without_port(url.authority).size();
  if (host_end + 1 >= url.authority.size()) return url;  // no port, or an empty one
  const auto port = to_port(std::string_view(url.authority).substr(host_end + 1));
  if (!port)
    return refuse(fmt::format("the port of \"{}\" is not a number up to 65535", url.authority));
  url.port = *port;
  url.has_port = true;
  return url;
}

tl::expected<Choice, std::string> choose_service(const Config& config, const Url& url,
                                                 std::string_view name) {
  auto choice = name.empty() ? find_by_port(config, url) : find_named(config, name);
  // A client that did what the URL says would get no answer from a route; which one it would be is worth telling all the same.
  if (choice && choice->service->tls.on != wants_tls(url)) {
    choice->note += fmt::format("{}the service speaks {}TLS, and the URL is {}",
                                choice->note.empty() ? "" : "; ",
                                choice->service->tls.on ? "" : "no ", url.scheme);
  }
  return choice;
}

tl::expected<Choice, std::string> choose_service_for_hello(const Config& config,
                                                           const std::optional<Url>& url,
                                                           std::string_view name) {
  if (!name.empty()) return find_named(config, name);
  if (url) return find_by_port(config, *url);
  std::vector<const Service*> services;
  for (const Service& service : config.services) {
    if (has_pass_route(config, service)) services.push_back(&service);
  }
  if (services.empty()) services = all_of(config);
  if (services.size() == 1) return Choice{services.front(), {}};
  return refuse(
      fmt::format("there are several services; choose one with -service: {}", listed(services)));
}

tl::expected<std::string, std::string> write_head(const Question& question, const Url& url) {
  const std::string target = target_of(question, url);
  std::string fields;
  bool has_host = false;
  for (const std::string& header : question.headers) {
    const std::size_t colon = header.find(':');
    if (colon == std::string::npos || has_line_break(header))
      return refuse(fmt::format("\"{}\" is not a field; write 'Name: value'", header));
    has_host = has_host || http::equal_ignoring_case(header.substr(0, colon), "Host");
    fields += header + "\r\n";
  }
  if (has_line_break(target) || has_line_break(question.method) || has_line_break(url.authority))
    return refuse("a request line cannot hold a line break");
  if (!has_host) fields.insert(0, fmt::format("Host: {}\r\n", url.authority));
  return fmt::format("{} {} HTTP/1.1\r\n{}\r\n", question.method, target, fields);
}

}  // namespace prox::cli
