#include "prox/config/loader.h"

#include <utility>

#include "config/check_tree.h"
#include "config/context.h"
#include "config/draft.h"
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
  config.plugins = std::move(draft.plugins);
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
  validate(context, draft);
  return draft;
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
  const Context context{result.sources, result.diagnostics, result.watched, options.purpose, base};
  const Tree tree = read_tree(context, options.path);
  if (tree.is_readable()) {
    Draft draft = check(context, tree);
    result.process = draft.process;
    if (!result.diagnostics.has_errors()) result.config = to_config(std::move(draft));
  }
  result.diagnostics.sort();
  return result;
}

}  // namespace prox::config
