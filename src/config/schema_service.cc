#include "config/schema.h"

// A service, its `config` block, and what services and routes have in common.
namespace prox::config::schema {
namespace {

constexpr Type kStrings = array_of(kStringType, "an array of strings");
constexpr Type kCodings = array_of(kCodingType, "an array of strings");
constexpr Type kRouteItem = {
    .forms = kObject | kString, .text = "an object or a path", .object = &kRoute};

// In the order of ClientAuth.
constexpr Word kClientAuthList[] = {{"require"}, {"optional"}};
constexpr Words kClientAuth = {"bad-word", "client_auth", kClientAuthList};
// In the order of TlsVersion.
constexpr Word kTlsVersionList[] = {{"1.2"}, {"1.3"}};
constexpr Words kTlsVersions = {"bad-word", "TLS version", kTlsVersionList};

constexpr Key kServiceKeys[] = {
    {"listen", string(), kRequired, "", "address to listen on"},
    {"config", object(kServiceConfig), "{}", "", "tuning"},
    {"routes", array_of(kRouteItem, "an array of routes"), kRequired, "",
     "rules; the first that matches a request is used"},
    {"tls", boolean(), "false", "", "speak TLS with clients"},
    {"tls_cert", string(), "", "", "certificate file, or directory of pairs"},
    {"tls_key", string(), "", "", "private key file"},
    {"tls_min_version", one_of(kTlsVersions), "1.2", "", "oldest TLS version"},
    {"tls_ciphers", kStrings, "", "", "TLS cipher suites"},
    {"tls_curves", kStrings, "", "", "TLS key exchange groups"},
    {"client_ca", string(), "", "", "certificate authorities for client certificates"},
    {"client_auth", one_of(kClientAuth), "", "", "whether clients need a certificate"},
    {"ocsp_file", string(), "", "", "OCSP response to staple"},
    {"http_redirect", string(), "", "",
     "address of a plain listener that redirects to this service"},
    {"h2", boolean(), "true", "", "HTTP/2"},
    {"acme", object(kAcme), "", "", "automatic certificates", State::Reserved},
    {"plugins", kStrings, "[]", "", "plugins for all routes", State::Later},
    {"response_headers", map_of(kStringOrNullType), "{}", "",
     "fields to set in, or remove from, responses"},
    {"request_id", boolean(), "true", "", "keep or make an X-Request-Id", State::Later},
    {"proxy_status", boolean(), "false", "", "tell the reason of error answers in Proxy-Status",
     State::Later},
    {"compress", kCodings, "[]", "", "codings for responses"},
    {"compress_min", integer(0, kMostBytes), "1024", "bytes", "smallest body to compress"},
    {"limit", object(kLimit), "", "", "request rate", State::Later},
    {"allow", kStrings, "[]", "", "networks that may use the service", State::Later},
    {"deny", kStrings, "[]", "", "networks that may not", State::Later},
    {"basic_auth", object(kBasicAuth), "", "", "users and their passwords", State::Later},
};

// In the order of ProxyProtocol::Version.
constexpr Word kProxyProtocolList[] = {{"off"}, {"v1"}, {"v2"}, {"any"}};
constexpr Words kProxyProtocols = {"bad-word", "proxy_protocol", kProxyProtocolList};
constexpr Key kProxyProtocolKeys[] = {
    {"version", one_of(kProxyProtocols), "any", "", "header version", State::Later},
    {"from", kStrings, "[]", "", "networks that send it", State::Later},
    {"required", boolean(), "false", "", "refuse connections without it", State::Later},
};
constexpr Object kProxyProtocol = {"proxy_protocol", "proxy_protocol", kProxyProtocolKeys, {}};
constexpr Type proxy_protocol() {
  Type type = either(one_of(kProxyProtocols), kObject, "a string or an object");
  type.object = &kProxyProtocol;
  return type;
}

constexpr Key kServiceConfigKeys[] = {
    {"read_timeout", duration(), "10s", "",
     "longest time to receive a request, head and body, from its first byte"},
    {"header_timeout", duration(), "10s", "",
     "longest time to receive a request's head, from its first byte"},
    {"write_timeout", duration(), "30s", "",
     "longest time to send a whole response, from its first byte ready to send"},
    {"idle_timeout", duration(), "120s", "",
     "how long a kept connection waits for its next request"},
    {"response_header_timeout", duration(), "30s", "",
     "longest wait for the upstream's response head"},
    {"dial_timeout", duration(), in_words("the action's timeout"), "",
     "longest time to connect to an upstream"},
    {"keep_alive", duration(), "30s", "",
     "time between TCP keep-alive probes on upstream connections"},
    {"max_idle_conns", integer(0, kMostCount), "100", "",
     "upstream connections that stay open unused, in each worker"},
    {"max_idle_conns_per_host", integer(0, kMostCount), "10", "",
     "the same, for each upstream host and port"},
    {"max_header_bytes", integer(1024, 1 << 24), "65536", "bytes", "largest request head"},
    {"max_uri_bytes", integer(64, 1 << 20), "16384", "bytes", "longest request target"},
    {"max_header_count", integer(1, 10'000), "200", "", "most header fields in a request"},
    {"max_body_bytes", integer(0, kMostBytes), "0", "bytes", "largest request body; 0: no limit"},
    {"max_requests_per_conn", integer(0, 1'000'000'000), "1000", "",
     "requests on one client connection; 0: no limit"},
    {"flush_interval", signed_duration(), "0", "",
     "how long response data may wait; 0 or less: it is always passed on at once"},
    {"disable_compression", boolean(), "true", "", "leave the coding of upstream responses alone"},
    {"max_connections", integer(0, kMostCount), "0", "", "open client connections", State::Later},
    {"max_connections_per_ip", integer(0, kMostCount), "0", "",
     "open connections of one client address", State::Later},
    {"min_rate", integer(0, kMostBytes), "240", "bytes a second",
     "slowest transfer that is put up with; 0: no limit"},
    {"max_streams", integer(1, kMostCount), "128", "", "open HTTP/2 streams of a connection"},
    {"peek_timeout", duration(), "5s", "",
     "longest wait for a ClientHello, on services with pass routes"},
    {"tls_handshake_timeout", duration(), "10s", "", "longest TLS handshake"},
    {"h2_read_idle_timeout", duration(), "30s", "",
     "silence after which an HTTP/2 upstream is asked for a sign of life"},
    {"h2_ping_timeout", duration(), "15s", "", "longest wait for that sign"},
    {"h2_stream_window", integer(65535, 1 << 30), "65536", "bytes", "HTTP/2 window of a stream"},
    {"h2_conn_window", integer(65535, 1 << 30), "1048576", "bytes",
     "HTTP/2 window of a connection"},
    {"read_buffer_size", integer(1024, 1 << 20), "32768", "bytes", "upstream read size",
     State::Later},
    {"write_buffer_size", integer(1024, 1 << 20), "32768", "bytes", "upstream write size",
     State::Later},
    {"trusted_proxies", kStrings, "[]", "", "networks whose X-Forwarded fields are believed",
     State::Later},
    {"proxy_protocol", proxy_protocol(), "off", "", "PROXY header on accepted connections",
     State::Later},
};

constexpr Key kLimitKeys[] = {
    {"rate", string(), kRequired, "", "requests per time, such as 100/s", State::Later},
    {"burst", integer(0, kMostCount), "0", "", "requests above the rate at once", State::Later},
    {"key", string(), "{client}", "", "what is counted", State::Later},
};

constexpr Type kUser = secret();
constexpr Key kBasicAuthKeys[] = {
    {"realm", string(), "", "", "name of what is protected", State::Later},
    {"users", map_of(kUser), kRequired, "", "password hashes by user name", State::Later},
};

constexpr Word kChallengeList[] = {{"alpn"}, {"http"}, {"dns"}};
constexpr Words kChallenges = {"bad-word", "challenge", kChallengeList};
constexpr Word kStorageList[] = {{"file"}, {"s3"}};
constexpr Words kStorages = {"bad-word", "storage type", kStorageList};

constexpr Key kAcmeDnsKeys[] = {
    {"provider", string(), kRequired, "", "who serves the zone", State::Later},
    {"token", secret(), "", "", "access token", State::Later},
    {"discover", boolean(), "false", "", "find the zone by its records", State::Later},
    {"resolvers", kStrings, "[\"1.1.1.1:53\", \"8.8.8.8:53\"]", "", "servers to ask", State::Later},
};
constexpr Key kAcmeS3Keys[] = {
    {"bucket", string(), kRequired, "", "bucket", State::Later},
    {"region", string(), "us-east-1", "", "region", State::Later},
    {"endpoint", string(), "", "", "server", State::Later},
    {"access_key", secret(), "", "", "key id", State::Later},
    {"secret_key", secret(), "", "", "key", State::Later},
    {"prefix", string(), "", "", "before object names", State::Later},
    {"use_path_style", boolean(), "false", "", "bucket in the path", State::Later},
};
constexpr Key kAcmeKeys[] = {
    {"email", string(), kRequired, "", "whom the authority may write to", State::Later},
    {"ca", string(), "letsencrypt", "", "certificate authority", State::Later},
    {"cas", kStrings, "", "", "several of them", State::Later},
    {"challenge", one_of(kChallenges), "alpn", "", "how a domain is proven", State::Later},
    {"dns", object(kAcmeDns), "", "", "where records are written", State::Later},
    {"storage_type", one_of(kStorages), "file", "", "kind of storage", State::Later},
    {"storage", string(), "acme/", "", "directory for certificates", State::Later},
    {"s3", object(kAcmeS3), "", "", "storage in a bucket", State::Later},
    {"domains", kStrings, "", "", "names to get certificates for", State::Later},
};

}  // namespace

const Object kService = {"service", "this service", kServiceKeys, {}};
const Object kServiceConfig = {"config", "this config block", kServiceConfigKeys, {}};
const Object kLimit = {"limit", "this limit", kLimitKeys, {}};
const Object kBasicAuth = {"basic_auth", "basic_auth", kBasicAuthKeys, {}};
const Object kAcmeDns = {"dns", "dns", kAcmeDnsKeys, {}};
const Object kAcmeS3 = {"s3", "s3", kAcmeS3Keys, {}};
const Object kAcme = {"acme", "acme", kAcmeKeys, {}};

}  // namespace prox::config::schema
