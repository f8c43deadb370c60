#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/described.h"
#include "cli/table.h"
#include "prox/base/json.h"
#include "prox/config/loader.h"
#include "prox/config/printable.h"
#include "prox/master/report.h"

namespace prox::cli {

namespace {

using config::Action;
using config::Config;
using config::Match;
using config::Route;
using config::Service;

constexpr std::string_view kAny = "any";

std::string text_or_any(const std::optional<config::Text>& text) {
  return text ? text->value : std::string(kAny);
}

std::vector<std::string> row_of(const config::LoadResult& loaded, const Service& service,
                                std::size_t index) {
  const Route& route = service.routes[index];
  const Action& action = *loaded.config->find_action(route.action.value);
  const Match match = route.match.value_or(Match{});
  std::vector<std::string_view> methods;
  for (const config::Text& method : match.methods) methods.push_back(method.value);
  return {route_id(service, index),
          text_or_any(match.domain),
          text_or_any(match.path),
          methods.empty() ? std::string(kAny) : fmt::format("{}", fmt::join(methods, ", ")),
          fmt::format("{}", fmt::join(more_conditions(match), "; ")),
          shown_name(action),
          std::string(to_word(action.type())),
          destination(action, route),
          show(loaded.sources, route.place)};
}

void print_table(const config::LoadResult& loaded) {
  std::string_view gap;
  for (const Service& service : loaded.config->services) {
    fmt::print("{}{} on {} ({})\n", gap, config::printable(service.name.value),
               config::printable(service.listen.value), show(loaded.sources, service.name.place));
    Table table(
        {"ROUTE", "DOMAIN", "PATH", "METHODS", "ALSO", "ACTION", "TYPE", "LEADS TO", "PLACE"});
    for (std::size_t i = 0; i < service.routes.size(); ++i) table.add(row_of(loaded, service, i));
    fmt::print("{}", table.render(2));
    gap = "\n";
  }
}

base::Json text_or_null(const std::optional<config::Text>& text) {
  return text ? base::Json(text->value) : base::Json();
}

void add_place(base::Json& json, const config::Sources& sources, config::Place place) {
  const config::Position position = sources.position(place);
  json["file"] = sources.path(place.file);
  json["line"] = position.line;
  json["column"] = position.column;
}

base::Json route_json(const config::LoadResult& loaded, const Service& service, std::size_t index) {
  const Route& route = service.routes[index];
  const Action& action = *loaded.config->find_action(route.action.value);
  const Match match = route.match.value_or(Match{});
  base::Json methods = base::Json::array();
  for (const config::Text& method : match.methods) methods.push_back(method.value);
  base::Json json = {{"id", route_id(service, index)},   {"domain", text_or_null(match.domain)},
                     {"path", text_or_null(match.path)}, {"methods", methods},
                     {"also", more_conditions(match)},   {"action", action.name.value},
                     {"type", to_word(action.type())},   {"leads_to", destination(action, route)}};
  add_place(json, loaded.sources, route.place);
  return json;
}

void print_json(const config::LoadResult& loaded) {
  base::Json services = base::Json::array();
  for (const Service& service : loaded.config->services) {
    base::Json json = {{"name", service.name.value}, {"listen", service.listen.value}};
    add_place(json, loaded.sources, service.name.place);
    json["routes"] = base::Json::array();
    for (std::size_t i = 0; i < service.routes.size(); ++i)
      json["routes"].push_back(route_json(loaded, service, i));
    services.push_back(std::move(json));
  }
  fmt::print("{}\n", services.dump(2, ' ', false, base::Json::error_handler_t::replace));
}

}  // namespace

int routes(const Options& options) {
  const config::LoadResult loaded =
      config::load({options.config_path, options.prefix, config::Purpose::Validate});
  if (!loaded.config) {
    master::print_report(loaded, options.config_path);
    return 1;
  }
  if (options.format == Format::Json) {
    print_json(loaded);
  } else {
    print_table(loaded);
  }
  return 0;
}

}  // namespace prox::cli
