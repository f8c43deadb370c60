#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/hello_explanation.h"
#include "cli/request.h"
#include "cli/route_report.h"
#include "prox/base/json.h"
#include "prox/config/loader.h"
#include "prox/config/network.h"
#include "prox/master/report.h"

namespace prox::cli {

namespace {

using base::Json;
using routing::L4Verdict;

constexpr std::string_view kRefused = "400 Bad Request: the service speaks no TLS";

std::string_view to_word(L4Verdict verdict) {
  switch (verdict) {
    case L4Verdict::Serve: return "serve";
    case L4Verdict::Pass: return "pass";
    case L4Verdict::Drop: return "drop";
  }
  return "";
}

std::string_view meaning_of(const HelloExplanation& explanation) {
  switch (explanation.verdict) {
    case L4Verdict::Pass: return "the connection is relayed unopened";
    case L4Verdict::Drop: return "the connection is closed before TLS";
    case L4Verdict::Serve: break;
  }
  if (explanation.winner) return "TLS is opened, and the request inside chooses a route";
  return explanation.is_looked_at
             ? "no route decides before TLS: it is opened, and the request inside chooses a route"
             : "the service has no pass route: TLS is opened without a look at routes";
}

void print_text(const Question& question, const RouteReport& report, const Choice& choice,
                const HelloExplanation& explanation) {
  print_line("sni", question.server_name.empty() ? "none" : question.server_name);
  if (!question.protocols.empty())
    print_line("alpn", fmt::format("{}", fmt::join(question.protocols, ", ")));
  report.print_service(choice.note);
  print_line("host", explanation.host.empty() ? "none" : explanation.host);
  print_line("decision",
             fmt::format("{}: {}", to_word(explanation.verdict), meaning_of(explanation)));
  if (explanation.winner) report.print_winner(*explanation.winner);
  if (explanation.is_refused) print_line("answer", kRefused);
  report.print_passed_over(explanation.passed_over);
}

void print_json(const Question& question, const RouteReport& report, const Choice& choice,
                const HelloExplanation& explanation) {
  Json json = {{"sni", question.server_name},
               {"alpn", question.protocols},
               {"service", choice.service->name.value},
               {"note", choice.note},
               {"host", explanation.host},
               {"decision", to_word(explanation.verdict)},
               {"why", meaning_of(explanation)},
               {"route", nullptr},
               {"refused", explanation.is_refused ? Json(kRefused) : Json()},
               {"passed_over", report.passed_over_json(explanation.passed_over)}};
  if (explanation.winner) json["route"] = report.winner_json(*explanation.winner);
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

// Why the question cannot be answered; nothing if it can.
std::optional<std::string> check(const Question& question) {
  if (question.method != "GET" || !question.headers.empty() || !question.target.empty() ||
      question.proxy)
    return "-sni and -alpn ask about a connection, which has no -X, -H, -x or -target";
  if (question.server_name.size() > 255) return "a server name has 255 bytes at most";
  if (!config::parse_ip(question.from))
    return fmt::format("\"{}\" is not an IP address", question.from);
  return std::nullopt;
}

}  // namespace

int explain_hello(const Options& options) {
  const Question& question = options.question;
  if (const auto problem = check(question)) return fail(2, *problem);
  std::optional<Url> url;
  if (!question.url.empty()) {
    auto parsed = parse_url(question.url);
    if (!parsed) return fail(2, parsed.error());
    url = std::move(*parsed);
  }
  const config::LoadResult loaded =
      config::load({options.config_path, options.prefix, config::Purpose::Validate});
  if (!loaded.config) {
    master::print_report(loaded, options.config_path);
    return 1;
  }
  const auto choice = choose_service_for_hello(*loaded.config, url, question.service);
  if (!choice) return fail(1, choice.error());
  const std::vector<std::string_view> protocols(question.protocols.begin(),
                                                question.protocols.end());
  const HelloExplanation explanation =
      explain_hello(*loaded.config, *choice->service,
                    {question.server_name, protocols, *config::parse_ip(question.from)});
  const RouteReport report(loaded, *choice->service);
  if (options.format == Format::Json) {
    print_json(question, report, *choice, explanation);
  } else {
    print_text(question, report, *choice, explanation);
  }
  return explanation.is_refused ? 1 : 0;
}

}  // namespace prox::cli
