#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "prox/config/config.h"
#include "prox/exchange/access_rule.h"

namespace prox::master {

// Every log file that a config names, each as often as it does, in its order.
std::vector<const config::Path*> log_paths(const config::Config& config);

// Gives each log file of a config its index in the plan, and each route its rule.
class LogPlanner {
 public:
  explicit LogPlanner(const config::Config& config);

  // Of the requests of a route with that action; of those without a route, if there is none. The first of route, action and `logging` that
  // says something is heeded. Requests that are dropped have no line.
  exchange::AccessRule rule_of(const config::Action* action, const config::Route* route) const;
  const exchange::LogPlan& plan() const { return plan_; }

 private:
  std::uint32_t index_of(const config::Path& path) const;
  exchange::AccessRule rule_of(const config::AccessLog& log) const;

  const config::Logging& logging_;
  exchange::LogPlan plan_;
  std::unordered_map<std::string, std::uint32_t> indices_;
};

}  // namespace prox::master
