#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/explanation.h"
#include "cli/request.h"
#include "cli/route_report.h"
#include "prox/base/json.h"
#include "prox/config/loader.h"
#include "prox/config/network.h"
#include "prox/http/response.h"
#include "prox/master/report.h"

namespace prox::cli {

namespace {

using base::Json;

void print_text(const RouteReport& report, const Choice& choice, const Explanation& explanation) {
  print_line("request", explanation.request_line);
  report.print_service(choice.note);
  if (explanation.winner || !explanation.passed_over.empty()) {
    print_line("host", explanation.host.empty() ? "none" : explanation.host);
    print_line("path", explanation.path.empty() ? "none" : explanation.path);
  }
  if (explanation.winner) report.print_winner(*explanation.winner);
  if (explanation.refused != 0) {
    print_line("answer",
               fmt::format("{} {}: {}", explanation.refused,
                           http::reason_phrase(explanation.refused), explanation.why_refused));
  }
  report.print_passed_over(explanation.passed_over);
}

void print_json(const RouteReport& report, const Choice& choice, const Explanation& explanation) {
  Json json = {{"request", explanation.request_line},
               {"service", choice.service->name.value},
               {"note", choice.note},
               {"host", explanation.host},
               {"path", explanation.path},
               {"route", nullptr},
               {"refused", nullptr},
               {"passed_over", report.passed_over_json(explanation.passed_over)}};
  if (explanation.winner) json["route"] = report.winner_json(*explanation.winner);
  if (explanation.refused != 0)
    json["refused"] = {{"status", explanation.refused}, {"why", explanation.why_refused}};
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

int explain(const Options& options) {
  const auto url = parse_url(options.question.url);
  if (!url) return fail(2, url.error());
  if (!config::parse_ip(options.question.from))
    return fail(2, fmt::format("\"{}\" is not an IP address", options.question.from));
  const auto head = write_head(options.question, *url);
  if (!head) return fail(2, head.error());
  const config::LoadResult loaded =
      config::load({options.config_path, options.prefix, config::Purpose::Validate});
  if (!loaded.config) {
    master::print_report(loaded, options.config_path);
    return 1;
  }
  const auto choice = choose_service(*loaded.config, *url, options.question.service);
  if (!choice) return fail(1, choice.error());
  const Explanation explanation =
      explain(*loaded.config, *choice->service, *head, options.question.from);
  const RouteReport report(loaded, *choice->service);
  if (options.format == Format::Json) {
    print_json(report, *choice, explanation);
  } else {
    print_text(report, *choice, explanation);
  }
  return explanation.is_served() ? 0 : 1;
}

}  // namespace prox::cli
