#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "prox/config/balancer.h"
#include "prox/config/guards.h"
#include "prox/config/text.h"

// What a route can do with a request: one struct for each type of action.
namespace prox::config {

enum class ProxyVersion : std::uint8_t { V1, V2 };
enum class RetryOn : std::uint8_t { Connect, Stale, BadGateway, Unavailable, GatewayTimeout };

// How actions that connect to an upstream do so.
struct Connecting {
  Text upstream;                    // a template
  std::optional<Duration> timeout;  // to connect; none: 30 s for proxy, 10 s for pass
  std::int64_t retries = 1;
  std::vector<RetryOn> retry_on = {RetryOn::Connect, RetryOn::Stale};
  std::int64_t retry_budget = 20;  // per cent of requests
  std::optional<ProxyVersion> send_proxy_protocol;
  TargetLimits limits;  // without a balancer

  bool operator==(const Connecting&) const = default;
};

struct UpstreamTls {
  std::optional<Path> ca;           // none: the system's
  std::optional<Text> server_name;  // none: the upstream's host
  bool insecure_skip_verify = false;
  std::optional<Path> cert;
  std::optional<Path> key;
  Texts alpn;  // empty: what the protocol needs

  bool operator==(const UpstreamTls&) const = default;
};

struct ProxyAction {
  Connecting connecting;
  bool preserve_host = false;
  HeaderEdits headers;
  bool h2 = false;      // proto: "h2"
  bool stream = false;  // an upstream connection for each request
  bool strip_prefix = false;
  UpstreamTls tls;

  bool operator==(const ProxyAction&) const = default;
};

struct StaticAction {
  int status = 0;
  HeaderEdits headers;
  std::optional<Text> body_ref;  // a name in Config::resources; inline: _inline_<action>_body

  bool operator==(const StaticAction&) const = default;
};

// Exactly one of `root` and `file`.
struct ServeAction {
  std::optional<Path> root;
  std::optional<Path> file;
  Texts index = {{"index.html", {}}};
  bool browse = false;
  Texts try_paths;
  std::vector<Coding> precompressed;
  NamedTexts mime;  // ".foo" → "x/y"
  std::optional<Text> cache_control;
  NamedTexts error_page;  // "404" → a file below the root

  bool operator==(const ServeAction&) const = default;
};

struct PassAction {
  Connecting connecting;

  bool operator==(const PassAction&) const = default;
};

enum class DropMode : std::uint8_t { Hang, Close };

struct DropAction {
  DropMode mode = DropMode::Hang;

  bool operator==(const DropAction&) const = default;
};

struct RedirectAction {
  Text to;  // a template
  int status = 308;

  bool operator==(const RedirectAction&) const = default;
};

// In the order of the alternatives of Action::options.
enum class ActionType : std::uint8_t { Proxy, Static, Serve, Pass, Drop, Redirect };

struct Action {
  Text name;  // inline ones are named _inline_<service>_<index>
  Texts plugins;
  std::optional<AccessLog> access_log;
  HeaderEdits response_headers;
  std::optional<Text> fallback;  // a name in Config::actions
  std::variant<ProxyAction, StaticAction, ServeAction, PassAction, DropAction, RedirectAction>
      options;

  ActionType type() const { return static_cast<ActionType>(options.index()); }
  // The options of an action of type T; nullptr if it is of another.
  template <typename T>
  const T* as() const {
    return std::get_if<T>(&options);
  }
  // nullptr for actions that have no upstream.
  const Connecting* connecting() const;

  bool operator==(const Action&) const = default;
};

}  // namespace prox::config
