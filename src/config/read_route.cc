#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/header_edits.h"
#include "config/patterns.h"
#include "config/read_parts.h"
#include "config/reader.h"
#include "prox/config/placeholders.h"

// Routes, and what they ask of a request.
namespace prox::config {
namespace {

using json5::Value;

bool is_string(const Value& value) { return value.as_string() != nullptr; }

// Whether a condition is one that routes can be compared by: built in, and of the right form.
bool is_comparable(const json5::Member& condition) {
  const Value& value = condition.value;
  if (condition.key == "path" || condition.key == "domain") return is_string(value);
  if (condition.key == "forward_proxy") return value.as_bool() != nullptr;
  if (condition.key == "headers" || condition.key == "query") {
    const json5::Members* members = value.as_object();
    return members != nullptr && std::all_of(members->begin(), members->end(), [](const auto& m) {
             return is_string(m.value) || m.value.as_bool() != nullptr;
           });
  }
  const bool is_list = condition.key == "methods" || condition.key == "client";
  const json5::Items* items = is_list ? value.as_array() : nullptr;
  return items != nullptr && std::all_of(items->begin(), items->end(), is_string);
}

constexpr std::string_view kConditions[] = {"path", "domain", "headers", "query", "client", "alpn"};

// A condition of the right form that holds for every request: {} or [].
bool asks_nothing(std::string_view key, const Value& condition) {
  if (key == "headers" || key == "query")
    return condition.as_object() != nullptr && condition.as_object()->empty();
  const bool is_list = key == "client" || key == "alpn";
  return is_list && condition.as_array() != nullptr && condition.as_array()->empty();
}

// Methods alone do not make a match: that would look like a rule for a place, and be one for everything.
bool is_empty(const Checker& checker, const Value& match) {
  const Value* forward_proxy = match.find("forward_proxy");
  if (forward_proxy == nullptr) {
    if (!checker.lacks(match, "forward_proxy")) return false;
  } else if (forward_proxy->as_bool() == nullptr || *forward_proxy->as_bool()) {
    return false;
  }
  return std::all_of(std::begin(kConditions), std::end(kConditions), [&](std::string_view key) {
    const Value* condition = match.find(key);
    return condition == nullptr ? checker.lacks(match, key) : asks_nothing(key, *condition);
  });
}

void read_conditions(const Fields& match, std::string_view key, std::vector<FieldCondition>& to) {
  for (const json5::Member& member : match.members(key)) {
    FieldCondition condition{{member.key, member.key_place}, {}, {{}, member.value.place}};
    if (const bool* present = member.value.as_bool()) {
      condition.present = *present;
    } else if (const std::string* value = member.value.as_string()) {
      condition.value.value = *value;
    } else {
      continue;
    }
    to.push_back(std::move(condition));
  }
}

void read_match_keys(const Fields& match, Match& to) {
  match.read("path", to.path);
  match.read("domain", to.domain);
  match.read("methods", to.methods);
  match.read("forward_proxy", to.forward_proxy);
  read_conditions(match, "headers", to.headers);
  read_conditions(match, "query", to.query);
  match.read("client", to.client);
  match.read("alpn", to.alpn);
}

void read_speed(const Fields& speed, Speed& to) {
  speed.read("download_mbps", to.download_mbps);
  speed.read("upload_mbps", to.upload_mbps);
  speed.read("shared", to.shared);
}

}  // namespace

RouteDraft Reader::read_route(const Value& value, std::string_view service, std::size_t index) {
  RouteDraft draft;
  draft.index = index;
  draft.route.place = opening(value);
  draft.value = &value;
  draft.has_balancer = !checker_.lacks(value, "balancer");
  draft.comparable = value.find("match") != nullptr ? object_at(value, "match") != nullptr
                                                    : checker_.lacks(value, "match");
  if (object_at(value, "match") != nullptr) {
    draft.route.match = read_match(*member_at(value, "match"), draft);
  }
  read_route_keys(value, draft.route);
  read_action_of(value, service, draft);
  return draft;
}

void Reader::read_route_keys(const Value& value, Route& route) {
  const Fields fields(context_, value, schema::kRoute);
  read_set(fields, route.set);
  fields.read("plugins", route.plugins);
  fields.read("plugin_timeout", route.plugin_timeout);
  fields.read("response_headers", route.response_headers);
  if (const auto balancer = fields.object("balancer")) {
    read_balancer(*balancer, route.balancer.emplace());
  }
  if (const auto speed = fields.object("speed")) read_speed(*speed, route.speed.emplace());
  read_access_log(fields, route.access_log);
  read_guards(fields, route.guards);
  read_compression(fields, route.compress);
  check_header_edits(context_, route.response_headers);
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
    draft.route.action = {fmt::format("{}{}_{}", kInlinePrefix, service, draft.index),
                          opening(*action)};
    read_action(*action, draft.route.action, true);
  } else {
    draft_.uses_incomplete = true;
  }
}

Match Reader::read_match(const json5::Member& member, RouteDraft& draft) {
  const Value& value = member.value;
  const Fields fields(context_, value, schema::kMatch);
  Match match;
  match.place = member.key_place;
  const std::size_t errors = context_.diagnostics.errors();
  read_match_keys(fields, match);
  if (match.path) check_paths(context_, *match.path);
  if (match.domain) check_domain(context_, *match.domain);
  for (const FieldCondition& condition : match.headers) {
    check_condition_name(context_, condition.name);
    check_value_pattern(context_, condition.value);
  }
  for (const FieldCondition& condition : match.query)
    check_value_pattern(context_, condition.value);
  if (is_empty(checker_, value)) {
    context_.diagnostics.error("match-empty", match.place, "this match has neither path nor domain",
                               "leave out match to catch everything");
  }
  const json5::Members& conditions = *value.as_object();
  draft.comparable = errors == context_.diagnostics.errors() &&
                     std::all_of(conditions.begin(), conditions.end(), is_comparable);
  return match;
}

void Reader::read_set(const Fields& route, StringMap& set) {
  for (const json5::Member& member : route.members("set")) {
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
