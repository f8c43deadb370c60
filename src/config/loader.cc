#include "prox/config/loader.h"

#include <filesystem>
#include <utility>

#include "config/check_tree.h"
#include "config/context.h"
#include "config/draft.h"
#include "config/effective.h"
#include "config/files.h"
#include "config/reader.h"
#include "config/tree.h"
#include "config/validate.h"

namespace prox::config {
namespace {

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
  for (PluginDraft& plugin : draft.plugins) config.plugins.push_back(std::move(plugin.plugin));
  config.process = std::move(draft.process);
  config.logging = std::move(draft.logging);
  config.admin = std::move(draft.admin);
  return config;
}

// All checks of a tree; what is left of it in the end is only a config if none of them found an error.
Draft check(const Context& context, const Tree& tree) {
  Checker checker(context);
  check_tree(context, tree, checker);
  Draft draft = Reader(context, checker, tree).read();
  validate(context, checker, draft);
  return draft;
}

// Files that are opened later, by whoever builds what speaks TLS.
void watch_certificates(const Context& context, const Draft& draft) {
  const auto add = [&](std::string path) {
    context.watched.add(std::move(path), WatchedPath::Role::Certificate);
  };
  const auto watch = [&](const std::optional<Path>& path) {
    if (path && !path->resolved.empty()) add(path->resolved);
  };
  for (const ServiceDraft& service : draft.services) {
    const TlsSettings& tls = service.service.tls;
    for (const auto* path : {&tls.cert, &tls.key, &tls.client_ca, &tls.ocsp_file}) watch(*path);
    // What is stapled unless ocsp_file names another: it need not be there yet.
    if (tls.cert && !tls.cert->resolved.empty() && !tls.ocsp_file)
      add(std::filesystem::path(tls.cert->resolved).replace_extension(".ocsp"));
  }
  for (const ActionDraft& action : draft.actions) {
    const auto* proxy = action.action.as<ProxyAction>();
    if (proxy == nullptr) continue;
    for (const auto* path : {&proxy->tls.ca, &proxy->tls.cert, &proxy->tls.key}) watch(*path);
  }
}

// Where paths hang that no option gives a base for.
std::string base_of(const LoadOptions& options) {
  if (!options.prefix.empty()) return options.prefix;
  return is_directory(options.path) ? options.path : directory_of(options.path);
}

}  // namespace

LoadResult load(const LoadOptions& options) {
  LoadResult result;
  const std::string base = base_of(options);
  WatchedPaths watched;
  const Context context{result.sources, result.diagnostics, watched, options.purpose, base};
  const Tree tree = read_tree(context, options.path);
  if (tree.is_readable()) {
    Draft draft = check(context, tree);
    watch_certificates(context, draft);
    result.process = draft.process;
    if (!result.diagnostics.has_errors()) {
      result.config = to_config(std::move(draft));
      if (options.describe) result.effective = describe_effective(tree);
    }
  }
  result.watched = watched.take();
  result.diagnostics.sort();
  return result;
}

}  // namespace prox::config
