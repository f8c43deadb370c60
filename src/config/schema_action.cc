#include "config/schema.h"

#include "prox/config/config.h"

// Actions: one table for all types; a row tells which types it belongs to.
namespace prox::config::schema {
namespace {

constexpr std::uint32_t bit(ActionType type) { return 1U << static_cast<unsigned>(type); }
constexpr std::uint32_t kProxy = bit(ActionType::Proxy);
constexpr std::uint32_t kStatic = bit(ActionType::Static);
constexpr std::uint32_t kServe = bit(ActionType::Serve);
constexpr std::uint32_t kPass = bit(ActionType::Pass);
constexpr std::uint32_t kDrop = bit(ActionType::Drop);
constexpr std::uint32_t kRedirect = bit(ActionType::Redirect);
constexpr std::uint32_t kAll = ~0U;

// In the order of ActionType.
constexpr Word kTypeList[] = {{"proxy"}, {"static"}, {"serve"}, {"pass"}, {"drop"}, {"redirect"}};
constexpr Words kTypes = {"action-type-unknown", "action type", kTypeList};

constexpr Word kProtoList[] = {{"", State::Built, false}, {"h2"}};
constexpr Words kProtos = {"proto-unknown", "proto", kProtoList};
// In the order of DropMode.
constexpr Word kModeList[] = {{"hang"}, {"close"}};
constexpr Words kModes = {"bad-word", "mode", kModeList};
// In the order of ProxyVersion.
constexpr Word kProxyVersionList[] = {{"v1"}, {"v2"}};
constexpr Words kProxyVersions = {"bad-word", "PROXY version", kProxyVersionList};
// In the order of RetryOn.
constexpr Word kRetryOnList[] = {{"connect"}, {"stale"}, {"502"}, {"503"}, {"504"}};
constexpr Words kRetryOns = {"bad-word", "reason to retry", kRetryOnList};

constexpr Type kStrings = array_of(kStringType, "an array of strings");
constexpr Type kCodings = array_of(kCodingType, "an array of strings");
constexpr Type kRetryOn = one_of(kRetryOns);

constexpr Type kResourceOrName = either(object(kResource), kString, "a name or a resource");
constexpr Type status() {
  Type type = integer(200, 599);  // 1xx cannot be a final answer
  type.range_id = "status-range";
  return type;
}

constexpr Type redirect_status() {
  Type type = integer(301, 308);  // of these, not all: 304 to 306 are no redirects
  type.range_id = "status-range";
  return type;
}

constexpr Key kActionKeys[] = {
    {"type", one_of(kTypes), kRequired, "", "proxy, static, serve, pass, drop or redirect",
     State::Built, kAll},
    {"upstream", string(), kRequired, "", "where requests are sent", State::Built, kProxy | kPass},
    {"timeout", duration(), "30s", "",
     "longest time to connect, if the service has no dial_timeout", State::Built, kProxy},
    {"timeout", duration(), "10s", "", "longest time to connect", State::Built, kPass},
    {"preserve_host", boolean(), "false", "",
     "send the client's Host field on instead of the upstream's", State::Built, kProxy},
    {"status", status(), kRequired, "", "status code of the answer, 200 to 599", State::Built,
     kStatic},
    {"status", redirect_status(), "308", "", "status code of the answer", State::Built, kRedirect},
    {"headers", map_of(kStringOrNullType), "{}", "",
     "header fields to set; null or an empty string removes one", State::Built, kProxy | kStatic},
    {"body_ref", kResourceOrName, "", "",
     "body of the answer: the name of a resource, or the resource itself", State::Built, kStatic},
    {"plugins", kStrings, "[]", "", "plugins for this action", State::Later, kAll},
    {"access_log", string(), "", "", "file for a line per request, or \"off\"", State::Built, kAll},
    {"response_headers", map_of(kStringOrNullType), "{}", "",
     "fields to set in, or remove from, responses", State::Built, kAll},
    {"fallback", string(), "", "", "action to use when the upstream fails", State::Later, kAll},
    {"proto", one_of(kProtos), "", "", "protocol of the upstream", State::Built, kProxy},
    {"stream", boolean(), "false", "", "an upstream connection for each request", State::Built,
     kProxy},
    {"strip_prefix", boolean(), "false", "", "leave out the matched path prefix", State::Later,
     kProxy},
    {"tls", object(kUpstreamTls), "{}", "", "TLS with the upstream", State::Built, kProxy},
    {"limits", object(kUpstreamLimits), "{}", "", "health and limits of the upstream", State::Later,
     kProxy},
    {"retries", integer(0, 100), "1", "", "further targets to try", State::Later, kProxy | kPass},
    {"retry_on", array_of(kRetryOn, "an array of strings"), "[\"connect\", \"stale\"]", "",
     "failures that lead to another try", State::Later, kProxy | kPass},
    {"retry_budget", integer(0, 100), "20", "per cent", "share of requests that may be tried again",
     State::Later, kProxy | kPass},
    {"send_proxy_protocol", one_of(kProxyVersions), "", "", "PROXY header to the upstream",
     State::Later, kProxy | kPass},
    {"root", string(), "", "", "directory of files", State::Built, kServe},
    {"file", string(), "", "", "one file for all paths", State::Built, kServe},
    {"index", kStrings, "[\"index.html\"]", "", "files that stand for a directory", State::Built,
     kServe},
    {"browse", boolean(), "false", "", "list directories", State::Built, kServe},
    {"try", kStrings, "[]", "", "paths to look for", State::Built, kServe},
    {"precompressed", kCodings, "[]", "", "codings of files beside the plain ones", State::Built,
     kServe},
    {"mime", map_of(kStringType), "{}", "", "content types by file ending", State::Built, kServe},
    {"cache_control", string(), "", "", "Cache-Control of responses", State::Built, kServe},
    {"error_page", map_of(kStringType), "{}", "", "files for error answers, by status",
     State::Built, kServe},
    {"mode", one_of(kModes), "hang", "",
     "hang: the client waits until write_timeout; close: it is closed at once", State::Built,
     kDrop},
    {"to", string(), kRequired, "", "where a client is sent", State::Built, kRedirect},
};

constexpr Key kUpstreamTlsKeys[] = {
    {"ca", string(), "", "", "certificate authorities"},
    {"server_name", string(), "", "", "name the certificate must have"},
    {"insecure_skip_verify", boolean(), "false", "", "take any certificate"},
    {"cert", string(), "", "", "own certificate"},
    {"key", string(), "", "", "own key"},
    {"alpn", kStrings, "", "", "protocols to offer"},
};

constexpr Key kUpstreamLimitsKeys[] = {
    {"max_fails", integer(0, kMostCount), "3", "", "failures until it is left out", State::Later},
    {"fail_timeout", duration(), "10s", "", "how long it is left out", State::Later},
    {"health_check", object(kHealthCheck), "", "", "regular checks", State::Later},
    {"slow_start", duration(), "0", "", "time until it gets its full share again", State::Later},
    {"max_conns", integer(0, kMostCount), "0", "", "connections", State::Later},
    {"queue", object(kQueue), "", "", "requests that wait", State::Later},
};

}  // namespace

const Object kAction = {"action", "this action", kActionKeys, "type"};
const Object kUpstreamTls = {"tls", "this tls block", kUpstreamTlsKeys, {}};
const Object kUpstreamLimits = {"limits", "this limits block", kUpstreamLimitsKeys, {}};

}  // namespace prox::config::schema
