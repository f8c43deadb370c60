#include <fmt/format.h>

#include <array>
#include <utility>

#include "config/header_edits.h"
#include "config/read_parts.h"
#include "config/reader.h"

// Actions, by name or inline, and what must not be missing in them.
namespace prox::config {
namespace {

using json5::Value;

// In the order of ActionType.
constexpr std::array<std::string_view, 6> kTypes = {"proxy", "static", "serve",
                                                    "pass",  "drop",   "redirect"};

template <std::size_t... I>
void set_type(Action& action, ActionType type, std::index_sequence<I...>) {
  ((static_cast<ActionType>(I) == type ? void(action.options.emplace<I>()) : void()), ...);
}

void set_type(Action& action, ActionType type) {
  set_type(action, type, std::make_index_sequence<kTypes.size()>());
}

}  // namespace

void Reader::read_action(const Value& value, Text name, bool is_inline) {
  ActionDraft draft;
  Action& action = draft.action;
  action.name = std::move(name);
  draft.is_inline = is_inline;
  draft.value = &value;
  if (value.as_object() != nullptr) {
    const Fields fields(context_, value, schema::kAction);
    ActionType type{};
    draft.is_known = fields.read("type", type);
    if (draft.is_known) {
      set_type(action, type);
      read_action_options(fields, action);
      check_action(value, action);
    } else {
      fields.read("fallback", action.fallback);
    }
    if (checker_.lacks(value, "type")) {
      context_.diagnostics.error("action-type-required", action.name.place,
                                 called("action", action.name.value) + " needs a type");
    }
  }
  draft_.actions.push_back(std::move(draft));
}

void Reader::check_action(const Value& value, Action& action) {
  check_header_edits(context_, action.response_headers);
  if (const auto* proxy = action.as<ProxyAction>()) check_header_edits(context_, proxy->headers);
  if (action.connecting() != nullptr) check_upstream(value, action);
  if (auto* fixed = std::get_if<StaticAction>(&action.options)) check_static(value, action, *fixed);
}

void Reader::check_upstream(const Value& value, const Action& action) {
  const Value* upstream = value.find("upstream");
  const bool is_written = upstream != nullptr && upstream->as_string() != nullptr;
  if (is_written ? !upstream->as_string()->empty() : !checker_.lacks(value, "upstream")) return;
  context_.diagnostics.error(
      "upstream-required", action.name.place,
      called(fmt::format("{} action", kTypes[static_cast<std::size_t>(action.type())]),
             action.name.value) +
          " needs an upstream");
}

void Reader::check_static(const Value& value, const Action& action, StaticAction& options) {
  check_header_edits(context_, options.headers);
  if (checker_.lacks(value, "status")) {
    context_.diagnostics.error("status-required", action.name.place,
                               called("static action", action.name.value) + " needs a status");
  }
  const Value* body = value.find("body_ref");
  if (body == nullptr) {
    if (!checker_.lacks(value, "body_ref")) draft_.uses_incomplete = true;
  } else if (body->as_object() != nullptr) {
    options.body_ref =
        Text{fmt::format("{}{}_body", kInlinePrefix, action.name.value), opening(*body)};
    read_resource(*body, *options.body_ref, true);
  }
}

}  // namespace prox::config
