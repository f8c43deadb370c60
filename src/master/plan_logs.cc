#include "master/plan_logs.h"

#include <optional>

namespace prox::master {

namespace {

void add(std::vector<const config::Path*>& paths, const std::optional<config::AccessLog>& log) {
  if (log && !log->off) paths.push_back(&log->path);
}

}  // namespace

std::vector<const config::Path*> log_paths(const config::Config& config) {
  std::vector<const config::Path*> paths;
  if (config.logging.error_log) paths.push_back(&*config.logging.error_log);
  add(paths, config.logging.access_log);
  for (const config::Action& action : config.actions) add(paths, action.access_log);
  for (const config::Service& service : config.services) {
    for (const config::Route& route : service.routes) add(paths, route.access_log);
  }
  return paths;
}

LogPlanner::LogPlanner(const config::Config& config) : logging_(config.logging) {
  for (const config::Path* path : log_paths(config)) {
    const auto index = static_cast<std::uint32_t>(plan_.files.size());
    if (indices_.emplace(path->resolved, index).second) plan_.files.push_back(path->resolved);
  }
  if (logging_.error_log) plan_.error_log = index_of(*logging_.error_log);
  plan_.query = logging_.query;
}

exchange::AccessRule LogPlanner::rule_of(const config::Action* action,
                                         const config::Route* route) const {
  if (action != nullptr && action->as<config::DropAction>() != nullptr)
    return {exchange::AccessRule::kNoFile, false};
  if (route != nullptr && route->access_log) return rule_of(*route->access_log);
  if (action != nullptr && action->access_log) return rule_of(*action->access_log);
  return logging_.access_log ? rule_of(*logging_.access_log) : exchange::AccessRule{};
}

exchange::AccessRule LogPlanner::rule_of(const config::AccessLog& log) const {
  if (log.off) return {exchange::AccessRule::kNoFile, false};
  return {index_of(log.path), true};
}

std::uint32_t LogPlanner::index_of(const config::Path& path) const {
  return indices_.at(path.resolved);
}

}  // namespace prox::master
