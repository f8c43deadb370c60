#include "config/schema.h"

#include <algorithm>

// The objects of the root file that stand for themselves; services, actions and what routes hold have files of their own.
namespace prox::config::schema {
namespace {

constexpr Type kServiceItem = {.forms = kObject | kString,
                               .text = "an object or a path",
                               .object = &kService,
                               .mismatch_id = "service-type",
                               .mismatch = "a service must be an object or a path"};
constexpr Type kActionItem = object(kAction);
constexpr Type kResourceItem = object(kResource);
constexpr Type kPluginItem = object(kPlugin);

constexpr Type names_of(const Type& items) {
  Type type = map_of(items);
  type.named = true;
  return type;
}

constexpr Key kRootKeys[] = {
    {"services", names_of(kServiceItem), kRequired, "",
     "the listeners, by name, with their routes"},
    {"actions", names_of(kActionItem), "{}", "", "what routes do with a request, by name"},
    {"resources", names_of(kResourceItem), "{}", "", "contents for static answers, by name"},
    {"plugins", names_of(kPluginItem), "{}", "", "plugin programs, by name", State::Later},
    {"logging", object(kLogging), "{}", "", "what is logged, and where"},
    {"admin", object(kAdmin), "", "", "the admin API", State::Later},
    {"process", object(kProcess), "{}", "", "the processes of prox itself"},
};

// A file that is a service of its own, taken for the root file.
constexpr std::string_view kOfService = "belongs to a service, not to the root file";
constexpr std::string_view kServiceHelp =
    "a root file has services: { NAME: { ... } }, or { NAME: \"FILE\" } for a service's own file";
constexpr Foreign kServiceOnly[] = {
    {"listen", "unknown-key", kOfService, kServiceHelp, "services"},
    {"routes", "unknown-key", kOfService, "", "services"},
    {"config", "unknown-key", kOfService, "", "services"},
    {"tls", "unknown-key", kOfService, "", "services"},
    {"tls_cert", "unknown-key", kOfService, "", "services"},
    {"tls_key", "unknown-key", kOfService, "", "services"},
};

constexpr Key kResourceKeys[] = {
    {"text", string(), "", "", "the content itself"},
    {"json", anything(), "", "", "any value; sent as compact JSON, keys in the order written"},
    {"file", string(), "", "", "the content of this file, read when the config is loaded"},
};

// In the order of OnFailure.
constexpr Word kOnFailureList[] = {{"closed"}, {"open"}};
constexpr Words kOnFailure = {"bad-word", "verdict", kOnFailureList};

constexpr Key kPluginKeys[] = {
    {"path", string(), kRequired, "", "the program, or its source", State::Later},
    {"autostart", boolean(), "false", "", "start it even if no route uses it", State::Later},
    {"on_failure", one_of(kOnFailure), "closed", "", "the verdict while it does not answer",
     State::Later},
    {"startup_timeout", duration(), "5s", "", "how long listeners wait for it at start",
     State::Later},
};

constexpr Word kAutoList[] = {{"auto"}};
constexpr Words kAuto = {"bad-type", "", kAutoList};

constexpr Type worker_count() {
  Type type = either(integer(1, 1024), kString, "\"auto\" or a whole number");
  type.words = &kAuto;
  return type;
}

constexpr Key kProcessKeys[] = {
    {"workers", worker_count(), "auto", "",
     "number of worker processes; auto: one for each CPU that prox may use"},
    {"user", string(), in_words("nobody if started as root"), "", "whom workers run as"},
    {"group", string(), in_words("the user's own"), "", "the group that workers run as"},
    {"pid_file", string(), in_words("see below"), "", "where the master's process id is written"},
    {"shutdown_timeout", duration(), "15s", "",
     "longest time for open connections to end when prox stops"},
    {"drain_timeout", duration(), "0", "", "longest time for old workers to finish after a reload"},
    {"rlimit_nofile", integer(64, 1'073'741'816), in_words("the hard limit"), "",
     "file descriptors that a worker may have open"},
    {"max_hung", integer(0, kMostCount), "1024", "",
     "requests that drop actions leave hanging, in each worker"},
    {"max_compressing", integer(0, kMostCount), "256", "",
     "bodies that are compressed at a time, in each worker"},
    {"max_peeking", integer(1, kMostCount), in_words("rlimit_nofile / 4"), "",
     "connections whose ClientHello is awaited at a time, in each worker"},
};

constexpr Word kLevelList[] = {
    {"debug"}, {"info"}, {"warn"}, {"warning", State::Built, false}, {"error"}};
constexpr Words kLevels = {
    .id = "logging-level", .noun = "log level", .list = kLevelList, .any_case = true};
// In the order of LogFormat.
constexpr Word kFormatList[] = {{"text"}, {"json"}};
constexpr Words kFormats = {"bad-word", "log format", kFormatList};

constexpr Key kLoggingKeys[] = {
    {"level", one_of(kLevels), "info", "",
     "the least important messages to log: debug, info, warn or error"},
    {"access_log", string(), "", "", "file for a line per request, or \"off\""},
    {"error_log", string(), "", "", "file for warnings and errors"},
    {"format", one_of(kFormats), "text", "", "form of the console log: text or json"},
    {"query", boolean(), "false", "", "show query strings in lines per request"},
};

constexpr Key kAdminKeys[] = {
    {"listen", string(), kRequired, "", "address of the admin API", State::Later},
    {"token", secret(), "", "", "bearer token that requests must bring", State::Later},
};

// In the order of Coding.
constexpr Word kCodingList[] = {{"zstd"}, {"br"}, {"gzip"}};
constexpr Words kCodings = {"bad-word", "coding", kCodingList};

constexpr Key kSecretKeys[] = {
    {"env", string(), "", "", "the environment variable that holds it", State::Later},
    {"file", string(), "", "", "the file that holds it", State::Later},
};

}  // namespace

const Object kRoot = {"root object", "the root object", kRootKeys, {}, kServiceOnly};
const Object kResource = {"resource", "this resource", kResourceKeys, {}};
const Object kPlugin = {"plugin", "this plugin", kPluginKeys, {}};
const Object kProcess = {"process", "process", kProcessKeys, {}};
const Object kLogging = {"logging", "logging", kLoggingKeys, {}};
const Object kSecret = {"secret", "this secret", kSecretKeys, {}};
const Object kAdmin = {"admin", "admin", kAdminKeys, {}};

const Type kStringType = string();
const Type kCodingType = one_of(kCodings);
const Type kStringOrNullType = {.forms = kString | kNull, .text = "a string, or null to remove it"};

const Key* Object::find(std::string_view name, std::uint32_t variants) const {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& key) {
    return key.name == name && (key.variants & variants) != 0;
  });
  return found == keys.end() ? nullptr : &*found;
}

}  // namespace prox::config::schema
