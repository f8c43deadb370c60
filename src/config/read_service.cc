#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <utility>

#include "config/host.h"
#include "config/patterns.h"
#include "config/reader.h"
#include "prox/config/placeholders.h"

// Services, their settings, and their routes.
namespace prox::config {
namespace {

using json5::Value;

struct DurationSetting {
  std::string_view key;
  Duration ServiceSettings::*field;
};
constexpr DurationSetting kDurations[] = {
    {"read_timeout", &ServiceSettings::read_timeout},
    {"header_timeout", &ServiceSettings::header_timeout},
    {"write_timeout", &ServiceSettings::write_timeout},
    {"idle_timeout", &ServiceSettings::idle_timeout},
    {"response_header_timeout", &ServiceSettings::response_header_timeout},
    {"keep_alive", &ServiceSettings::keep_alive},
    {"flush_interval", &ServiceSettings::flush_interval},
};

struct IntegerSetting {
  std::string_view key;
  std::int64_t ServiceSettings::*field;
};
constexpr IntegerSetting kIntegers[] = {
    {"max_idle_conns", &ServiceSettings::max_idle_conns},
    {"max_idle_conns_per_host", &ServiceSettings::max_idle_conns_per_host},
    {"max_header_bytes", &ServiceSettings::max_header_bytes},
    {"max_uri_bytes", &ServiceSettings::max_uri_bytes},
    {"max_header_count", &ServiceSettings::max_header_count},
    {"max_body_bytes", &ServiceSettings::max_body_bytes},
    {"max_requests_per_conn", &ServiceSettings::max_requests_per_conn},
};

// Whether a condition is one that routes can be compared by: built in, and of the right form.
bool is_comparable(const json5::Member& condition) {
  if (condition.key == "path" || condition.key == "domain") {
    return condition.value.as_string() != nullptr;
  }
  const json5::Items* methods = condition.key == "methods" ? condition.value.as_array() : nullptr;
  return methods != nullptr && std::all_of(methods->begin(), methods->end(),
                                           [](const Value& m) { return m.as_string() != nullptr; });
}

constexpr std::string_view kConditions[] = {"path", "domain", "headers", "query", "client", "alpn"};

// Methods alone do not make a match: that would look like a rule for a place, and be one for everything.
bool is_empty(const Checker& checker, const Value& match) {
  const Value* forward_proxy = match.find("forward_proxy");
  if (forward_proxy == nullptr ? !checker.lacks(match, "forward_proxy")
                               : forward_proxy->as_bool() == nullptr) {
    return false;
  }
  if (bool_at(match, "forward_proxy").value_or(false)) return false;
  return std::all_of(std::begin(kConditions), std::end(kConditions),
                     [&](std::string_view key) { return checker.lacks(match, key); });
}

}  // namespace

void Reader::read_service(const json5::Member& member) {
  const Value& value = member.value;
  if (value.as_object() == nullptr) {
    // A file may define names, and use some.
    draft_.actions_incomplete = draft_.resources_incomplete = draft_.uses_incomplete = true;
    return;
  }
  ServiceDraft draft;
  draft.service.name = {member.key, member.key_place};
  const std::optional<Text> listen = text_at(value, "listen");
  if (listen && !listen->value.empty()) {
    draft.service.listen = *listen;
    read_listen(value, draft);
  } else if (listen || checker_.lacks(value, "listen")) {
    context_.diagnostics.error("listen-required", member.key_place,
                               fmt::format("service \"{}\" needs a listen address", member.key));
  }
  if (const Value* config = object_at(value, "config")) {
    read_settings(*config, draft.service.settings);
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

void Reader::read_settings(const Value& value, ServiceSettings& settings) {
  for (const DurationSetting& setting : kDurations) {
    settings.*setting.field = duration_at(value, setting.key).value_or(settings.*setting.field);
  }
  for (const IntegerSetting& setting : kIntegers) {
    settings.*setting.field = integer_at(value, setting.key).value_or(settings.*setting.field);
  }
  settings.dial_timeout = duration_at(value, "dial_timeout");
  if (settings.flush_interval > Duration::zero()) {
    context_.not_built(value.find("flush_interval")->place, "a flush_interval above 0");
    settings.flush_interval = Duration::zero();
  }
  if (!bool_at(value, "disable_compression").value_or(true)) {
    context_.diagnostics.error(
        "disable-compression", value.find("disable_compression")->place,
        "disable_compression cannot be false: prox never changes the coding of what an upstream "
        "sends",
        "leave the key out; clients and upstreams settle compression between themselves");
  }
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

RouteDraft Reader::read_route(const Value& value, std::string_view service, std::size_t index) {
  RouteDraft draft;
  draft.index = index;
  draft.route.place = opening(value);
  draft.has_balancer = !checker_.lacks(value, "balancer");
  draft.comparable = value.find("match") != nullptr ? object_at(value, "match") != nullptr
                                                    : checker_.lacks(value, "match");
  if (object_at(value, "match") != nullptr) {
    draft.route.match = read_match(*member_at(value, "match"), draft);
  }
  if (const Value* set = object_at(value, "set")) read_set(*set, draft.route.set);
  read_action_of(value, service, draft);
  return draft;
}

void Reader::read_action_of(const Value& route, std::string_view service, RouteDraft& draft) {
  const Value* action = route.find("action");
  const std::string* name = action == nullptr ? nullptr : action->as_string();
  if (action == nullptr ? checker_.lacks(route, "action") : name != nullptr && name->empty()) {
    context_.diagnostics.error("action-required", draft.route.place, "this route has no action");
    draft_.uses_incomplete = true;  // it may be the one that should have named an action
  } else if (name != nullptr) {
    draft.route.action = {*name, action->place};
  } else if (action != nullptr && action->as_object() != nullptr) {
    draft.route.action = {fmt::format("_inline_{}_{}", service, draft.index), opening(*action)};
    read_action(*action, draft.route.action, true);
  } else {
    draft_.uses_incomplete = true;
  }
}

Match Reader::read_match(const json5::Member& member, RouteDraft& draft) {
  const Value& value = member.value;
  Match match;
  match.place = member.key_place;
  match.path = text_at(value, "path");
  match.domain = text_at(value, "domain");
  match.forward_proxy = bool_at(value, "forward_proxy").value_or(false);
  const std::size_t errors = context_.diagnostics.errors();
  if (match.path) check_paths(context_, *match.path);
  if (match.domain) check_domain(context_, *match.domain);
  const Value* methods = value.find("methods");
  if (methods != nullptr && methods->as_array() != nullptr) {
    for (const Value& method : *methods->as_array()) {
      if (method.as_string() != nullptr) {
        match.methods.push_back({*method.as_string(), method.place});
      }
    }
  }
  if (is_empty(checker_, value)) {
    context_.diagnostics.error("match-empty", match.place, "this match has neither path nor domain",
                               "leave out match to catch everything");
  }
  const json5::Members& conditions = *value.as_object();
  draft.comparable = errors == context_.diagnostics.errors() &&
                     std::all_of(conditions.begin(), conditions.end(), is_comparable);
  return match;
}

void Reader::read_set(const Value& value, StringMap& set) {
  for (const json5::Member& member : *value.as_object()) {
    if (!is_variable_name(member.key) || member.key == "target") {
      context_.diagnostics.error("set-name", member.key_place,
                                 fmt::format("\"{}\" cannot be a variable name", member.key));
    }
    if (member.value.as_string() != nullptr) {
      set.emplace_back(member.key, *member.value.as_string());
    }
  }
}

}  // namespace prox::config
