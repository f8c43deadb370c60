#include "config/rules.h"

#include <algorithm>
#include <string>
#include <vector>

#include "catch.h"
#include "config/loading.h"

// The rules that the documentation lists, each with the place and the words of its diagnostic. Keys that are not built in yet are
// checked all the same; that they are not is said elsewhere, and left out here.
namespace {

using namespace prox::config;
using namespace prox::config::test;
using Lines = std::vector<std::string>;

struct Row {
  std::string text;
  Lines expected;
};

Lines found(const std::string& text) {
  const LoadResult result = load_text(text, Purpose::Validate);
  Lines lines;
  for (const Diagnostic& d : result.diagnostics.all()) {
    if (d.id == "not-built") continue;
    lines.push_back(describe(result, d));
    for (const Diagnostic::Note& note : d.notes) {
      const Position position = result.sources.position(note.place);
      lines.push_back(fmt::format("{}:{} note: {}", position.line, position.column, note.message));
    }
  }
  return lines;
}

void check_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(found(row.text) == row.expected);
  }
}

// A route on line 2, with the action "a" on line 4.
std::string route(std::string_view keys, std::string_view action = "type: 'proxy', upstream: 'h'") {
  return fmt::format(
      "{{services: {{web: {{listen: ':80', routes: [\n{{ action: 'a', {} }}\n]}}}}, actions: "
      "{{\na: {{ "
      "{} }}}}}}",
      keys, action);
}

std::string pass_route(std::string_view keys, std::string_view action = "upstream: 'h:1'") {
  return route(keys, fmt::format("type: 'pass', {}", action));
}

TEST_CASE("tls needs a certificate and its key") {
  check_rows({
      {in_service("tls: true"),
       {"2:1 error tls-cert-required: service \"web\" has tls on but no tls_cert"}},
      {in_service("tls: true, tls_crt: 'c'"),
       {"2:12 error unknown-key: unknown key \"tls_crt\" in service \"web\" => did you mean "
        "\"tls_cert\"?"}},
      {in_service("tls: true, client_auth: 'require', tls_cert: './certs/'"),
       {"2:12 error client-ca-required: service \"web\" asks for client certificates but has no "
        "client_ca"}},
      {in_service("tls_cert: 'c.pem', h2: false"),
       {"2:1 warning tls-unused: tls_cert has no effect while tls is off"}},
      {in_service("tls: false, tls_key: 'k', tls_min_version: '1.3'"),
       {"2:13 warning tls-unused: tls_key has no effect while tls is off",
        "2:27 warning tls-unused: tls_min_version has no effect while tls is off"}},
  });
  const auto problems_of = [](std::string_view keys) {
    Lines lines = found(in_service(keys));
    // Whether the files are there is for another rule.
    lines.erase(std::remove_if(lines.begin(), lines.end(),
                               [](const std::string& l) {
                                 return l.find("warning tls-load") != std::string::npos;
                               }),
                lines.end());
    return lines;
  };
  CHECK(problems_of("tls: true, tls_cert: 'c.pem'") ==
        Lines{"2:12 error tls-key-required: service \"web\" needs tls_key for the certificate file "
              "\"c.pem\" => a directory of pairs needs none"});
  CHECK(problems_of("tls: true, tls_cert: './certs/'").empty());
  CHECK(problems_of("tls: true, tls_cert: 'c.pem', tls_key: 'c.key'").empty());
}

TEST_CASE("tls of an upstream needs https") {
  const auto upstream = [](std::string_view address) {
    return in_action(
        fmt::format("tls: {{ server_name: 'x' }}, type: 'proxy', upstream: '{}'", address));
  };
  const Lines unused = {"2:1 warning tls-unused: tls has no effect: the upstream is not https"};
  for (const char* plain : {"h", "h:443", "http://h", "ws://h", "unix:/run/app.sock"}) {
    CAPTURE(plain);
    CHECK(found(upstream(plain)) == unused);
  }
  for (const char* secure : {"https://h", "wss://h"}) {
    CAPTURE(secure);
    CHECK(found(upstream(secure)).empty());
  }
}

TEST_CASE("every address is used once") {
  check_rows({
      {in_service("tls: true, tls_cert: './certs/', http_redirect: '80'"),
       {"2:49 error listen-syntax: \"80\" is not a listen address: the port needs a colon before "
        "it "
        "=> write \":80\""}},
      {in_service("tls: true, tls_cert: './certs/', http_redirect: ':80'"),
       {"2:49 error listen-duplicate: the redirect of service \"web\" listens on :80, which "
        "service "
        "\"web\" already uses",
        "1:27 note: first used here"}},
      {"{services: {web: {listen: ':0', tls: true, tls_cert: './certs/', http_redirect: ':80',\n"
       "routes: [{ action: 'a' }]}}, actions: {a: {type: 'static', status: 200}}}",
       {"1:81 error redirect-port: http_redirect leads to the port of service \"web\", which has "
        "to "
        "be a fixed one"}},
      {in_root("admin: { listen: '127.0.0.1:80' }"),
       {"2:18 error listen-duplicate: admin listens on 127.0.0.1:80, which service \"web\" already "
        "uses",
        "1:27 note: first used here"}},
  });
}

TEST_CASE("the admin API has an address, and a token where others could reach it") {
  const std::string exposed =
      "admin-exposed: the admin API would be reachable from the network without a token => set "
      "token, or listen on 127.0.0.1 or a Unix socket";
  check_rows({
      {in_root("admin: {}"), {"2:1 error admin-listen: admin needs a listen address"}},
      {in_root("admin: { listen: '' }"), {"2:18 error admin-listen: admin needs a listen address"}},
      {in_root("admin: { lsten: ':9' }"),
       {"2:10 error unknown-key: unknown key \"lsten\" in admin => did you mean \"listen\"?"}},
      {in_root("admin: { listen: ':9' }"), {"2:18 error " + exposed}},
      {in_root("admin: { listen: '10.0.0.1:9' }"), {"2:18 error " + exposed}},
      {in_root("admin: { listen: ':9', token: 'x' }"),
       {"2:18 warning admin-exposed: the admin API is reachable from the network; only its token "
        "guards it => listen on 127.0.0.1 or a Unix socket"}},
      {in_root("admin: { listen: '127.0.0.1:9' }"), {}},
      {in_root("admin: { listen: 'localhost:9' }"), {}},
      {in_root("admin: { listen: '[::1]:9' }"), {}},
      {in_root("admin: { listen: 'unix:/run/prox-admin.sock' }"), {}},
      {in_root("admin: { listen: 'unix:' }"),
       {"2:18 error listen-syntax: \"unix:\" is not a listen address: the socket path is missing "
        "=> write \"unix:/run/prox.sock\""}},
      {in_root("admin: { listen: '127.0.0.1:9', token: '' }"),
       {"2:40 error secret-empty: \"token\" is empty"}},
      {in_root("admin: { listen: '127.0.0.1:9', token: { env: 'A', file: 'b' } }"),
       {"2:40 error secret-source: \"token\" needs exactly one of env, file"}},
      {in_root("admin: { listen: '127.0.0.1:9', token: { env: 'PROX_NO_SUCH' } }"),
       {"2:47 warning secret-env: the environment variable \"PROX_NO_SUCH\" is not set"}},
      {in_root("admin: { listen: '127.0.0.1:9', token: { file: 'none' } }"),
       {"2:48 warning secret-file: cannot read \"none\": No such file or directory"}},
  });
}

TEST_CASE("a log's directory is there") {
  check_rows({
      {in_root("logging: { access_log: 'none/a.log', error_log: '/' }"),
       {"2:24 warning log-open: cannot open log \"none/a.log\": No such file or directory",
        "2:49 warning log-open: cannot open log \"/\": Is a directory"}},
      {in_root("logging: { access_log: 'a.log', error_log: 'e.log' }"), {}},
      {route("access_log: 'none/a.log'"),
       {"2:28 warning log-open: cannot open log \"none/a.log\": No such file or directory"}},
      {route("access_log: 'off'"), {}},
      {in_action("type: 'static', status: 200, access_log: ''"),
       {"2:42 error log-empty: the path is empty; leave the key out for no file"}},
  });
}

TEST_CASE("a block has what it cannot be without") {
  check_rows({
      {route("limit: {}"), {"2:23 error required-key: \"rate\" is missing in this limit"}},
      {in_service("limit: { rate: '5' }, basic_auth: {}"),
       {"2:16 error limit-rate: \"5\" is not a rate of 1 to 1000000 requests => write 100/s, 100/m "
        "or 100/h",
        "2:35 error required-key: \"users\" is missing in basic_auth"}},
      {route("limit: { rate: '0/s' }, allow: ['10.0.0.0/8', 'x']"),
       {"2:31 error limit-rate: \"0/s\" is not a rate of 1 to 1000000 requests => write 100/s, "
        "100/m or 100/h",
        "2:62 error network: \"x\" is not a network: the address is neither IPv4 nor IPv6 => write "
        "an address or a range of them, such as 10.0.0.0/8 or 2001:db8::/32"}},
      {route("limit: { rate: '5/m', key: '{clint}' }"),
       {"2:44 error template-var: {clint} is not a variable => did you mean {client}?"}},
      {route("basic_auth: { users: { joe: '' } }"), {"2:44 error secret-empty: \"joe\" is empty"}},
      {in_service("response_headers: { 'X Y': 'a', TE: 'b', X: '{hst}' }"),
       {"2:21 error header-name: \"X Y\" is not a header name",
        "2:33 error header-framing: header \"TE\" cannot be set: prox writes it itself",
        "2:46 error template-var: {hst} is not a variable => did you mean {host}?"}},
  });
}

TEST_CASE("a speed is a limit in at least one direction") {
  check_rows({
      {route("speed: { download_mbps: -1 }"),
       {"2:40 error speed-negative: download_mbps must not be negative"}},
      {route("speed: { shared: true }"),
       {"2:16 error speed-none: speed needs download_mbps or upload_mbps above 0"}},
      {route("speed: { download_mbps: 0, upload_mbps: 0 }"),
       {"2:16 error speed-none: speed needs download_mbps or upload_mbps above 0"}},
      {route("speed: { dwnload_mbps: 5 }"),
       {"2:25 error unknown-key: unknown key \"dwnload_mbps\" in this speed => did you mean "
        "\"download_mbps\"?"}},
      {route("speed: { upload_mbps: .5 }"), {}},
  });
}

TEST_CASE("plugins are named, and have a program") {
  check_rows({
      {in_root("plugins: { auth: {} }"), {"2:12 error plugin-path: plugin \"auth\" needs a path"}},
      {in_root("plugins: { auth: { path: '' } }"),
       {"2:12 error plugin-path: plugin \"auth\" needs a path"}},
      {in_root("plugins: { auth: { path: 'none/auth' } }"),
       {"2:26 warning plugin-binary: plugin \"auth\": there is no such program"}},
      {in_root("plugins: { auth: { path: 'none/auth.go' } }"),
       {"2:26 warning plugin-binary: plugin \"auth\": it is not compiled => run prox build"}},
      {in_root("plugins: { sh: { path: '/bin/sh' } }"), {}},
      {in_root("plugins: { null: { path: '/dev/null' } }"),
       {"2:26 warning plugin-binary: plugin \"null\": there is no such program"}},
      {route("plugins: ['']"), {"2:26 error plugin-empty: empty plugin reference"}},
      {in_service("plugins: ['', './x', 'x.go']"),
       {"2:11 error plugin-empty: empty plugin reference"}},
      {in_action("type: 'static', status: 200, plugins: ['auth']"),
       {"2:40 error plugin-unknown: no plugin is named \"auth\""}},
      {"{plugins: {auth: {path: '/bin/sh'}}, services: {web: {listen: ':80', plugins:\n['aut'], "
       "routes: [{action: {type: 'static', status: 200}}]}}}",
       {"2:2 error plugin-unknown: no plugin is named \"aut\" => did you mean \"auth\"?"}},
  });
}

TEST_CASE("a balancer has a type, targets, and an action that uses them") {
  const std::string to_target = "type: 'proxy', upstream: 'http://{target}'";
  check_rows({
      {route("balancer: { type: 'rr', targets: ['a:1'] }", to_target),
       {"2:34 error balancer-type-unknown: unknown balancer type \"rr\"; known: roundrobin, "
        "random, leastconn, p2c, hash"}},
      {route("balancer: { targets: ['a:1'] }", to_target),
       {"2:16 error balancer-type-required: a balancer needs a type"}},
      {route("balancer: { type: 'random', targets: [] }", to_target),
       {"2:53 error balancer-targets: this balancer has no targets and no plugin to supply them"}},
      {route("balancer: { type: 'random' }", to_target),
       {"2:16 error balancer-targets: this balancer has no targets and no plugin to supply them"}},
      {route("balancer: { type: 'random', tagets: [] }", to_target),
       {"2:44 error unknown-key: unknown key \"tagets\" in this balancer => did you mean "
        "\"targets\"?"}},
      {route("plugins: ['./p'], balancer: { type: 'random', targets: [] }", to_target), {}},
      {route("balancer: { type: 'random' }", to_target + ", plugins: ['./p']"), {}},
      {route("balancer: { type: 'random', targets: ['a:1', { address: 'a:1' }] }", to_target),
       {"2:72 error balancer-target-duplicate: target \"a:1\" is listed twice",
        "2:54 note: first listed here"}},
      {route("balancer: { type: 'random', targets: ['', {}, 'a:x'] }", to_target),
       {"2:54 error balancer-target-empty: empty target",
        "2:58 error required-key: \"address\" is missing in this target",
        "2:62 error upstream-syntax: \"http://a:x\" is not an upstream address: \"x\" is not a "
        "port",
        "4:31 note: the upstream is written here"}},
      {route("balancer: { type: 'random', targets: ['a:1'] }", "type: 'static', status: 200"),
       {"2:16 error balancer-action: a balancer works only with proxy and pass actions; action "
        "\"a\" is "
        "static"}},
      {route("balancer: { type: 'random', targets: ['a:1'] }",
             "type: 'proxy', upstream: 'localhost:3000'"),
       {"2:16 error balancer-placeholder: upstream of action \"a\" does not use {target}",
        "4:31 note: the upstream is written here"}},
      {route("", to_target),
       {"2:11 error target-without-balancer: action \"a\" uses {target}, but this route has no "
        "balancer"}},
      {route("balancer: { type: 'hash', targets: ['a:1'], key: '{x}', sticky: {}, health_check: { "
             "status: '2xx' } }",
             to_target),
       {"2:66 error template-var: {x} is not a variable",
        "2:80 error required-key: \"cookie\" is missing in sticky",
        "2:108 error health-status: \"2xx\" is not a range of status codes => write 200, 200-399, "
        "or several of them with commas"}},
      {"{plugins: {p: {path: '/bin/sh', autostart: true}}, services: {web: {listen: ':80', routes: "
       "[{action: {type: 'pass', upstream: '{target}'}, match: {domain: 'a.b'}, balancer: {type: "
       "'random'}}]}}}",
       {}},
  });
}

TEST_CASE("a pass route asks for a domain, and for nothing that TLS hides") {
  check_rows({
      {pass_route("match: { path: '/x', methods: ['GET'] }"),
       {"2:1 error pass-domain: a pass route needs a domain (it is matched by SNI)",
        "2:25 error pass-path: a pass route cannot match a path: TLS is not opened",
        "2:37 error pass-methods: a pass route cannot match methods: TLS is not opened"}},
      {pass_route(""),
       {"2:1 error pass-domain: a pass route needs a domain (it is matched by SNI)"}},
      {pass_route("match: { domain: 'a.b', headers: { a: 'b' }, query: { c: true }, "
                  "forward_proxy: true }"),
       {"2:40 error pass-headers: a pass route cannot match headers: TLS is not opened",
        "2:61 error pass-query: a pass route cannot match a query: TLS is not opened",
        "2:81 error pass-forward-proxy: a pass route cannot match requests to a forward proxy: TLS "
        "is not opened"}},
      {pass_route("match: { domain: 'a.b', methods: [], client: ['10.0.0.0/8'], alpn: ['h2'] }"),
       {}},
      {pass_route("match: { domain: 'a.b' }, set: { x: '1' }, response_headers: { A: 'b' }"),
       {"2:42 warning pass-options: \"set\" has no effect on a pass route",
        "2:59 warning pass-options: \"response_headers\" has no effect on a pass route"}},
      {pass_route("match: { domain: 'a.b' }, set: { x: '1' }", "upstream: 'h:{x}'"), {}},
      {route("match: { path: '/', alpn: ['h2'] }"),
       {"2:36 warning alpn-unused: alpn has no effect here: only pass routes are chosen by it"}},
  });
}

TEST_CASE("a pass action has an address with a port") {
  const auto with = [](std::string_view upstream) {
    return pass_route("match: { domain: 'a.b' }", fmt::format("upstream: '{}'", upstream));
  };
  check_rows({
      {pass_route("match: { domain: 'a.b' }", "timeout: 5"),
       {"4:1 error upstream-required: pass action \"a\" needs an upstream"}},
      {with("h"),
       {"4:30 error upstream-syntax: \"h\" is not an upstream address: the port is missing"}},
      {with("[::1]"),
       {"4:30 error upstream-syntax: \"[::1]\" is not an upstream address: the port is missing"}},
      {with("http://h:1"),
       {"4:30 error upstream-syntax: \"http://h:1\" is not an upstream address: bytes are passed "
        "on "
        "unopened, so there is no scheme: write host:port"}},
      {with("h:1/x"),
       {"4:30 error upstream-syntax: \"h:1/x\" is not an upstream address: bytes are passed on "
        "unopened, so there is no path: write host:port"}},
      {with("[::1]:443"), {}},
      {with("h:80"), {}},
      {with("unix:/run/x.sock"), {}},
  });
}

TEST_CASE("a pass route behind one that no ClientHello can choose is pointed out") {
  const std::string text =
      "{services: {web: {listen: ':80', routes: [\n{ match: { domain: 'x.y', path: '/' }, action: "
      "'s' "
      "},\n{ action: 's' },\n{ match: { domain: 'a.b' }, action: 'p' },\n]}}, actions: { s: { "
      "type: "
      "'static', status: 200 }, p: { type: 'pass', upstream: 'h:1' } }}";
  CHECK(found(text) == Lines{"4:1 warning pass-shadowed: this pass route wins over route #1, which "
                             "has no domain and is not seen before TLS",
                             "3:1 note: that route is here"});
}

TEST_CASE("serve actions have one place for their files") {
  check_rows({
      {in_action("type: 'serve'"), {"1:71 error serve-one: serve action \"a\" needs root or file"}},
      {in_action("type: 'serve', root: '/', file: 'x'"),
       {"1:71 error serve-one: serve action \"a\" cannot have both root and file"}},
      {in_action("type: 'serve', rot: '/'"),
       {"2:16 error unknown-key: unknown key \"rot\" in action \"a\" => did you mean \"root\"?"}},
      {in_action("type: 'serve', root: 'none'"),
       {"2:22 warning serve-missing: \"none\" does not exist"}},
      {in_action("type: 'serve', root: '/dev/null'"),
       {"2:22 warning serve-missing: \"/dev/null\" is not a directory"}},
      {in_action("type: 'serve', file: '/'"),
       {"2:22 warning serve-missing: \"/\" is not a regular file"}},
      {in_action("type: 'serve', root: '/', precompressed: ['lzma']"),
       {"2:43 error bad-word: unknown coding \"lzma\"; known: zstd, br, gzip"}},
  });
}

TEST_CASE("redirects say where, with a status of theirs") {
  check_rows({
      {in_action("type: 'redirect'"),
       {"1:71 error redirect-required: redirect action \"a\" needs to say where: to"}},
      {in_action("type: 'redirect', to: '', status: 304"),
       {"2:23 error redirect-required: redirect action \"a\" needs to say where: to",
        "2:35 error redirect-status: status 304 is no redirect; known: 301, 302, 303, 307, 308"}},
      {in_action("type: 'redirect', to: '/a\\r\\nb'"),
       {"2:23 error redirect-to: \"to\" contains white space or a control character"}},
      {in_action("type: 'redirect', to: '//cdn.test{uri}'"),
       {"2:23 error redirect-to: \"to\" begins with two slashes: write the scheme too, for example "
        "\"https://cdn.test{uri}\""}},
      {in_action("type: 'redirect', to: 'https://{domin}{uri}', status: 200"),
       {"2:32 error template-var: {domin} is not a variable => did you mean {domain}?",
        "2:55 error status-range: status 200 is not between 301 and 308"}},
      {in_action("type: 'redirect', to: 'https://{domain}{uri}'"), {}},
  });
}

TEST_CASE("an upstream's certificate comes with its key") {
  check_rows({
      {in_action("type: 'proxy', upstream: 'https://h', tls: { cert: 'c' }"),
       {"2:46 error upstream-tls-pair: cert and key go together: one of them is missing"}},
  });
}

TEST_CASE("fallbacks exist, are no pass actions, and end") {
  const auto with = [](std::string_view actions) {
    return fmt::format(
        "{{services: {{web: {{listen: ':80', routes: [{{action: 'a'}}]}}}}, actions: {{\n{}\n}}}}",
        actions);
  };
  check_rows({
      {with("a: { type: 'proxy', upstream: 'h', fallback: 'xyz' }"),
       {"2:46 error fallback-unknown: no action is named \"xyz\""}},
      {with("a: { type: 'proxy', upstream: 'h', fallback: 'a' }"),
       {"2:46 error fallback-cycle: fallback of \"a\" leads back to itself: a → a"}},
      {with("c: { type: 'proxy', upstream: 'h', fallback: 'b' },\na: { type: 'proxy', upstream: "
            "'h', "
            "fallback: 'b' },\nb: { type: 'proxy', upstream: 'h', fallback: 'a' }"),
       {"2:1 warning action-unused: action \"c\" is never used",
        "3:46 error fallback-cycle: fallback of \"a\" leads back to itself: a → b → a"}},
      {with("a: { type: 'static', status: 200, fallback: 'p' },\np: { type: 'pass', upstream: "
            "'h:1' }"),
       {"2:45 error fallback-pass: a pass action cannot be a fallback"}},
  });
}

TEST_CASE("automatic certificates are refused in one clear sentence, and checked") {
  const std::string refusal =
      "2:1 error acme: automatic certificates are not built into this version; use "
      "tls_cert/tls_key";
  check_rows({
      {in_service("acme: { email: 'a@b.c' }"), {refusal}},
      {in_service("acme: {}"), {refusal, "2:1 error acme-email: acme needs an email address"}},
      {in_service("acme: { email: 'a', challenge: 'dns', storage_type: 's3', ca: 'x', cas: [] }"),
       {refusal, "2:32 error acme-dns: the dns challenge needs a dns block",
        "2:53 error acme-s3: s3 storage needs an s3 block",
        "2:63 error acme-ca: unknown certificate authority \"x\"; known: letsencrypt, production, "
        "staging, zerossl, or an https:// URL",
        "2:68 error acme-cas: ca and cas exclude each other"}},
      {in_service("acme: { email: 'a', dns: { provider: 'x' }, s3: { access_key: 'k' }, domains: "
                  "['*.a.b'] }"),
       {refusal, "2:38 error acme-provider: unknown DNS provider \"x\"; known: cloudflare",
        "2:49 error required-key: \"bucket\" is missing in s3",
        "2:51 error acme-s3-keys: access_key and secret_key go together: one of them is missing",
        "2:80 error acme-wildcard: \"*.a.b\" needs challenge: \"dns\", as every wildcard does"}},
      {in_service("acme: { email: 'a', storage_type: 'x', challenge: 'y' }"),
       {refusal, "2:35 error bad-word: unknown storage type \"x\"; known: file, s3",
        "2:51 error bad-word: unknown challenge \"y\"; known: alpn, http, dns"}},
  });
}

}  // namespace
