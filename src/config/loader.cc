#include "prox/config/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/check.h"
#include "config/context.h"
#include "config/draft.h"
#include "config/files.h"
#include "config/reader.h"
#include "config/schema.h"
#include "config/validate.h"
#include "prox/config/json5.h"

namespace prox::config {
namespace {

std::string directory_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {};
  return std::string(path.substr(0, std::max<std::size_t>(slash, 1)));
}

// Reads the root file into `sources`; what is wrong with the file itself has no place in it.
bool read_root(const std::string& path, LoadResult& result) {
  if (is_directory(path)) {
    result.diagnostics.error(
        "not-built",
        fmt::format(
            "config \"{}\" is a directory: directory mode is not built into this version yet",
            path));
    return false;
  }
  tl::expected<FileContent, std::string> content =
      read_file(path, FileKind::Any, json5::kMaxBytes + 1);
  if (!content) {
    result.diagnostics.error("config-read",
                             fmt::format("cannot read config \"{}\": {}", path, content.error()));
    return false;
  }
  if (content->writable_by_all) {
    Diagnostic& warning = result.diagnostics.warning(
        "config-permissions", {}, fmt::format("config \"{}\" can be written by everyone", path),
        "take that away with chmod o-w");
    warning.has_place = false;
  }
  result.sources.add(path, std::move(content->bytes));
  return true;
}

Config to_config(Draft draft) {
  Config config;
  for (ServiceDraft& service : draft.services) {
    for (RouteDraft& route : service.routes) {
      service.service.routes.push_back(std::move(route.route));
    }
    config.services.push_back(std::move(service.service));
  }
  for (ActionDraft& action : draft.actions) config.actions.push_back(std::move(action.action));
  for (ResourceDraft& resource : draft.resources) {
    config.resources.push_back(std::move(resource.resource));
  }
  config.plugins = std::move(draft.plugins);
  config.process = std::move(draft.process);
  config.logging = std::move(draft.logging);
  config.admin = std::move(draft.admin);
  return config;
}

// All checks of a root value; what is left of it in the end is only a config if none of them found an error.
Draft check_root(const Context& context, const json5::Value& root) {
  Checker checker(context);
  checker.check(root, schema::kRoot);
  Draft draft = Reader(context, checker).read(root);
  validate(context, draft);
  return draft;
}

}  // namespace

LoadResult load(const LoadOptions& options) {
  LoadResult result;
  const std::string base = options.prefix.empty() ? directory_of(options.path) : options.prefix;
  const Context context{result.sources, result.diagnostics, result.watched, options.purpose, base};
  context.watch(options.path, WatchedPath::Role::ConfigFile);
  if (!read_root(options.path, result)) return result;
  const std::optional<json5::Value> root = json5::parse(result.sources, 0, result.diagnostics);
  if (root && root->as_object() == nullptr) {
    result.diagnostics.error("root-type", root->place, "a configuration file must hold one object");
  } else if (root) {
    Draft draft = check_root(context, *root);
    result.process = draft.process;
    if (!result.diagnostics.has_errors()) result.config = to_config(std::move(draft));
  }
  result.diagnostics.sort();
  return result;
}

}  // namespace prox::config
