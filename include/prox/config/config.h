#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "prox/config/action.h"
#include "prox/config/process.h"
#include "prox/config/route.h"
#include "prox/config/service_settings.h"
#include "prox/config/text.h"
#include "prox/config/tls_settings.h"

// The typed config: what was written, with defaults filled in and references still by name. Built by config::load (loader.h), which
// finds every problem; compiled into a worker::Plan afterwards. Plain data; lists keep the order of the files.
namespace prox::config {

struct Service {
  Text name;
  Text listen;
  ServiceSettings settings;
  TlsSettings tls;
  bool h2 = true;
  Texts plugins;
  HeaderEdits response_headers;
  bool request_id = true;
  bool proxy_status = false;
  Compression compress;
  Guards guards;
  std::vector<Route> routes;

  bool operator==(const Service&) const = default;
};

enum class ResourceType : std::uint8_t { Text, Json, File };

struct Resource {
  Text name;
  ResourceType type = ResourceType::Text;
  std::string content;  // text as written; json serialised, compact; a file's bytes, read at load
  std::string content_type;  // the default for that kind of resource

  bool operator==(const Resource&) const = default;
};

enum class OnFailure : std::uint8_t { Closed, Open };

// An entry of the plugin registry.
struct Plugin {
  Text name;
  Path path;
  bool autostart = false;
  OnFailure on_failure = OnFailure::Closed;
  Duration startup_timeout = std::chrono::seconds(5);

  bool operator==(const Plugin&) const = default;
};

struct Config {
  std::vector<Service> services;
  std::vector<Action> actions;
  std::vector<Resource> resources;
  std::vector<Plugin> plugins;
  Process process;
  Logging logging;
  std::optional<Admin> admin;

  const Action* find_action(std::string_view name) const;
  const Resource* find_resource(std::string_view name) const;

  bool operator==(const Config&) const = default;
};

}  // namespace prox::config
