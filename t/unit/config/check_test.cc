#include <algorithm>
#include <string>
#include <vector>

#include "catch.h"
#include "config/loading.h"

// What the tables of keys say of a value: known keys, forms, ranges, words, names, and what is not built in yet.
namespace {

using namespace prox::config;
using namespace prox::config::test;
using Lines = std::vector<std::string>;

struct Row {
  std::string text;
  Lines expected;
};

void check_rows(const std::vector<Row>& rows, Purpose purpose = Purpose::Serve) {
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(problems(row.text, purpose) == row.expected);
  }
}

TEST_CASE("an unknown key is an error with the nearest known one") {
  check_rows({
      {in_root("proces: {}"),
       {"2:1 error unknown-key: unknown key \"proces\" in the root object => did you mean "
        "\"process\"?"}},
      {in_root("Process: {}"),
       {"2:1 error unknown-key: unknown key \"Process\" in the root object => did you mean "
        "\"process\"?"}},
      {in_root("LOGGING: {}"),
       {"2:1 error unknown-key: unknown key \"LOGGING\" in the root object => did you mean "
        "\"logging\"?"}},
      {in_root("\"\": {}"), {"2:1 error unknown-key: unknown key \"\" in the root object"}},
      {in_root("xyzzy: {}"), {"2:1 error unknown-key: unknown key \"xyzzy\" in the root object"}},
      {in_root("process: { worker: 1 }"),
       {"2:12 error unknown-key: unknown key \"worker\" in process => did you mean \"workers\"?"}},
      {in_root("logging: { lvl: 1 }"), {"2:12 error unknown-key: unknown key \"lvl\" in logging"}},
      {in_service("listne: 1"),
       {"2:1 error unknown-key: unknown key \"listne\" in service \"web\" => did you mean "
        "\"listen\"?"}},
      {in_settings("read_timout: 1"),
       {"2:1 error unknown-key: unknown key \"read_timout\" in this config block => did you mean "
        "\"read_timeout\"?"}},
      {in_routes("{ action: \"a\", sett: {} }"),
       {"2:16 error unknown-key: unknown key \"sett\" in this route => did you mean \"set\"?"}},
      {in_match("path: \"/\", method: []"),
       {"2:12 error unknown-key: unknown key \"method\" in this match => did you mean "
        "\"methods\"?"}},
      {in_action("type: \"proxy\", upstream: \"h\", timout: 1"),
       {"2:31 error unknown-key: unknown key \"timout\" in action \"a\" => did you mean "
        "\"timeout\"?"}},
      {in_routes("{ action: { type: \"static\", status: 200, body: 1 } }, { match: { path: \"/\" "
                 "}, action: \"a\" }"),
       {"2:42 error unknown-key: unknown key \"body\" in this action",
        "2:55 warning route-unreachable: never reached: route #0 already matches everything this "
        "does"}},
      {in_action("type: \"static\", status: 200, body_ref: { tex: \"\" }"),
       {"2:42 error unknown-key: unknown key \"tex\" in this resource => did you mean \"text\"?"}},
  });
}

TEST_CASE("a value of the wrong type names the key, what it must be and what it is") {
  check_rows({
      {in_service("tls: \"yes\""),
       {"2:6 error bad-type: \"tls\" must be true or false, found string"}},
      {in_service("tls: 'true'"),
       {"2:6 error bad-type: \"tls\" must be true or false, found string => write true, without "
        "quotes"}},
      {in_service("compress: 'br'"),
       {"2:11 error bad-type: \"compress\" must be an array of strings, found string => write "
        "['br']"}},
      {in_root("process: []"), {"2:10 error bad-type: \"process\" must be an object, found array"}},
      {in_root("process: { workers: true }"),
       {"2:21 error bad-type: \"workers\" must be \"auto\" or a whole number, found boolean"}},
      {in_root("process: { workers: \"many\" }"),
       {"2:21 error bad-type: \"workers\" must be \"auto\" or a whole number, found \"many\""}},
      {in_root("process: { workers: 1.5 }"),
       {"2:21 error bad-type: \"workers\" must be \"auto\" or a whole number, found a fraction"}},
      {in_root("process: { user: 0 }"),
       {"2:18 error bad-type: \"user\" must be a string, found number => strings need quotes: "
        "\"0\""}},
      {in_settings("max_idle_conns: \"5\""),
       {"2:17 error bad-type: \"max_idle_conns\" must be a whole number, found string => write 5, "
        "without quotes"}},
      {in_settings("max_idle_conns: 0.5"),
       {"2:17 error bad-type: \"max_idle_conns\" must be a whole number, found a fraction"}},
      {in_settings("max_idle_conns: NaN"),
       {"2:17 error bad-type: \"max_idle_conns\" must be a whole number, found NaN"}},
      {in_settings("max_idle_conns: -Infinity"),
       {"2:17 error bad-type: \"max_idle_conns\" must be a whole number, found Infinity"}},
      {in_routes("5"),
       {"2:1 error bad-type: an item of \"routes\" must be an object or a path, found number"}},
      {in_match("path: \"/\", methods: \"GET\""),
       {"2:21 error bad-type: \"methods\" must be an array of strings, found string => write "
        "[\"GET\"]"}},
      {in_match("path: \"/\", methods: [5]"),
       {"2:22 error bad-type: an item of \"methods\" must be a string, found number => strings "
        "need quotes: \"5\""}},
      {in_match("path: []"), {"2:7 error bad-type: \"path\" must be a string, found array"}},
      {in_routes("{ action: 1 }"),
       {"2:11 error bad-type: \"action\" must be a name or an action, found number"}},
      {in_routes("{ action: \"a\", set: { v: 1 } }"),
       {"2:26 error bad-type: \"v\" must be a string, found number => strings need quotes: \"1\""}},
      {in_action("type: \"static\", status: \"200\""),
       {"2:25 error bad-type: \"status\" must be a whole number, found string => write 200, "
        "without quotes"}},
      {in_action("type: \"static\", status: 200, headers: { X: 1 }"),
       {"2:44 error bad-type: \"X\" must be a string, or null to remove it, found number"}},
      {in_action("type: 5"),
       {"2:7 error bad-type: \"type\" must be a string, found number => strings need quotes: "
        "\"5\""}},
      {"{ services: { web: 5 }, actions: {} }",
       {"1:20 error service-type: a service must be an object or a path"}},
      {"{ services: [] }", {"1:13 error bad-type: \"services\" must be an object, found array"}},
  });
}

TEST_CASE(
    "a service's own file that is taken for the root file is told as that, and nothing else") {
  CHECK(
      problems(
          "{ listen: ':80', tls: false, routes: [{ action: { type: 'static', status: 200 } }] }") ==
      Lines{
          "1:3 error unknown-key: \"listen\" belongs to a service, not to the root file => a root "
          "file has services: { NAME: { ... } }, or { NAME: \"FILE\" } for a service's own file",
          "1:18 error unknown-key: \"tls\" belongs to a service, not to the root file",
          "1:30 error unknown-key: \"routes\" belongs to a service, not to the root file"});
}

TEST_CASE("null is an error, but removes a header and may be anywhere in json") {
  check_rows({
      {in_root("process: null"),
       {"2:10 error null-value: \"process\" is null; leave the key out instead"}},
      {in_root("actions: { a: null }"),
       {"2:12 warning action-unused: action \"a\" is never used",
        "2:15 error null-value: \"a\" is null; leave the key out instead"}},
      {in_root("resources: { r: null }"),
       {"2:14 warning resource-unused: resource \"r\" is never used",
        "2:17 error null-value: \"r\" is null; leave the key out instead"}},
      {"{ services: { web: null } }",
       {"1:20 error null-value: \"web\" is null; leave the key out instead"}},
      {in_settings("dial_timeout: null"),
       {"2:15 error null-value: \"dial_timeout\" is null; leave the key out instead"}},
      {in_routes("null"),
       {"2:1 error null-value: an item of \"routes\" is null; leave the key out instead"}},
      {in_action("type: \"static\", status: 200, headers: { Date: null }"), {}},
      {in_action("type: \"static\", status: 200, body_ref: { json: { a: [null] } }"), {}},
      {in_action("type: \"static\", status: 200, body_ref: { json: null }"), {}},
      {in_action("type: \"static\", status: 200, body_ref: { text: null }"),
       {"2:48 error null-value: \"text\" is null; leave the key out instead"}},
  });
}

TEST_CASE("a whole number keeps to its range") {
  check_rows({
      {in_root("process: { workers: 0 }"),
       {"2:21 error int-range: workers must be between 1 and 1024"}},
      {in_root("process: { workers: 1025 }"),
       {"2:21 error int-range: workers must be between 1 and 1024"}},
      {in_root("process: { rlimit_nofile: 1 }"),
       {"2:27 error int-range: rlimit_nofile must be between 64 and 1073741816"}},
      {in_settings("max_idle_conns: -1"),
       {"2:17 error int-range: max_idle_conns must be between 0 and 1000000"}},
      {in_settings("max_idle_conns: 1e300"),
       {"2:17 error int-range: max_idle_conns must be between 0 and 1000000"}},
      {in_settings("max_header_bytes: 0"),
       {"2:19 error int-range: max_header_bytes must be between 1024 and 16777216"}},
      {in_settings("max_uri_bytes: 1"),
       {"2:16 error int-range: max_uri_bytes must be between 64 and 1048576"}},
      {in_settings("max_header_count: 0"),
       {"2:19 error int-range: max_header_count must be between 1 and 10000"}},
      {in_settings("max_body_bytes: -5"),
       {"2:17 error int-range: max_body_bytes must be between 0 and 1099511627776"}},
      {in_settings("max_idle_conns: 200.0, max_body_bytes: -0, max_header_count: 0x1E"), {}},
      {in_root("process: { workers: \"auto\" }"), {}},
  });
}

TEST_CASE("a duration is text with units or a number of seconds") {
  const std::string help = " => write 10s, 1m30s or a number of seconds";
  check_rows({
      {in_settings("read_timeout: \"10\""),
       {"2:15 error duration: \"10\" is not a duration" + help}},
      {in_settings("read_timeout: \"\""), {"2:15 error duration: \"\" is not a duration" + help}},
      {in_settings("read_timeout: '5 s'"),
       {"2:15 error duration: \"5 s\" is not a duration" + help}},
      {in_settings("read_timeout: 1e30"),
       {"2:15 error duration: \"1e30\" is not a duration" + help}},
      {in_settings("read_timeout: true"),
       {"2:15 error bad-type: \"read_timeout\" must be a duration, found boolean" + help}},
      {in_settings("read_timeout: []"),
       {"2:15 error bad-type: \"read_timeout\" must be a duration, found array" + help}},
      {in_settings("read_timeout: NaN"),
       {"2:15 error bad-type: \"read_timeout\" must be a duration, found NaN" + help}},
      {in_settings("read_timeout: Infinity"),
       {"2:15 error bad-type: \"read_timeout\" must be a duration, found Infinity" + help}},
      {in_settings("read_timeout: null"),
       {"2:15 error null-value: \"read_timeout\" is null; leave the key out instead"}},
      {in_settings("read_timeout: -1"),
       {"2:15 error duration-negative: read_timeout must not be negative"}},
      {in_settings("idle_timeout: \"-1s\""),
       {"2:15 error duration-negative: idle_timeout must not be negative"}},
      {in_root("process: { drain_timeout: -0.5 }"),
       {"2:27 error duration-negative: drain_timeout must not be negative"}},
      {in_settings("flush_interval: -1"), {}},
      {in_settings("flush_interval: \"-1s\""), {}},
      {in_settings("read_timeout: -0, write_timeout: +2, idle_timeout: .5, dial_timeout: 0x1E, "
                   "keep_alive: '1m30s'"),
       {}},
  });
}

TEST_CASE("a word is one of those known") {
  check_rows({
      {in_root("logging: { level: \"verbose\" }"),
       {"2:19 error logging-level: unknown log level \"verbose\"; known: debug, info, warn, "
        "error"}},
      {in_root("logging: { level: \"inof\" }"),
       {"2:19 error logging-level: unknown log level \"inof\"; known: debug, info, warn, error => "
        "did you mean \"info\"?"}},
      {in_root("logging: { level: \"WARN\" }"), {}},
      {in_root("logging: { level: \"Warning\" }"), {}},
      {in_match("path: \"/\", methods: [\"get\", \"Post\", \"TRACE\", \"CONNECT\", \"OPTIONS\"]"),
       {}},
      {in_match("path: \"/\", methods: [\"GTE\", \"\", \"PURGE\"]"),
       {"2:22 error method-unknown: unknown method \"GTE\" => did you mean \"GET\"?",
        "2:29 error method-unknown: unknown method \"\"",
        "2:33 error method-unknown: unknown method \"PURGE\""}},
      {in_action("type: \"serv\", root: \"./public\", modes: 1"),
       {"2:7 error action-type-unknown: unknown action type \"serv\"; known: proxy, static, serve, "
        "pass, drop, redirect"
        " => did you mean \"serve\"?",
        "2:33 error unknown-key: unknown key \"modes\" in action \"a\" => did you mean \"mode\"?"}},
      {in_action("type: \"Static\""),
       {"2:7 error action-type-unknown: unknown action type \"Static\"; known: proxy, static, "
        "serve, pass, drop, redirect"
        " => did you mean \"static\"?"}},
  });
}

TEST_CASE("a key of another action type is an error") {
  check_rows({
      {in_action("type: \"proxy\", upstream: \"h\", root: \"/\""),
       {"2:31 error action-key: \"root\" is not used by proxy actions"}},
      {in_action("type: \"proxy\", upstream: \"h\", status: 200"),
       {"2:31 error action-key: \"status\" is not used by proxy actions"}},
      {in_action("type: \"static\", status: 200, upstream: \"h\""),
       {"2:30 error action-key: \"upstream\" is not used by static actions"}},
      {in_action("type: \"static\", status: 200, mode: \"hang\""),
       {"2:30 error action-key: \"mode\" is not used by static actions"}},
  });
}

TEST_CASE("names hold nothing that would break route ids") {
  const auto named = [](const std::string& name) {
    return in_root(fmt::format("resources: {{ {}: {{ text: \"\" }} }}", name));
  };
  check_rows({
      {named("\"a:b\""),
       {"2:14 error name-chars: the name of a resource may not contain \":\"",
        "2:14 warning resource-unused: resource \"a:b\" is never used"}},
      {named("\"a b\""),
       {"2:14 error name-chars: the name of a resource may not contain \" \"",
        "2:14 warning resource-unused: resource \"a b\" is never used"}},
      {named("\"a/b\""),
       {"2:14 error name-chars: the name of a resource may not contain \"/\"",
        "2:14 warning resource-unused: resource \"a/b\" is never used"}},
      {named("\"a\\u0007\""),
       {"2:14 error name-chars: the name of a resource may not contain U+0007",
        "2:14 warning resource-unused: resource \"a\u0007\" is never used"}},
      {named("\"\""),
       {"2:14 error name-empty: the name of a resource may not be empty",
        "2:14 warning resource-unused: resource \"\" is never used"}},
      {named("_inline_x"),
       {"2:14 error name-reserved: \"_inline_x\": names that begin with _inline_ are kept for what "
        "is written inline",
        "2:14 warning resource-unused: resource \"_inline_x\" is never used"}},
      {"{services: {\"a b\": {listen: \":80\", routes: [{action: {type: \"static\", status: "
       "200}}]}}}",
       {"1:13 error name-chars: the name of a service may not contain \" \""}},
      {named("\"gr\u00fc\u00df-dich_1.2\""),
       {"2:14 warning resource-unused: resource \"gr\u00fc\u00df-dich_1.2\" is never used"}},
  });
}

Lines not_built(const std::string& text, Purpose purpose) {
  Lines lines = problems(text, purpose);
  const auto is_other = [](const std::string& line) {
    return line.find(" not-built: ") == std::string::npos;
  };
  lines.erase(std::remove_if(lines.begin(), lines.end(), is_other), lines.end());
  return lines;
}

TEST_CASE("what is not built in yet is never accepted in silence") {
  struct Later {
    std::string text;
    int column;
    std::string what;
  };
  const std::vector<Later> rows = {
      {in_root("plugins: {}"), 1, "\"plugins\""},
      {in_root("admin: { listen: \"127.0.0.1:9\" }"), 1, "\"admin\""},
      {in_service("plugins: []"), 1, "\"plugins\""},
      {in_service("request_id: true"), 1, "\"request_id\""},
      {in_service("limit: { rate: \"100/s\" }"), 1, "\"limit\""},
      {in_service("basic_auth: { users: {} }"), 1, "\"basic_auth\""},
      {in_service("allow: []"), 1, "\"allow\""},
      {in_service("deny: []"), 1, "\"deny\""},
      {in_settings("max_connections: 5"), 1, "\"max_connections\""},
      {in_settings("max_connections_per_ip: 5"), 1, "\"max_connections_per_ip\""},
      {in_settings("read_buffer_size: 32768"), 1, "\"read_buffer_size\""},
      {in_settings("trusted_proxies: []"), 1, "\"trusted_proxies\""},
      {in_settings("proxy_protocol: \"v1\""), 1, "\"proxy_protocol\""},
      {in_settings("proxy_protocol: { version: \"any\", from: [] }"), 1, "\"proxy_protocol\""},
      {in_settings("flush_interval: 5"), 17, "a flush_interval above 0"},
      {in_routes("{ action: \"a\", balancer: { type: \"random\" } }"), 16, "\"balancer\""},
      {in_routes("{ action: \"a\", plugins: [] }"), 16, "\"plugins\""},
      {in_routes("{ action: \"a\", plugin_timeout: 5 }"), 16, "\"plugin_timeout\""},
      {in_routes("{ action: \"a\", speed: { shared: true } }"), 16, "\"speed\""},
      {in_routes("{ action: \"a\", limit: { rate: \"1/s\" } }"), 16, "\"limit\""},
      {in_action("type: \"proxy\", upstream: \"h\", retries: 2"), 31, "\"retries\""},
      {in_action("type: \"proxy\", upstream: \"h\", retry_on: [\"502\"]"), 31, "\"retry_on\""},
      {in_action("type: \"proxy\", upstream: \"h\", fallback: \"a\""), 31, "\"fallback\""},
      {in_action("type: \"proxy\", upstream: \"h\", strip_prefix: true"), 31, "\"strip_prefix\""},
      {in_action("type: \"proxy\", upstream: \"h\", limits: { queue: {} }"), 31, "\"limits\""},
      {in_action("type: \"proxy\", upstream: \"h\", plugins: []"), 31, "\"plugins\""},
      {in_action("type: \"proxy\", upstream: \"h\", send_proxy_protocol: \"v1\""), 31,
       "\"send_proxy_protocol\""},
      {in_action("type: \"proxy\", upstream: \"unix:/run/a.sock\""), 26, "\"unix:\""},
      {"{services: {web: {routes: [{action: {type: \"static\", status: 200}}], "
       "listen:\n\"unix:/run/p.sock\"}}}",
       1, "\"unix:\""},
  };
  for (const Later& row : rows) {
    CAPTURE(row.text);
    const std::string rest =
        fmt::format("not-built: {} is not built into this version yet", row.what);
    // Other rules may have something to say of such short texts.
    CHECK(not_built(row.text, Purpose::Serve) ==
          Lines{fmt::format("2:{} error {}", row.column, rest)});
    CHECK(not_built(row.text, Purpose::Validate) ==
          Lines{fmt::format("2:{} warning {}", row.column, rest)});
  }
}

TEST_CASE("values of keys that are not built in are checked all the same") {
  check_rows(
      {
          {in_settings("max_connections: \"few\""),
           {"2:1 warning not-built: \"max_connections\" is not built into this version yet",
            "2:18 error bad-type: \"max_connections\" must be a whole number, found string"}},
          {in_routes("{ action: \"a\", balancer: { type: \"rr\", tagets: [] } }"),
           {"2:16 warning not-built: \"balancer\" is not built into this version yet",
            "2:16 error balancer-action: a balancer works only with proxy and pass actions; "
            "action \"a\" is static",
            "2:34 error balancer-type-unknown: unknown balancer type \"rr\"; known: roundrobin, "
            "random, leastconn, p2c, hash",
            "2:40 error unknown-key: unknown key \"tagets\" in this balancer => did you mean "
            "\"targets\"?"}},
          {in_action("type: \"proxy\", upstream: \"h\", send_proxy_protocol: \"v3\""),
           {"2:31 warning not-built: \"send_proxy_protocol\" is not built into this version yet",
            "2:52 error bad-word: unknown PROXY version \"v3\"; known: v1, v2 => did you mean "
            "\"v1\"?"}},
      },
      Purpose::Validate);
}

TEST_CASE("disable_compression can only be true") {
  CHECK(problems(in_settings("disable_compression: true")).empty());
  CHECK(problems(in_settings("disable_compression: false")) ==
        Lines{"2:22 error disable-compression: disable_compression cannot be false: prox never "
              "changes the coding of what an upstream sends => "
              "leave the key out; clients and upstreams settle compression between themselves"});
}

}  // namespace
