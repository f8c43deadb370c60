#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "config/fields.h"
#include "config/files.h"
#include "config/reader.h"
#include "config/resource_json.h"
#include "prox/config/media_type.h"

// Resources, by name or inline.
namespace prox::config {

using json5::Value;

void Reader::read_resource(const Value& value, Text name, bool is_inline) {
  ResourceDraft draft;
  draft.resource.name = std::move(name);
  draft.is_inline = is_inline;
  if (value.as_object() != nullptr) {
    const std::array<std::string_view, 3> kinds = {"text", "json", "file"};
    const auto is_written = [&](std::string_view kind) { return !checker_.lacks(value, kind); };
    if (std::count_if(kinds.begin(), kinds.end(), is_written) == 1) {
      read_content(value, draft.resource);
    } else {
      context_.diagnostics.error(
          "resource-content", draft.resource.name.place,
          called("resource", draft.resource.name.value) + " needs exactly one of text, json, file");
    }
  }
  draft_.resources.push_back(std::move(draft));
}

void Reader::read_content(const Value& value, Resource& resource) {
  const Fields fields(context_, value, schema::kResource);
  Text text;
  Path file;
  if (fields.read("text", text)) {
    resource.content = text.value;
    resource.content_type = "text/plain; charset=utf-8";
  } else if (const Value* json = fields.find("json")) {
    resource.type = ResourceType::Json;
    resource.content = to_json(*json, context_.diagnostics);
    resource.content_type = "application/json";
  } else if (fields.read("file", file)) {
    read_resource_file(file, resource);
  }
}

void Reader::read_resource_file(const Path& file, Resource& resource) {
  resource.type = ResourceType::File;
  resource.content_type = media_type(file.written.value);
  context_.watched.add(file.resolved, WatchedPath::Role::Resource);
  tl::expected<FileContent, std::string> content =
      read_file(file.resolved, FileKind::Regular, std::numeric_limits<std::size_t>::max());
  if (!content) {
    context_.environment(
        "resource-file", file.written.place,
        fmt::format("cannot read \"{}\": {}", file.written.value, content.error()));
    return;
  }
  context_.watched.has_read(file.resolved, content->bytes);
  resource.content = std::move(content->bytes);
}

}  // namespace prox::config
