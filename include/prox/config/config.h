#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "prox/config/source.h"

// The typed config: what was written, with defaults filled in and references still by name. Built by config::load (loader.h), which
// finds every problem; compiled into a worker::Plan afterwards. Plain data; lists keep the order of the files.
namespace prox::config {

using Duration = std::chrono::nanoseconds;  // 0 = no limit, unless said otherwise

// A string and where it stands, for messages that come later than the parse.
struct Text {
  std::string value;
  Place place;
};

using StringMap = std::vector<std::pair<std::string, std::string>>;

// A service's `config` block.
struct ServiceSettings {
  Duration read_timeout = std::chrono::seconds(10);
  Duration header_timeout = std::chrono::seconds(10);
  Duration write_timeout = std::chrono::seconds(30);
  Duration idle_timeout = std::chrono::seconds(120);
  Duration response_header_timeout = std::chrono::seconds(30);
  std::optional<Duration> dial_timeout;  // none: the action's timeout
  Duration keep_alive = std::chrono::seconds(30);
  std::int64_t max_idle_conns = 100;
  std::int64_t max_idle_conns_per_host = 10;
  std::int64_t max_header_bytes = 65536;
  std::int64_t max_uri_bytes = 16384;
  std::int64_t max_header_count = 200;
  std::int64_t max_body_bytes = 0;            // 0 = none
  std::int64_t max_requests_per_conn = 1000;  // 0 = unlimited
  Duration flush_interval =
      Duration::zero();  // never above 0: data is always passed on within a turn of the loop
};

struct Match {
  Place place;
  std::optional<Text> path;    // one or more patterns, separated by commas
  std::optional<Text> domain;  // one pattern
  std::vector<Text> methods;   // as written; empty: all
  bool forward_proxy = false;
};

struct Route {
  Place place;
  std::optional<Match> match;  // none: catch-all
  Text action;  // a name in Config::actions; inline ones are hoisted as _inline_<service>_<index>
  StringMap set;
};

struct Service {
  Text name;
  Text listen;
  ServiceSettings settings;
  std::vector<Route> routes;
};

enum class ActionType : std::uint8_t { Proxy, Static, Serve, Pass, Drop, Redirect };

struct Action {
  Text name;
  ActionType type = ActionType::Proxy;
  // proxy, pass
  Text upstream;
  Duration timeout = std::chrono::seconds(30);
  bool preserve_host = false;
  // proxy and static; an empty value removes the field
  StringMap headers;
  // static
  int status = 0;
  std::optional<Text>
      body_ref;  // a name in Config::resources; inline ones are hoisted as _inline_<action>_body
};

enum class ResourceType : std::uint8_t { Text, Json, File };

struct Resource {
  Text name;
  ResourceType type = ResourceType::Text;
  std::string content;  // text as written; json serialised, compact; a file's bytes, read at load
  std::string content_type;  // the default for that kind of resource
};

struct Process {
  std::optional<std::int64_t> workers;  // none: "auto"
  std::optional<Text> user;
  std::optional<Text> group;
  std::optional<Text>
      pid_file;  // resolved to an absolute path or one relative to the working directory
  Duration shutdown_timeout = std::chrono::seconds(15);
  Duration drain_timeout = Duration::zero();
  std::optional<std::int64_t> rlimit_nofile;
};

struct Logging {
  std::optional<std::string> level;  // debug, info, warn, error
};

struct Config {
  std::vector<Service> services;
  std::vector<Action> actions;
  std::vector<Resource> resources;
  Process process;
  Logging logging;

  const Action* find_action(std::string_view name) const;
  const Resource* find_resource(std::string_view name) const;
};

}  // namespace prox::config
