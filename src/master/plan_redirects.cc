#include "master/plan_redirects.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "prox/actions/redirect.h"

namespace prox::master {

namespace {

constexpr int kStatus = 308;
constexpr std::uint16_t kHttpsPort = 443;

std::uint16_t port_of(const worker::Plan& plan, std::uint32_t service) {
  const auto listener = std::find_if(plan.listeners.begin(), plan.listeners.end(),
                                     [service](const worker::Listener& each) {
                                       return each.service == service && !each.redirects;
                                     });
  return listener == plan.listeners.end() ? 0 : listener->port;
}

// The port of a Unix socket is that of whoever stands before it: most likely the usual one.
std::string location(std::uint16_t port) {
  if (port == kHttpsPort || port == 0) return "https://{domain}{uri}";
  return fmt::format("https://{{domain}}:{}{{uri}}", port);
}

// The secure service's `response_headers` are not for these answers: what tells browsers to use https alone may not come over plain
// HTTP (RFC 6797 §7.2).
std::unique_ptr<exchange::Service> redirect_to(const exchange::Service& secure,
                                               std::uint16_t port) {
  auto service = std::make_unique<exchange::Service>();
  service->name = secure.name;
  service->limits = secure.limits;
  service->h2 = secure.h2;
  service->access = secure.access;
  std::vector<routing::RouteMatch> matches(2);
  matches[1].forward_proxy = true;  // requests with a whole URL match no other route
  for (std::size_t i = 0; i < matches.size(); ++i) {
    exchange::Route route;
    route.id = fmt::format("{}:http_redirect", secure.name);
    route.action =
        std::make_unique<actions::RedirectAction>(routing::Template(location(port), {}), kStatus);
    route.access = secure.access;
    service->routes.push_back(std::move(route));
  }
  service->router = routing::Router(std::move(matches));
  return service;
}

}  // namespace

void add_redirects(worker::Plan& plan) {
  std::vector<std::uint32_t> made(plan.services.size(), 0);  // by the secure service; 0: none yet
  for (worker::Listener& listener : plan.listeners) {
    if (!listener.redirects) continue;
    std::uint32_t& redirect = made[listener.service];
    if (redirect == 0) {
      redirect = static_cast<std::uint32_t>(plan.services.size());
      plan.services.push_back(
          redirect_to(*plan.services[listener.service], port_of(plan, listener.service)));
      plan.tls.push_back(nullptr);
    }
    listener.service = redirect;
  }
}

}  // namespace prox::master
