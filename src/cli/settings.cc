#include "cli/settings.h"

#include <array>
#include <initializer_list>
#include <string_view>

#include "prox/http/fields.h"

namespace prox::cli {

namespace {

using config::Action;
using config::HeaderEdits;
using config::Route;
using config::Service;

// The last edit of a name stands.
void add_edits(std::vector<const config::NamedText*>& list, const HeaderEdits& edits) {
  for (const config::NamedText& edit : edits) {
    std::erase_if(list, [&](const config::NamedText* earlier) {
      return http::equal_ignoring_case(earlier->name.value, edit.name.value);
    });
    list.push_back(&edit);
  }
}

ShownFields shown(std::initializer_list<const HeaderEdits*> layers) {
  std::vector<const config::NamedText*> edits;
  for (const HeaderEdits* layer : layers) add_edits(edits, *layer);
  ShownFields fields;
  for (const config::NamedText* edit : edits)
    (edit->value.value.empty() ? fields.removed : fields.set).push_back(edit->name.value);
  return fields;
}

bool has_responses(const Action& action) {
  return action.type() != config::ActionType::Pass && action.type() != config::ActionType::Drop;
}

std::string shown_log(const config::AccessLog& log) {
  return log.off ? "off" : log.path.written.value;
}

}  // namespace

ShownCompression compression_of(const Service& service, const Route& route, const Action& action) {
  constexpr std::array<std::string_view, 3> kCodings = {"zstd", "br", "gzip"};
  ShownCompression shown;
  if (!has_responses(action)) return shown;
  const auto& codings = route.compress.codings ? route.compress.codings : service.compress.codings;
  if (!codings) return shown;
  for (const config::Coding coding : *codings)
    shown.codings.emplace_back(kCodings[static_cast<std::size_t>(coding)]);
  const auto& min_bytes =
      route.compress.min_bytes ? route.compress.min_bytes : service.compress.min_bytes;
  if (min_bytes) shown.min_bytes = static_cast<std::uint64_t>(*min_bytes);
  return shown;
}

std::string access_log_of(const config::Config& config, const Route& route, const Action& action) {
  if (action.type() == config::ActionType::Drop) return "off";
  for (const auto* log : {&route.access_log, &action.access_log, &config.logging.access_log}) {
    if (*log) return shown_log(**log);
  }
  return {};
}

ShownFields request_fields_of(const Action& action) {
  const auto* proxy = action.as<config::ProxyAction>();
  return proxy == nullptr ? ShownFields() : shown({&proxy->headers});
}

ShownFields response_fields_of(const Service& service, const Route& route, const Action& action) {
  if (!has_responses(action)) return {};
  const auto* answer = action.as<config::StaticAction>();
  const HeaderEdits none;
  return shown({answer == nullptr ? &none : &answer->headers, &service.response_headers,
                &action.response_headers, &route.response_headers});
}

}  // namespace prox::cli
