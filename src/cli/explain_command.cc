#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/described.h"
#include "cli/explanation.h"
#include "cli/limits.h"
#include "cli/request.h"
#include "cli/table.h"
#include "prox/base/json.h"
#include "prox/config/loader.h"
#include "prox/config/network.h"
#include "prox/config/printable.h"
#include "prox/http/response.h"
#include "prox/master/report.h"

namespace prox::cli {

namespace {

using base::Json;
using config::Action;
using config::LoadResult;
using config::Route;
using config::Service;

// All that is known when it comes to printing.
struct Answered {
  const LoadResult& loaded;
  const Choice& choice;
  const Explanation& explanation;

  const Service& service() const { return *choice.service; }
  const Route& route(std::size_t index) const { return service().routes[index]; }
  const Action& action_of(const Route& route) const {
    return *loaded.config->find_action(route.action.value);
  }
  std::string place(config::Place place) const { return show(loaded.sources, place); }
};

void print_line(std::string_view label, std::string_view text) {
  fmt::print("{:<10} {}\n", label, config::printable(text));
}

void print_capture(std::string_view name, const std::string& value) {
  if (!value.empty()) print_line("", fmt::format("{} = {}", name, value));
}

void print_list(std::string_view label, const std::vector<std::string>& words) {
  if (!words.empty()) print_line(label, fmt::format("{}", fmt::join(words, "; ")));
}

void print_match(const Answered& answered, const Route& route) {
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
  print_capture("match.domain", answered.explanation.winner->domain);
  print_capture("match.glob", answered.explanation.winner->glob);
  print_capture("match.path", answered.explanation.winner->path);
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

void print_winner(const Answered& answered) {
  const std::size_t index = answered.explanation.winner->route;
  const Route& route = answered.route(index);
  const Action& action = answered.action_of(route);
  print_line("route", fmt::format("{} at {}", route_id(answered.service(), index),
                                  answered.place(route.place)));
  print_match(answered, route);
  print_line("action", fmt::format("{} {} at {}", to_word(action.type()), shown_name(action),
                                   answered.place(action.name.place)));
  for (const auto& [name, value] : route.set)
    print_line("set", fmt::format("{} = {}", name, value));
  const std::string leads_to = destination(action, route);
  if (!leads_to.empty()) print_line(label_of_destination(action.type()), leads_to);
  if (route.balancer) print_line("balancer", shown_balancer(*route.balancer));
  print_list("plugins", plugins_of(answered.service(), route, action));
  print_list("limits", limits_of(answered.service(), route, action));
}

void print_passed_over(const Answered& answered) {
  Table table({"PASSED OVER", "BECAUSE", "PLACE"});
  for (const Explanation::PassedOver& passed : answered.explanation.passed_over) {
    table.add({route_id(answered.service(), passed.route), passed.why,
               answered.place(answered.route(passed.route).place)});
  }
  fmt::print("\n{}", table.render(0));
}

void print_text(const Answered& answered) {
  const Explanation& explanation = answered.explanation;
  print_line("request", explanation.request_line);
  print_line("service", fmt::format("{} on {} at {}", answered.service().name.value,
                                    answered.service().listen.value,
                                    answered.place(answered.service().name.place)));
  if (!answered.choice.note.empty()) print_line("", answered.choice.note);
  if (explanation.winner || !explanation.passed_over.empty()) {
    print_line("host", explanation.host.empty() ? "none" : explanation.host);
    print_line("path", explanation.path.empty() ? "none" : explanation.path);
  }
  if (explanation.winner) print_winner(answered);
  if (explanation.refused != 0) {
    print_line("answer",
               fmt::format("{} {}: {}", explanation.refused,
                           http::reason_phrase(explanation.refused), explanation.why_refused));
  }
  if (!explanation.passed_over.empty()) print_passed_over(answered);
}

Json place_json(const Answered& answered, config::Place place) {
  const config::Position position = answered.loaded.sources.position(place);
  return {{"file", answered.loaded.sources.path(place.file)},
          {"line", position.line},
          {"column", position.column}};
}

Json winner_json(const Answered& answered) {
  const Explanation::Winner& winner = *answered.explanation.winner;
  const Route& route = answered.route(winner.route);
  const Action& action = answered.action_of(route);
  return {
      {"id", route_id(answered.service(), winner.route)},
      {"place", place_json(answered, route.place)},
      {"captures",
       {{"match.domain", winner.domain}, {"match.glob", winner.glob}, {"match.path", winner.path}}},
      {"action", action.name.value},
      {"type", to_word(action.type())},
      {"leads_to", destination(action, route)},
      {"balancer", route.balancer ? Json(shown_balancer(*route.balancer)) : Json()},
      {"plugins", plugins_of(answered.service(), route, action)},
      {"limits", limits_of(answered.service(), route, action)}};
}

void print_json(const Answered& answered) {
  const Explanation& explanation = answered.explanation;
  Json json = {{"request", explanation.request_line},
               {"service", answered.service().name.value},
               {"note", answered.choice.note},
               {"host", explanation.host},
               {"path", explanation.path},
               {"route", nullptr},
               {"refused", nullptr},
               {"passed_over", Json::array()}};
  if (explanation.winner) json["route"] = winner_json(answered);
  if (explanation.refused != 0)
    json["refused"] = {{"status", explanation.refused}, {"why", explanation.why_refused}};
  for (const Explanation::PassedOver& passed : explanation.passed_over) {
    json["passed_over"].push_back(
        {{"id", route_id(answered.service(), passed.route)},
         {"place", place_json(answered, answered.route(passed.route).place)},
         {"why", passed.why}});
  }
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

int fail(int status, const std::string& message) {
  fmt::print(stderr, "prox: {}\n", config::printable(message));
  return status;
}

}  // namespace

int explain(const Options& options) {
  const auto url = parse_url(options.question.url);
  if (!url) return fail(2, url.error());
  if (!config::parse_ip(options.question.from))
    return fail(2, fmt::format("\"{}\" is not an IP address", options.question.from));
  const auto head = write_head(options.question, *url);
  if (!head) return fail(2, head.error());
  const LoadResult loaded =
      config::load({options.config_path, options.prefix, config::Purpose::Validate});
  if (!loaded.config) {
    master::print_report(loaded, options.config_path);
    return 1;
  }
  const auto choice = choose_service(*loaded.config, *url, options.question.service);
  if (!choice) return fail(1, choice.error());
  const Explanation explanation =
      explain(*loaded.config, *choice->service, *head, options.question.from);
  const Answered answered{loaded, *choice, explanation};
  if (options.format == Format::Json) {
    print_json(answered);
  } else {
    print_text(answered);
  }
  return explanation.is_served() ? 0 : 1;
}

}  // namespace prox::cli
