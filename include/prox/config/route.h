#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "prox/config/balancer.h"
#include "prox/config/guards.h"
#include "prox/config/text.h"

namespace prox::config {

// A header field or a query parameter that a request must, or must not, have.
struct FieldCondition {
  Text name;
  std::optional<bool> present;  // written as true or false; none: `value` is a pattern
  Text value;  // "*" at either end stands for anything; "!" in front turns it round

  bool operator==(const FieldCondition&) const = default;
};

struct Match {
  Place place;
  std::optional<Text> path;    // one or more patterns, separated by commas
  std::optional<Text> domain;  // one pattern
  Texts methods;               // as written; empty: all
  bool forward_proxy = false;
  std::vector<FieldCondition> headers;
  std::vector<FieldCondition> query;
  Networks client;  // empty: all
  Texts alpn;       // empty: all

  bool operator==(const Match&) const = default;
};

struct Speed {
  double download_mbps = 0;  // megabits a second; 0 = unlimited
  double upload_mbps = 0;
  bool shared = false;  // one budget for the whole route

  bool operator==(const Speed&) const = default;
};

struct Route {
  Place place;
  std::optional<Match> match;  // none: catch-all
  Text action;  // a name in Config::actions; inline ones are hoisted as _inline_<service>_<index>
  StringMap set;
  std::optional<Balancer> balancer;
  Texts plugins;
  Duration plugin_timeout = std::chrono::seconds(5);
  std::optional<Speed> speed;
  std::optional<AccessLog> access_log;
  HeaderEdits response_headers;
  Compression compress;
  Guards guards;

  bool operator==(const Route&) const = default;
};

}  // namespace prox::config
