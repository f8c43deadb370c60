#include "config/secret.h"

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "config/fields.h"
#include "config/files.h"

namespace prox::config {
namespace {

constexpr std::size_t kMostBytes = 64u << 10;

// Editors end files with a line break, which nobody means to be a part of the secret.
void remove_line_break(std::string& text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
}

std::optional<Secret> from_environment(const Context& context, const Text& name) {
  const char* value = std::getenv(name.value.c_str());
  if (value != nullptr && *value != '\0') return Secret(value, name.place);
  context.environment("secret-env", name.place,
                      fmt::format("the environment variable \"{}\" is {}", name.value,
                                  value == nullptr ? "not set" : "empty"));
  return std::nullopt;
}

std::optional<Secret> from_file(const Context& context, const Path& path) {
  context.watched.add(path.resolved, WatchedPath::Role::Resource);
  tl::expected<FileContent, std::string> content =
      read_file(path.resolved, FileKind::Regular, kMostBytes);
  const Text& written = path.written;
  if (!content) {
    context.environment("secret-file", written.place,
                        fmt::format("cannot read \"{}\": {}", written.value, content.error()));
    return std::nullopt;
  }
  context.watched.has_read(path.resolved, content->bytes);
  if (content->readable_by_all) {
    context.diagnostics.warning("secret-permissions", written.place,
                                fmt::format("\"{}\" can be read by everyone", written.value),
                                "take that away with chmod o-r");
  }
  remove_line_break(content->bytes);
  if (!content->bytes.empty()) return Secret(std::move(content->bytes), written.place);
  context.environment("secret-file", written.place,
                      fmt::format("cannot read \"{}\": it is empty", written.value));
  return std::nullopt;
}

}  // namespace

std::optional<Secret> read_secret(const Context& context, const json5::Value& value,
                                  std::string_view key) {
  if (const std::string* text = value.as_string()) {
    if (!text->empty()) return Secret(*text, value.place);
    context.diagnostics.error("secret-empty", value.place, fmt::format("\"{}\" is empty", key));
    return std::nullopt;
  }
  if (value.as_object() == nullptr) return std::nullopt;
  const Fields fields(context, value, schema::kSecret);
  Text env;
  Path file;
  const bool has_env = fields.read("env", env);
  const bool has_file = fields.read("file", file);
  if (has_env == has_file) {
    // A wrong form of either was reported.
    if (fields.find("env") == nullptr || has_env) {
      context.diagnostics.error("secret-source", opening(value),
                                fmt::format("\"{}\" needs exactly one of env, file", key));
    }
    return std::nullopt;
  }
  return has_env ? from_environment(context, env) : from_file(context, file);
}

}  // namespace prox::config
