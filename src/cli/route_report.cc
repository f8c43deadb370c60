#include "cli/route_report.h"

#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/described.h"
#include "cli/limits.h"
#include "cli/settings.h"
#include "cli/table.h"
#include "prox/config/printable.h"

namespace prox::cli {

using base::Json;
using config::Action;
using config::Route;

void print_line(std::string_view label, std::string_view text) {
  fmt::print("{:<10} {}\n", label, config::printable(text));
}

int fail(int status, const std::string& message) {
  fmt::print(stderr, "prox: {}\n", config::printable(message));
  return status;
}

namespace {

void print_capture(std::string_view name, const std::string& value) {
  if (!value.empty()) print_line("", fmt::format("{} = {}", name, value));
}

void print_list(std::string_view label, const std::vector<std::string>& words) {
  if (!words.empty()) print_line(label, fmt::format("{}", fmt::join(words, "; ")));
}

void print_fields(std::string_view message, const ShownFields& fields) {
  std::vector<std::string> words;
  if (!fields.set.empty()) words.push_back(fmt::format("sets {}", fmt::join(fields.set, ", ")));
  if (!fields.removed.empty())
    words.push_back(fmt::format("removes {}", fmt::join(fields.removed, ", ")));
  if (!words.empty())
    print_line("fields", fmt::format("of the {}: {}", message, fmt::join(words, "; ")));
}

void print_compression(const ShownCompression& compression) {
  if (compression.codings.empty()) return;
  print_line("compress", fmt::format("{}; bodies of {} bytes or more",
                                     fmt::join(compression.codings, ", "), compression.min_bytes));
}

Json fields_json(const ShownFields& fields) {
  return {{"set", fields.set}, {"removed", fields.removed}};
}

Json compression_json(const ShownCompression& compression) {
  if (compression.codings.empty()) return nullptr;
  return {{"codings", compression.codings}, {"min_bytes", compression.min_bytes}};
}

void print_match(const Route& route, const Winner& winner) {
  if (!route.match) return print_line("matches", "everything");
  const config::Match& match = *route.match;
  std::vector<std::string> parts;
  if (match.domain) parts.push_back(fmt::format("domain {}", match.domain->value));
  if (match.path) parts.push_back(fmt::format("path {}", match.path->value));
  std::vector<std::string_view> methods;
  for (const config::Text& method : match.methods) methods.push_back(method.value);
  if (!methods.empty()) parts.push_back(fmt::format("methods {}", fmt::join(methods, ", ")));
  for (std::string& condition : more_conditions(match)) parts.push_back(std::move(condition));
  print_line("matches", fmt::format("{}", fmt::join(parts, "; ")));
  print_capture("match.domain", winner.domain);
  print_capture("match.glob", winner.glob);
  print_capture("match.path", winner.path);
}

std::string_view label_of_destination(config::ActionType type) {
  switch (type) {
    case config::ActionType::Proxy:
    case config::ActionType::Pass: return "upstream";
    case config::ActionType::Static: return "status";
    case config::ActionType::Serve: return "files";
    case config::ActionType::Redirect: return "location";
    case config::ActionType::Drop: break;
  }
  return "";
}

}  // namespace

const Action& RouteReport::action_of(const Route& route) const {
  return *loaded_.config->find_action(route.action.value);
}

std::string RouteReport::place(config::Place place) const { return show(loaded_.sources, place); }

void RouteReport::print_service(const std::string& note) const {
  print_line("service", fmt::format("{} on {} at {}", service_.name.value, service_.listen.value,
                                    place(service_.name.place)));
  if (!note.empty()) print_line("", note);
}

void RouteReport::print_winner(const Winner& winner) const {
  const Route& route = service_.routes[winner.route];
  const Action& action = action_of(route);
  print_line("route",
             fmt::format("{} at {}", route_id(service_, winner.route), place(route.place)));
  print_match(route, winner);
  print_line("action", fmt::format("{} {} at {}", to_word(action.type()), shown_name(action),
                                   place(action.name.place)));
  for (const auto& [name, value] : route.set)
    print_line("set", fmt::format("{} = {}", name, value));
  const std::string leads_to = destination(action, route);
  if (!leads_to.empty()) print_line(label_of_destination(action.type()), leads_to);
  if (route.balancer) print_line("balancer", shown_balancer(*route.balancer));
  print_list("plugins", plugins_of(service_, route, action));
  print_list("limits", limits_of(service_, route, action));
  print_fields("request", request_fields_of(action));
  print_fields("response", response_fields_of(service_, route, action));
  print_compression(compression_of(service_, route, action));
  const std::string log = access_log_of(*loaded_.config, route, action);
  if (!log.empty()) print_line("log", log);
}

void RouteReport::print_passed_over(const std::vector<PassedOver>& routes) const {
  if (routes.empty()) return;
  Table table({"PASSED OVER", "BECAUSE", "PLACE"});
  for (const PassedOver& passed : routes) {
    table.add(
        {route_id(service_, passed.route), passed.why, place(service_.routes[passed.route].place)});
  }
  fmt::print("\n{}", table.render(0));
}

Json RouteReport::place_json(config::Place place) const {
  const config::Position position = loaded_.sources.position(place);
  return {{"file", loaded_.sources.path(place.file)},
          {"line", position.line},
          {"column", position.column}};
}

Json RouteReport::winner_json(const Winner& winner) const {
  const Route& route = service_.routes[winner.route];
  const Action& action = action_of(route);
  const std::string log = access_log_of(*loaded_.config, route, action);
  return {
      {"id", route_id(service_, winner.route)},
      {"place", place_json(route.place)},
      {"captures",
       {{"match.domain", winner.domain}, {"match.glob", winner.glob}, {"match.path", winner.path}}},
      {"action", action.name.value},
      {"type", to_word(action.type())},
      {"leads_to", destination(action, route)},
      {"balancer", route.balancer ? Json(shown_balancer(*route.balancer)) : Json()},
      {"plugins", plugins_of(service_, route, action)},
      {"limits", limits_of(service_, route, action)},
      {"request_fields", fields_json(request_fields_of(action))},
      {"response_fields", fields_json(response_fields_of(service_, route, action))},
      {"compress", compression_json(compression_of(service_, route, action))},
      {"access_log", log.empty() ? Json() : Json(log)}};
}

Json RouteReport::passed_over_json(const std::vector<PassedOver>& routes) const {
  Json json = Json::array();
  for (const PassedOver& passed : routes) {
    json.push_back({{"id", route_id(service_, passed.route)},
                    {"place", place_json(service_.routes[passed.route].place)},
                    {"why", passed.why}});
  }
  return json;
}

}  // namespace prox::cli
