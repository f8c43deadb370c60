#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "config/files.h"
#include "config/media_type.h"
#include "config/reader.h"
#include "config/resource_json.h"

// Actions and resources, by name or inline.
namespace prox::config {
namespace {

using json5::Value;

// Fields that say how a message is framed: prox writes them itself.
constexpr std::array<std::string_view, 5> kFraming = {"Connection", "Transfer-Encoding",
                                                      "Content-Length", "Upgrade", "TE"};

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// RFC 9110 §5.6.2.
bool is_token(std::string_view text) {
  constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kPunctuation.find(c) != std::string_view::npos;
  });
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
  });
}

// In the order of ActionType.
constexpr std::array<std::string_view, 6> kTypes = {"proxy", "static", "serve",
                                                    "pass",  "drop",   "redirect"};

// kTypes.size() if there is no such type.
std::size_t type_index(const std::optional<Text>& word) {
  if (!word) return kTypes.size();
  return static_cast<std::size_t>(std::find(kTypes.begin(), kTypes.end(), word->value) -
                                  kTypes.begin());
}

}  // namespace

void Reader::read_action(const Value& value, Text name, bool is_inline) {
  ActionDraft draft;
  draft.action.name = std::move(name);
  draft.is_inline = is_inline;
  if (value.as_object() != nullptr) {
    const std::size_t type = type_index(text_at(value, "type"));
    draft.is_known = type < kTypes.size();
    if (draft.is_known) draft.action.type = static_cast<ActionType>(type);
    draft.fallback = text_at(value, "fallback");
    if (checker_.lacks(value, "type")) {
      context_.diagnostics.error(
          "action-type-required", draft.action.name.place,
          fmt::format("action \"{}\" needs a type", draft.action.name.value));
    }
    if (draft.is_known && draft.action.type == ActionType::Proxy) read_proxy(value, draft);
    if (draft.is_known && draft.action.type == ActionType::Static) read_static(value, draft);
  }
  draft_.actions.push_back(std::move(draft));
}

void Reader::read_proxy(const Value& value, ActionDraft& draft) {
  Action& action = draft.action;
  action.timeout = duration_at(value, "timeout").value_or(action.timeout);
  action.preserve_host = bool_at(value, "preserve_host").value_or(false);
  action.upstream = text_at(value, "upstream").value_or(Text{});
  if (const Value* headers = object_at(value, "headers")) read_headers(*headers, draft);
  const bool is_written =
      value.find("upstream") != nullptr && value.find("upstream")->as_string() != nullptr;
  if (is_written ? action.upstream.value.empty() : checker_.lacks(value, "upstream")) {
    context_.diagnostics.error(
        "upstream-required", action.name.place,
        fmt::format("proxy action \"{}\" needs an upstream", action.name.value));
  }
}

void Reader::read_static(const Value& value, ActionDraft& draft) {
  Action& action = draft.action;
  if (const Value* headers = object_at(value, "headers")) read_headers(*headers, draft);
  if (checker_.lacks(value, "status")) {
    context_.diagnostics.error(
        "status-required", action.name.place,
        fmt::format("static action \"{}\" needs a status", action.name.value));
  }
  action.status = static_cast<int>(integer_at(value, "status").value_or(0));
  const Value* body = value.find("body_ref");
  if (body == nullptr) {
    if (!checker_.lacks(value, "body_ref")) draft_.uses_incomplete = true;
  } else if (body->as_string() != nullptr) {
    action.body_ref = Text{*body->as_string(), body->place};
  } else if (body->as_object() != nullptr) {
    action.body_ref = Text{fmt::format("_inline_{}_body", action.name.value), opening(*body)};
    read_resource(*body, *action.body_ref, true);
  }
}

void Reader::read_headers(const Value& value, ActionDraft& draft) {
  for (const json5::Member& member : *value.as_object()) {
    if (!check_header(member, draft)) continue;
    const std::string* text = member.value.as_string();
    draft.action.headers.emplace_back(member.key, text == nullptr ? std::string() : *text);
    draft.header_places.push_back(member.value.place);
  }
}

bool Reader::check_header(const json5::Member& member, const ActionDraft& draft) {
  const std::string& name = member.key;
  const auto is_same = [&](std::string_view other) { return equal_ignoring_case(name, other); };
  Diagnostics& diagnostics = context_.diagnostics;
  if (!is_token(name)) {
    diagnostics.error("header-name", member.key_place,
                      fmt::format("\"{}\" is not a header name", name));
  } else if (std::any_of(kFraming.begin(), kFraming.end(), is_same)) {
    diagnostics.error("header-framing", member.key_place,
                      fmt::format("header \"{}\" cannot be set: prox writes it itself", name));
  } else if (std::any_of(draft.action.headers.begin(), draft.action.headers.end(),
                         [&](const auto& h) { return is_same(h.first); })) {
    diagnostics.error(
        "header-twice", member.key_place,
        fmt::format("header \"{}\" is set twice; its case makes no difference", name));
  } else if (member.value.as_string() != nullptr &&
             has_control_character(*member.value.as_string())) {
    diagnostics.error("header-value", member.value.place,
                      fmt::format("header \"{}\" contains a control character", name));
  } else {
    return member.value.as_string() != nullptr || member.value.is_null();
  }
  return false;
}

void Reader::read_resource(const Value& value, Text name, bool is_inline) {
  ResourceDraft draft;
  Resource& resource = draft.resource;
  resource.name = std::move(name);
  draft.is_inline = is_inline;
  if (value.as_object() != nullptr) {
    const std::array<std::string_view, 3> kinds = {"text", "json", "file"};
    const auto is_written = [&](std::string_view kind) { return !checker_.lacks(value, kind); };
    if (std::count_if(kinds.begin(), kinds.end(), is_written) != 1) {
      context_.diagnostics.error(
          "resource-content", resource.name.place,
          fmt::format("resource \"{}\" needs exactly one of text, json, file",
                      resource.name.value));
    } else if (const std::optional<Text> text = text_at(value, "text")) {
      resource.content = text->value;
      resource.content_type = "text/plain; charset=utf-8";
    } else if (const Value* json = value.find("json")) {
      resource.type = ResourceType::Json;
      resource.content = to_json(*json, context_.diagnostics);
      resource.content_type = "application/json";
    } else if (const std::optional<Text> file = text_at(value, "file")) {
      read_resource_file(*file, resource);
    }
  }
  draft_.resources.push_back(std::move(draft));
}

void Reader::read_resource_file(const Text& file, Resource& resource) {
  resource.type = ResourceType::File;
  resource.content_type = media_type(file.value);
  const std::string path = context_.resolve(file.value);
  context_.watch(path, WatchedPath::Role::Resource);
  tl::expected<FileContent, std::string> content =
      read_file(path, FileKind::Regular, std::numeric_limits<std::size_t>::max());
  if (!content) {
    context_.environment("resource-file", file.place,
                         fmt::format("cannot read \"{}\": {}", file.value, content.error()));
    return;
  }
  resource.content = std::move(content->bytes);
}

}  // namespace prox::config
