#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "prox/config/text.h"

// Several upstreams to choose from, and when one of them is left out.
namespace prox::config {

enum class BalancerType : std::uint8_t { RoundRobin, Random, LeastConn, P2c, Hash };

struct BalancerTarget {
  Text address;
  std::int64_t weight = 1;
  bool backup = false;  // only when no other is up

  bool operator==(const BalancerTarget&) const = default;
};

// Both ends included.
struct StatusRange {
  int first = 0;
  int last = 0;

  bool operator==(const StatusRange&) const = default;
};

struct HealthCheck {
  Text path{"/", {}};
  Duration interval = std::chrono::seconds(10);
  Duration timeout = std::chrono::seconds(2);
  std::int64_t rise = 2;  // good checks until a target is up
  std::int64_t fall = 3;  // bad ones until it is down
  std::vector<StatusRange> status = {{200, 399}};
  std::optional<Text> host;  // none: the target's authority
  bool tcp = false;          // only connect

  bool operator==(const HealthCheck&) const = default;
};

struct Queue {
  std::int64_t size = 1000;
  Duration timeout = std::chrono::seconds(5);

  bool operator==(const Queue&) const = default;
};

// What holds for each target; of an action without a balancer, for its one upstream.
struct TargetLimits {
  std::int64_t max_fails = 3;  // 0 = failures are not counted
  Duration fail_timeout = std::chrono::seconds(10);
  std::optional<HealthCheck> health_check;
  Duration slow_start = Duration::zero();
  std::int64_t max_conns = 0;  // 0 = unlimited
  std::optional<Queue> queue;

  bool operator==(const TargetLimits&) const = default;
};

struct Sticky {
  Text cookie;
  std::optional<Duration> ttl;  // none: until the browser ends

  bool operator==(const Sticky&) const = default;
};

struct Balancer {
  BalancerType type = BalancerType::RoundRobin;
  std::vector<BalancerTarget> targets;
  bool fallback = false;  // any group when the right one is empty
  Text key{"{client}", {}};
  std::optional<Sticky> sticky;
  TargetLimits limits;

  bool operator==(const Balancer&) const = default;
};

}  // namespace prox::config
