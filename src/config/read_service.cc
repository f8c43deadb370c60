#include <fmt/format.h>

#include <utility>

#include "config/header_edits.h"
#include "config/read_parts.h"
#include "config/reader.h"

// Services.
namespace prox::config {

using json5::Value;

void Reader::read_service(const ServiceSource& source) {
  if (source.value == nullptr) return;
  const Value& value = *source.value;
  ServiceDraft draft;
  draft.service.name = source.name;
  draft.value = &value;
  read_service_keys(value, draft.service);
  if (source.fragment != nullptr) {
    const Fields own(context_, value, schema::fragment(true));
    own.read("service_plugins", draft.service.plugins);
  }
  const bool is_written =
      value.find("listen") != nullptr && value.find("listen")->as_string() != nullptr;
  if (draft.service.listen.value.empty() && (is_written || checker_.lacks(value, "listen"))) {
    report_missing(source, "listen-required", "needs a listen address",
                   "for example listen: \":8080\"");
  }
  const Value* routes = value.find("routes");
  const bool is_array = routes != nullptr && routes->as_array() != nullptr;
  if (is_array) read_routes(*routes->as_array(), draft);
  if (!is_array && !checker_.lacks(value, "routes")) draft.lacks_routes = true;
  if (draft.lacks_routes) draft_.uses_incomplete = true;
  if (draft.route_count == 0 && !draft.lacks_routes) {
    report_missing(source, "routes-required", "has no routes");
  }
  draft_.services.push_back(std::move(draft));
}

// In the service's own file, if it has one: there it has to be written. That file alone may not say whose it is.
void Reader::report_missing(const ServiceSource& source, std::string_view id, std::string_view what,
                            std::string help) {
  const Place place = source.fragment == nullptr ? source.name.place : opening(*source.value);
  Diagnostic& error = context_.diagnostics.error(
      id, place, fmt::format("service \"{}\" {}", source.name.value, what), std::move(help));
  if (source.name.place.file != place.file)
    error.notes.push_back({source.name.place, "its file is named here"});
}

void Reader::read_service_keys(const Value& value, Service& service) {
  const Fields fields(context_, value, schema::kService);
  fields.read("listen", service.listen);
  fields.read("h2", service.h2);
  fields.read("plugins", service.plugins);
  fields.read("response_headers", service.response_headers);
  fields.read("request_id", service.request_id);
  fields.read("proxy_status", service.proxy_status);
  read_tls(fields, service.tls);
  read_guards(fields, service.guards);
  read_compression(fields, service.compress);
  if (const auto settings = fields.object("config")) read_settings(*settings, service.settings);
  check_header_edits(context_, service.response_headers);
}

void Reader::read_routes(const json5::Items& items, ServiceDraft& draft) {
  for (const Value& item : items) {
    if (item.as_string() == nullptr) {
      add_route(item, draft, std::nullopt);
    } else {
      read_include(item, draft);
    }
  }
}

void Reader::read_include(const Value& string, ServiceDraft& draft) {
  const auto include = tree_.includes.find(&string);
  const json5::Items* routes =
      include == tree_.includes.end() ? nullptr : include->second.document->routes();
  if (routes == nullptr) {
    draft.lacks_routes = true;
    return;
  }
  std::optional<Diagnostic::Note> use;
  if (include->second.is_shared) {
    use = {string.place, fmt::format("included here, in service \"{}\"", draft.service.name.value)};
  }
  for (const Value& item : *routes) add_route(item, draft, use);
}

void Reader::add_route(const Value& value, ServiceDraft& draft,
                       const std::optional<Diagnostic::Note>& use) {
  const std::size_t index = draft.route_count++;
  if (value.as_object() == nullptr) {
    draft_.uses_incomplete = true;
    return;
  }
  draft.routes.push_back(read_route(value, draft.service.name.value, index));
  draft.routes.back().use = use;
}

}  // namespace prox::config
