#include "cli/limits.h"

#include <array>
#include <chrono>
#include <optional>
#include <string_view>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "prox/config/network.h"

namespace prox::cli {

namespace {

using config::Duration;
using Words = std::vector<std::string>;

void add_time(Words& words, std::string_view what, Duration limit) {
  if (limit == Duration::zero()) return;
  words.push_back(fmt::format("{} {}", what, std::chrono::duration<double>(limit)));
}

void add_times(Words& words, const config::ServiceSettings& settings,
               const config::Action& action) {
  if (action.type() != config::ActionType::Pass) {
    add_time(words, "request within", settings.read_timeout);
    const bool head_is_sooner = settings.read_timeout == Duration::zero() ||
                                settings.header_timeout < settings.read_timeout;
    if (head_is_sooner) add_time(words, "its head within", settings.header_timeout);
    add_time(words, "response within", settings.write_timeout);
  }
  const config::Connecting* connecting = action.connecting();
  if (connecting == nullptr) return;
  const std::optional<Duration> dial =
      settings.dial_timeout ? settings.dial_timeout : connecting->timeout;
  if (dial) add_time(words, "connection to the upstream within", *dial);
  if (action.type() == config::ActionType::Proxy)
    add_time(words, "its response's head within", settings.response_header_timeout);
}

void add_speed(Words& words, const config::Speed& speed) {
  const std::string_view shared = speed.shared ? ", shared by all requests" : "";
  if (speed.download_mbps > 0)
    words.push_back(fmt::format("download {} Mbps{}", speed.download_mbps, shared));
  if (speed.upload_mbps > 0)
    words.push_back(fmt::format("upload {} Mbps{}", speed.upload_mbps, shared));
}

std::string listed(const config::Networks& networks) {
  Words words;
  for (const config::Network& network : networks) words.push_back(config::to_text(network));
  return fmt::format("{}", fmt::join(words, ", "));
}

void add_guards(Words& words, const config::Guards& guards) {
  if (guards.limit) {
    words.push_back(fmt::format("{} requests in {}, and {} at once, for each {}",
                                guards.limit->rate,
                                std::chrono::duration<double>(guards.limit->per),
                                guards.limit->burst, guards.limit->key.value));
  }
  if (!guards.deny.empty()) words.push_back("not from " + listed(guards.deny));
  if (!guards.allow.empty()) words.push_back("only from " + listed(guards.allow));
  if (guards.basic_auth) words.emplace_back("with a name and password");
}

}  // namespace

std::vector<std::string> plugins_of(const config::Service& service, const config::Route& route,
                                    const config::Action& action) {
  Words names;
  for (const config::Texts* list : {&service.plugins, &route.plugins, &action.plugins}) {
    for (const config::Text& name : *list) names.push_back(name.value);
  }
  return names;
}

std::vector<std::string> limits_of(const config::Service& service, const config::Route& route,
                                   const config::Action& action) {
  Words words;
  add_times(words, service.settings, action);
  if (service.settings.max_body_bytes > 0 && action.type() != config::ActionType::Pass)
    words.push_back(fmt::format("body of {} bytes", service.settings.max_body_bytes));
  add_guards(words, service.guards);
  add_guards(words, route.guards);
  if (route.speed) add_speed(words, *route.speed);
  return words;
}

std::string shown_balancer(const config::Balancer& balancer) {
  constexpr std::array<std::string_view, 5> kTypes = {"roundrobin", "random", "leastconn", "p2c",
                                                      "hash"};
  Words targets;
  for (const config::BalancerTarget& target : balancer.targets)
    targets.push_back(target.address.value + (target.backup ? " (backup)" : ""));
  return fmt::format(
      "{} over {}", kTypes[static_cast<std::size_t>(balancer.type)],
      targets.empty() ? "what plugins name" : fmt::format("{}", fmt::join(targets, ", ")));
}

}  // namespace prox::cli
