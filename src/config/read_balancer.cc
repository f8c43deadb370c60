#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "config/read_parts.h"

// Balancers, and what holds for their targets.
namespace prox::config {
namespace {

bool parse_status(std::string_view text, int& to) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), to);
  return fault == std::errc() && end == text.data() + text.size() && to >= 100 && to <= 599;
}

// "200-399", "200", or several of them: "200-299, 404"
std::optional<std::vector<StatusRange>> parse_statuses(std::string_view text) {
  std::vector<StatusRange> ranges;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    std::string_view item = text.substr(begin, end - begin);
    item.remove_prefix(std::min(item.find_first_not_of(' '), item.size()));
    item = item.substr(0, item.find_last_not_of(' ') + 1);
    const std::size_t dash = item.find('-');
    StatusRange range;
    if (!parse_status(item.substr(0, dash), range.first)) return std::nullopt;
    range.last = range.first;
    const bool is_range = dash != std::string_view::npos;
    if (is_range && !parse_status(item.substr(dash + 1), range.last)) return std::nullopt;
    if (range.last < range.first) return std::nullopt;
    ranges.push_back(range);
    begin = end + 1;
  }
  return ranges;
}

void read_health_check(const Fields& check, HealthCheck& to) {
  check.read("path", to.path);
  check.read("interval", to.interval);
  check.read("timeout", to.timeout);
  check.read("rise", to.rise);
  check.read("fall", to.fall);
  check.read("host", to.host);
  check.read("tcp", to.tcp);
  Text status;
  if (!check.read("status", status)) return;
  if (auto ranges = parse_statuses(status.value)) {
    to.status = std::move(*ranges);
  } else {
    check.context().diagnostics.error(
        "health-status", status.place,
        fmt::format("\"{}\" is not a range of status codes", status.value),
        "write 200, 200-399, or several of them with commas");
  }
}

void read_targets(const Fields& balancer, std::vector<BalancerTarget>& to) {
  const json5::Value* targets = balancer.find("targets");
  if (targets == nullptr || targets->as_array() == nullptr) return;
  for (const json5::Value& item : *targets->as_array()) {
    BalancerTarget target;
    if (const std::string* address = item.as_string()) {
      target.address = {*address, item.place};
    } else if (item.as_object() != nullptr) {
      const Fields fields(balancer.context(), item, schema::kTarget);
      target.address.place = opening(item);
      fields.read("address", target.address);
      fields.read("weight", target.weight);
      fields.read("backup", target.backup);
    } else {
      continue;
    }
    to.push_back(std::move(target));
  }
}

}  // namespace

void read_target_limits(const Fields& limits, TargetLimits& to) {
  limits.read("max_fails", to.max_fails);
  limits.read("fail_timeout", to.fail_timeout);
  limits.read("slow_start", to.slow_start);
  limits.read("max_conns", to.max_conns);
  if (const auto check = limits.object("health_check")) {
    read_health_check(*check, to.health_check.emplace());
  }
  if (const auto queue = limits.object("queue")) {
    Queue& queue_to = to.queue.emplace();
    queue->read("size", queue_to.size);
    queue->read("timeout", queue_to.timeout);
  }
}

void read_balancer(const Fields& balancer, Balancer& to) {
  balancer.read("type", to.type);
  read_targets(balancer, to.targets);
  balancer.read("fallback", to.fallback);
  balancer.read("key", to.key);
  if (const auto sticky = balancer.object("sticky")) {
    Sticky& sticky_to = to.sticky.emplace();
    sticky->read("cookie", sticky_to.cookie);
    sticky->read("ttl", sticky_to.ttl);
  }
  read_target_limits(balancer, to.limits);
}

}  // namespace prox::config
