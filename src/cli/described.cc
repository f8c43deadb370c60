#include "cli/described.h"

#include <array>

#include <fmt/format.h>

#include "prox/config/network.h"
#include "prox/config/placeholders.h"
#include "prox/config/printable.h"

namespace prox::cli {

std::string_view to_word(config::ActionType type) {
  constexpr std::array<std::string_view, 6> kWords = {"proxy", "static", "serve",
                                                      "pass",  "drop",   "redirect"};
  return kWords[static_cast<std::size_t>(type)];
}

std::string shown_name(const config::Action& action) {
  return action.name.value.starts_with("_inline_") ? "(inline)" : action.name.value;
}

std::string destination(const config::Action& action, const config::Route& route) {
  if (const config::Connecting* connecting = action.connecting())
    return config::fill_in(connecting->upstream.value, route.set);
  if (const auto* answer = action.as<config::StaticAction>()) return std::to_string(answer->status);
  if (const auto* redirect = action.as<config::RedirectAction>())
    return fmt::format("{} {}", redirect->status, redirect->to.value);
  const auto* serve = action.as<config::ServeAction>();
  if (serve == nullptr) return {};
  const std::optional<config::Path>& place = serve->root ? serve->root : serve->file;
  return place ? place->written.value : std::string();
}

std::vector<std::string> more_conditions(const config::Match& match) {
  std::vector<std::string> words;
  const auto add = [&words](std::string_view what, const config::FieldCondition& condition) {
    const std::string& value = condition.value.value;
    words.push_back(
        condition.present
            ? fmt::format("{} {} {}", *condition.present ? "a" : "no", what, condition.name.value)
            : fmt::format("{} {}: {}", what, condition.name.value, value));
  };
  if (match.forward_proxy) words.emplace_back("forward_proxy");
  for (const config::FieldCondition& condition : match.headers) add("header", condition);
  for (const config::FieldCondition& condition : match.query) add("parameter", condition);
  std::vector<std::string> networks;
  for (const config::Network& network : match.client) networks.push_back(config::to_text(network));
  if (!networks.empty()) words.push_back(fmt::format("client {}", fmt::join(networks, ", ")));
  std::vector<std::string_view> protocols;
  for (const config::Text& protocol : match.alpn) protocols.push_back(protocol.value);
  if (!protocols.empty()) words.push_back(fmt::format("alpn {}", fmt::join(protocols, ", ")));
  return words;
}

std::string route_id(const config::Service& service, std::size_t index) {
  return fmt::format("{}:{}", service.name.value, index);
}

std::string show(const config::Sources& sources, config::Place place) {
  const config::Position position = sources.position(place);
  return fmt::format("{}:{}:{}", config::printable(sources.path(place.file)), position.line,
                     position.column);
}

}  // namespace prox::cli
