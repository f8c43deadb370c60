#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>

#include <utility>

#include "config/header_edits.h"
#include "config/host.h"
#include "config/read_parts.h"
#include "config/reader.h"

// Services.
namespace prox::config {

using json5::Value;

void Reader::read_service(const json5::Member& member) {
  const Value& value = member.value;
  if (value.as_object() == nullptr) {
    // A file may define names, and use some.
    draft_.actions_incomplete = draft_.resources_incomplete = draft_.uses_incomplete = true;
    return;
  }
  ServiceDraft draft;
  draft.service.name = {member.key, member.key_place};
  read_service_keys(value, draft.service);
  const bool is_written =
      value.find("listen") != nullptr && value.find("listen")->as_string() != nullptr;
  if (!draft.service.listen.value.empty()) {
    read_listen(value, draft);
  } else if (is_written || checker_.lacks(value, "listen")) {
    context_.diagnostics.error("listen-required", member.key_place,
                               fmt::format("service \"{}\" needs a listen address", member.key));
  }
  const Value* routes = value.find("routes");
  const bool is_array = routes != nullptr && routes->as_array() != nullptr;
  if (is_array ? routes->as_array()->empty() : checker_.lacks(value, "routes")) {
    context_.diagnostics.error("routes-required", member.key_place,
                               fmt::format("service \"{}\" has no routes", member.key));
  }
  if (is_array) read_routes(*routes, draft);
  if (!is_array && !checker_.lacks(value, "routes")) draft_.uses_incomplete = true;
  draft_.services.push_back(std::move(draft));
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

void Reader::read_listen(const Value& value, ServiceDraft& draft) {
  const Text& listen = draft.service.listen;
  tl::expected<ListenAddress, ListenError> address = parse_listen(listen.value);
  if (!address) {
    context_.diagnostics.error(
        "listen-syntax", listen.place,
        fmt::format("\"{}\" is not a listen address: {}", listen.value, address.error().why),
        address.error().help);
    return;
  }
  if (address->kind == ListenAddress::Kind::Unix) {
    context_.not_built(value.find("listen")->place, "\"unix:\"");
  }
  // A name that the system does not know is for whoever binds to report; here only overlaps matter.
  if (address->kind != ListenAddress::Kind::Unix && !is_digits(address->port)) {
    const servent* known = getservbyname(address->port.c_str(), "tcp");
    if (known != nullptr) {
      address->port = std::to_string(ntohs(static_cast<std::uint16_t>(known->s_port)));
    }
  }
  draft.address = std::move(*address);
}

void Reader::read_routes(const Value& value, ServiceDraft& draft) {
  std::size_t index = 0;
  for (const Value& item : *value.as_array()) {
    if (item.as_object() != nullptr) {
      draft.routes.push_back(read_route(item, draft.service.name.value, index));
    } else {
      draft_.uses_incomplete = true;
    }
    ++index;
  }
}

}  // namespace prox::config
