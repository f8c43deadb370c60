#include "config/schema.h"

// A route: what it asks of a request, and what it adds to its action.
namespace prox::config::schema {
namespace {

constexpr Type kStrings = array_of(kStringType, "an array of strings");
constexpr Type kCodings = array_of(kCodingType, "an array of strings");
constexpr Type kCondition = {.forms = kString | kBool, .text = "a string, true or false"};

constexpr Word kMethodList[] = {{"GET"},    {"HEAD"},    {"POST"},    {"PUT"},  {"PATCH"},
                                {"DELETE"}, {"CONNECT"}, {"OPTIONS"}, {"TRACE"}};
constexpr Words kMethods = {"method-unknown", "method", kMethodList, true, false};
constexpr Type kMethod = one_of(kMethods);

constexpr Key kMatchKeys[] = {
    {"path", string(), "", "", "path pattern, or several separated by commas"},
    {"domain", string(), "", "", "domain pattern"},
    {"methods", array_of(kMethod, "an array of strings"), "[]", "", "request methods; none: all"},
    {"forward_proxy", boolean(), "false", "", "only requests that take prox for a forward proxy"},
    {"headers", map_of(kCondition), "{}", "", "request fields and their values"},
    {"query", map_of(kCondition), "{}", "", "query parameters and their values"},
    {"client", kStrings, "[]", "", "networks of the client"},
    {"alpn", kStrings, "[]", "", "protocols that the client offers; only for pass"},
};

constexpr Type kActionOrName = either(object(kAction), kString, "a name or an action");

constexpr Key kRouteKeys[] = {
    {"match", object(kMatch), in_words("everything"), "", "the requests that this route is for"},
    {"action", kActionOrName, kRequired, "",
     "what is done with them: the name of an action, or the action itself"},
    {"set", map_of(kStringType), "{}", "", "variables for the action's templates"},
    {"balancer", object(kBalancer), "", "", "several upstreams to choose from", State::Later},
    {"plugins", kStrings, "[]", "", "plugins for this route", State::Later},
    {"plugin_timeout", duration(), "5s", "", "time for all plugins of a request", State::Later},
    {"speed", object(kSpeed), "", "", "speed limits", State::Later},
    {"access_log", string(), "", "", "file for a line per request, or \"off\""},
    {"response_headers", map_of(kStringOrNullType), "{}", "",
     "fields to set in, or remove from, responses"},
    {"compress", kCodings, in_words("the service's"), "", "codings for responses"},
    {"compress_min", integer(0, kMostBytes), in_words("the service's"), "bytes",
     "smallest body to compress"},
    {"limit", object(kLimit), "", "", "request rate", State::Later},
    {"allow", kStrings, "[]", "", "networks that may use the route", State::Later},
    {"deny", kStrings, "[]", "", "networks that may not", State::Later},
    {"basic_auth", object(kBasicAuth), "", "", "users and their passwords", State::Later},
};

// In the order of BalancerType.
constexpr Word kBalancerList[] = {{"roundrobin"}, {"random"}, {"leastconn"}, {"p2c"}, {"hash"}};
constexpr Words kBalancers = {"balancer-type-unknown", "balancer type", kBalancerList};

constexpr Key kTargetKeys[] = {
    {"address", string(), kRequired, "", "host and port", State::Later},
    {"weight", integer(1, 1000), "1", "", "its share", State::Later},
    {"backup", boolean(), "false", "", "only when no other is up", State::Later},
};
constexpr Type kTargetItem = either(object(kTarget), kString, "a string or an object");

constexpr Key kStickyKeys[] = {
    {"cookie", string(), kRequired, "", "name of the cookie", State::Later},
    {"ttl", duration(), "", "", "how long it is kept", State::Later},
};

constexpr Key kBalancerKeys[] = {
    {"type", one_of(kBalancers), kRequired, "", "how a target is chosen", State::Later},
    {"targets", array_of(kTargetItem, "an array of targets"), "[]", "", "the upstreams",
     State::Later},
    {"fallback", boolean(), "false", "", "use any group when the right one is empty", State::Later},
    {"key", string(), "{client}", "", "what is hashed", State::Later},
    {"sticky", object(kSticky), "", "", "keep a client at its target", State::Later},
    {"max_fails", integer(0, kMostCount), "3", "", "failures until a target is left out",
     State::Later},
    {"fail_timeout", duration(), "10s", "", "how long it is left out", State::Later},
    {"health_check", object(kHealthCheck), "", "", "regular checks of all targets", State::Later},
    {"slow_start", duration(), "0", "",
     "time in which a target that comes back gets its full share", State::Later},
    {"max_conns", integer(0, kMostCount), "0", "", "connections to a target", State::Later},
    {"queue", object(kQueue), "", "", "requests that wait for a target", State::Later},
};

constexpr Key kHealthCheckKeys[] = {
    {"path", string(), "/", "", "what is asked for", State::Later},
    {"interval", duration(), "10s", "", "time between checks", State::Later},
    {"timeout", duration(), "2s", "", "longest wait for an answer", State::Later},
    {"rise", integer(1, 1000), "2", "", "good checks until a target is up", State::Later},
    {"fall", integer(1, 1000), "3", "", "bad checks until a target is down", State::Later},
    {"status", string(), "200-399", "", "good answers", State::Later},
    {"host", string(), "", "", "Host of the check", State::Later},
    {"tcp", boolean(), "false", "", "only connect", State::Later},
};

constexpr Key kQueueKeys[] = {
    {"size", integer(0, kMostCount), "1000", "", "requests that wait at most", State::Later},
    {"timeout", duration(), "5s", "", "how long they wait", State::Later},
};

constexpr Key kSpeedKeys[] = {
    {"download_mbps", number(), "0", "megabits a second", "to the client", State::Later},
    {"upload_mbps", number(), "0", "megabits a second", "from the client", State::Later},
    {"shared", boolean(), "false", "", "one budget for the whole route", State::Later},
};

}  // namespace

const Object kRoute = {"route", "this route", kRouteKeys, {}};
const Object kMatch = {"match", "this match", kMatchKeys, {}};
const Object kBalancer = {"balancer", "this balancer", kBalancerKeys, {}};
const Object kSticky = {"sticky", "sticky", kStickyKeys, {}};
const Object kTarget = {"target", "this target", kTargetKeys, {}};
const Object kHealthCheck = {"health_check", "this health_check", kHealthCheckKeys, {}};
const Object kQueue = {"queue", "this queue", kQueueKeys, {}};
const Object kSpeed = {"speed", "this speed", kSpeedKeys, {}};

}  // namespace prox::config::schema
