#include <netdb.h>

#include <string>
#include <vector>

#include "catch.h"
#include "config/loading.h"

// What no table of keys can say: required keys, addresses, patterns, header fields, references, variables, unreachable routes.
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

// "3:9 first defined here" of a result's only diagnostic.
Lines notes(const std::string& text) {
  const LoadResult result = load_text(text);
  Lines lines;
  for (const Diagnostic& d : result.diagnostics.all()) {
    for (const Diagnostic::Note& note : d.notes) {
      const Position position = result.sources.position(note.place);
      lines.push_back(fmt::format("{}:{} {}", position.line, position.column, note.message));
    }
  }
  return lines;
}

TEST_CASE("a config needs services and actions") {
  check_rows({
      {"{}",
       {"1:1 error no-services: no services: at least one is needed",
        "1:1 error no-actions: no actions are defined"}},
      {"// here\n {services: {}, actions: {}}",
       {"2:2 error no-services: no services: at least one is needed",
        "2:2 error no-actions: no actions are defined"}},
      {"{services: 5}", {"1:12 error bad-type: \"services\" must be an object, found number"}},
      {"{services: {}, action: {}}",
       {"1:1 error no-services: no services: at least one is needed",
        "1:16 error unknown-key: unknown key \"action\" in the root object => did you mean "
        "\"actions\"?"}},
      {"{service: {}}",
       {"1:2 error unknown-key: unknown key \"service\" in the root object => did you mean "
        "\"services\"?"}},
      {"{services: {web: {listen: \":80\", routes: [{}]}}}",
       {"1:43 error action-required: this route has no action"}},
      {"{services: {web: {listen: \":80\", routes: []}}}",
       {"1:1 error no-actions: no actions are defined",
        "1:13 error routes-required: service \"web\" has no routes"}},
  });
}

TEST_CASE("a service needs an address and routes") {
  check_rows(
      {
          {"{services: {web: {}}}",
           {"1:1 error no-actions: no actions are defined",
            "1:13 error listen-required: service \"web\" needs a listen address => for example "
            "listen: \":8080\"",
            "1:13 error routes-required: service \"web\" has no routes"}},
          {"{services: {web: {listen: \"\", routes: [{action: {type: \"static\", status: 200}}]}}}",
           {"1:13 error listen-required: service \"web\" needs a listen address => for example "
            "listen: \":8080\""}},
          {"{services: {web: {lisen: \":80\", rotues: [{action: {type: \"static\", status: "
           "200}}]}}}",
           {"1:19 error unknown-key: unknown key \"lisen\" in service \"web\" => did you mean "
            "\"listen\"?",
            "1:33 error unknown-key: unknown key \"rotues\" in service \"web\" => did you mean "
            "\"routes\"?"}},
          {"{services: {web: {listen: 80, routes: 5}}}",
           {"1:27 error bad-type: \"listen\" must be a string, found number => strings need "
            "quotes: \"80\"",
            "1:39 error bad-type: \"routes\" must be an array of routes, found number"}},
      },
      Purpose::Validate);
}

TEST_CASE("a listen address that cannot be read points to its value") {
  const auto listening = [](const std::string& address) {
    return fmt::format(
        "{{services: {{web: {{routes: [{{action: {{type: \"static\", status: 200}}}}], "
        "listen:\n\"{}\"}}}}}}",
        address);
  };
  check_rows({
      {listening("8080"),
       {"2:1 error listen-syntax: \"8080\" is not a listen address: the port needs a colon before "
        "it => write \":8080\""}},
      {listening("localhost"),
       {"2:1 error listen-syntax: \"localhost\" is not a listen address: the port is missing => "
        "write \"localhost:8080\""}},
      {listening("::1:80"),
       {"2:1 error listen-syntax: \"::1:80\" is not a listen address: an IPv6 address needs "
        "brackets => write \"[::1]:80\""}},
      {listening(":99999"),
       {"2:1 error listen-syntax: \":99999\" is not a listen address: port 99999 is above 65535"}},
      {listening(":no-such-port"), {}},
  });
}

TEST_CASE("two services cannot have the same address") {
  const auto two = [](const std::string& a, const std::string& b) {
    const std::string routes = "routes: [{action: {type: \"static\", status: 200}}]";
    return fmt::format(
        "{{services: {{\n one: {{listen: \"{}\", {}}},\n two: {{listen: \"{}\", {}}}}}}}", a,
        routes, b, routes);
  };
  check_rows({
      {two(":80", ":80"),
       {"3:16 error listen-duplicate: service \"two\" listens on :80, which service \"one\" "
        "already uses"}},
      {two(":8080", "127.0.0.1:8080"),
       {"3:16 error listen-duplicate: service \"two\" listens on 127.0.0.1:8080, which service "
        "\"one\" already uses"}},
      {two("0.0.0.0:80", "[::]:80"), {}},
      {two(":80", ":81"), {}},
      {two("127.0.0.1:0", "127.0.0.1:0"), {}},
  });
  CHECK(notes(two(":80", ":80")) == Lines{"2:16 first used here"});
  if (getservbyname("http", "tcp") != nullptr) {  // small systems have no such list
    CHECK(problems(two(":http", "127.0.0.1:80")).size() == 1);
  }
}

TEST_CASE("a match asks for something") {
  const std::string empty =
      "error match-empty: this match has neither path nor domain => leave out match to catch "
      "everything";
  check_rows({
      {in_routes("{ match: {}, action: \"a\" }"), {"2:3 " + empty}},
      {in_routes("{ match: { methods: [\"GET\"] }, action: \"a\" }"), {"2:3 " + empty}},
      {in_routes("{ match: { pth: \"/\" }, action: \"a\" }"),
       {"2:12 error unknown-key: unknown key \"pth\" in this match => did you mean \"path\"?"}},
      {in_routes("{ match: { xyzzy: \"/\" }, action: \"a\" }"),
       {"2:3 " + empty, "2:12 error unknown-key: unknown key \"xyzzy\" in this match"}},
      {in_routes("{ match: { forward_proxy: false }, action: \"a\" }"), {"2:3 " + empty}},
      {in_routes("{ match: { headers: {} }, action: \"a\" }"), {"2:3 " + empty}},
      {in_routes("{ match: { query: {}, client: [], headers: {} }, action: \"a\" }"),
       {"2:3 " + empty}},
      {in_routes("{ match: { headers: { A: 1 } }, action: \"a\" }"),
       {"2:26 error bad-type: \"A\" must be a string, true or false, found number"}},
  });
}

TEST_CASE("a path pattern that could not match is pointed at inside its string") {
  check_rows({
      {in_match("path: \"api/*\""),
       {"2:8 error path-slash: path pattern \"api/*\" must start with \"/\" => write \"/api/*\""}},
      {in_match("path: \"http://a.test/\""),
       {"2:8 error path-slash: path pattern \"http://a.test/\" must start with \"/\" => a host is "
        "matched with \"domain\""}},
      {in_match("path: \"/a, b\""),
       {"2:12 error path-slash: path pattern \"b\" must start with \"/\" => write \"/b\""}},
      {in_match("path: \"/api/*/users\""),
       {"2:13 error path-wildcard: \"*\" may only end a path pattern, in \"/api/*/users\""}},
      {in_match("path: \"/**\""),
       {"2:9 error path-wildcard: \"*\" may only end a path pattern, in \"/**\""}},
      {in_match("path: \"/api*\""),
       {"2:12 error path-wildcard-slash: \"*\" must follow a \"/\" in \"/api*\" => write "
        "\"/api/*\""}},
      {in_match("path: \"\""), {"2:8 error path-empty-item: empty path pattern"}},
      {in_match("path: \",\""),
       {"2:8 error path-empty-item: empty path pattern",
        "2:9 error path-empty-item: empty path pattern"}},
      {in_match("path: \"/a,  ,/b*\""),
       {"2:11 error path-empty-item: empty path pattern",
        "2:16 error path-wildcard-slash: \"*\" must follow a \"/\" in \"/b*\" => write \"/b/*\""}},
      {in_match("path: '*'"),
       {"2:8 error path-slash: path pattern \"*\" must start with \"/\" => write \"/*\""}},
      {in_match("path: \"\\u002fapi*\""),
       {"2:7 error path-wildcard-slash: \"*\" must follow a \"/\" in \"/api*\" => write "
        "\"/api/*\""}},
      {in_match("path: \"/\u00fc/b*\""),
       {"2:12 error path-wildcard-slash: \"*\" must follow a \"/\" in \"/\u00fc/b*\" => write "
        "\"/\u00fc/b/*\""}},
      {in_match("path: \"/a/*, /b ,/c/*\""), {}},
  });
}

TEST_CASE("a domain pattern that could not match is pointed at inside its string") {
  check_rows({
      {in_match("domain: \"localhost\""),
       {"2:9 error domain-segments: domain pattern \"localhost\" needs at least two labels, such "
        "as example.com"}},
      {in_match("domain: \"\""),
       {"2:9 error domain-segments: domain pattern \"\" needs at least two labels, such as "
        "example.com"}},
      {in_match("domain: \"**\""),
       {"2:9 error domain-segments: domain pattern \"**\" needs at least two labels, such as "
        "example.com"}},
      {in_match("domain: \"a..b\""),
       {"2:12 error domain-empty-label: domain pattern \"a..b\" has an empty label"}},
      {in_match("domain: \".a.b\""),
       {"2:10 error domain-empty-label: domain pattern \".a.b\" has an empty label"}},
      {in_match("domain: \"a.b.\""),
       {"2:13 error domain-empty-label: domain pattern \"a.b.\" has an empty label"}},
      {in_match("domain: \"*a*.example.com\""),
       {"2:10 error domain-stars: label \"*a*\" has more than one \"*\""}},
      {in_match("domain: \"x.a**\""),
       {"2:12 error domain-stars: label \"a**\" has more than one \"*\""}},
      {in_match("domain: \"**.example.com\""),
       {"2:10 error domain-glob: \"**\" may only be the last label"}},
      {in_match("domain: \"example.com:80\""),
       {"2:21 error domain-chars: domain pattern \"example.com:80\" may not contain \":\" => ports "
        "are never matched"}},
      {in_match("domain: \"https://a.test\""),
       {"2:15 error domain-chars: domain pattern \"https://a.test\" may not contain \":\" => write "
        "the name alone, without a scheme"}},
      {in_match("domain: \"a.test,b.test\""),
       {"2:16 error domain-chars: domain pattern \"a.test,b.test\" may not contain \",\" => write "
        "one pattern per route"}},
      {in_match("domain: \"a .test\""),
       {"2:11 error domain-chars: domain pattern \"a .test\" may not contain \" \""}},
      {in_match("domain: \"a.test/x\""),
       {"2:16 error domain-chars: domain pattern \"a.test/x\" may not contain \"/\" => match a "
        "path with \"path\""}},
      {in_match("domain: \"b\u00fc.test\""),
       {"2:11 error domain-chars: domain pattern \"b\u00fc.test\" may not contain \"\u00fc\" => "
        "write the xn-- form of an international name"}},
      {in_match("domain: \"*a*..**.c:1\""),
       {"2:10 error domain-stars: label \"*a*\" has more than one \"*\"",
        "2:14 error domain-empty-label: domain pattern \"*a*..**.c:1\" has an empty label",
        "2:15 error domain-glob: \"**\" may only be the last label",
        "2:19 error domain-chars: domain pattern \"*a*..**.c:1\" may not contain \":\" => ports "
        "are never matched"}},
  });
  for (const char* good :
       {"example.com", "*.myapp.dev", "cdn-*.**", "*.*.*.*", "a_b.xn--bcher-kva.example", "*.**"}) {
    CAPTURE(good);
    CHECK(problems(in_match(fmt::format("domain: \"{}\"", good))).empty());
  }
}

TEST_CASE("a route names an action that there is") {
  check_rows({
      {in_routes("{ action: \"a\" },\n { match: { path: \"/\" } }"),
       {"3:2 error action-required: this route has no action",
        "3:2 warning route-unreachable: never reached: route #0 already matches everything this "
        "does"}},
      {in_routes("{ action: \"\" }"), {"2:1 error action-required: this route has no action"}},
      {in_routes("{ acton: \"a\" }"),
       {"2:3 error unknown-key: unknown key \"acton\" in this route => did you mean \"action\"?"}},
      {"{services: {web: {listen: \":80\", routes: [{action:\n\"nobody\"}]}}}",
       {"2:1 error action-unknown: no action is named \"nobody\""}},
      {"{services: {web: {listen: \":80\", routes: [{action:\n\"b\"}]}}, action: {a: {type: "
       "\"static\", status: 200}}}",
       {"2:10 error unknown-key: unknown key \"action\" in the root object => did you mean "
        "\"actions\"?"}},
  });
}

TEST_CASE("a near miss of an action's name shows where that is, and counts as its use") {
  const Directory directory;
  const LoadResult result =
      load({directory.write("c.json5", in_routes("{ action: \"A\" }")), {}, Purpose::Serve});
  REQUIRE(result.diagnostics.all().size() == 1);
  CHECK(result.diagnostics.all()[0].message == "no action is named \"A\"");
  CHECK(result.diagnostics.all()[0].help ==
        fmt::format("did you mean \"a\"? ({}:3:16)", directory.path("c.json5")));
}

TEST_CASE("an action has what its type needs") {
  check_rows({
      {in_action(""), {"1:71 error action-type-required: action \"a\" needs a type"}},
      {in_action("tipe: \"proxy\""),
       {"2:1 error unknown-key: unknown key \"tipe\" in action \"a\" => did you mean \"type\"?"}},
      {in_action("type: \"proxy\""),
       {"1:71 error upstream-required: proxy action \"a\" needs an upstream"}},
      {in_action("type: \"proxy\", upstream: \"\""),
       {"1:71 error upstream-required: proxy action \"a\" needs an upstream"}},
      {in_action("type: \"proxy\", upsteam: \"h\""),
       {"2:16 error unknown-key: unknown key \"upsteam\" in action \"a\" => did you mean "
        "\"upstream\"?"}},
      {in_action("type: \"proxy\", upstream: 80"),
       {"2:26 error bad-type: \"upstream\" must be a string, found number => strings need quotes: "
        "\"80\""}},
      {in_action("type: \"proxy\", upstream: \"ftp://h\""),
       {"2:26 error upstream-syntax: \"ftp://h\" is not an upstream address: unknown scheme "
        "\"ftp\"; known: http, https, ws, wss, unix"}},
      {in_action("type: \"static\""),
       {"1:71 error status-required: static action \"a\" needs a status"}},
      {in_action("type: \"static\", status: 99"),
       {"2:25 error status-range: status 99 is not between 200 and 599"}},
      {in_action("type: \"static\", status: 101"),
       {"2:25 error status-range: status 101 is not between 200 and 599"}},
      {in_action("type: \"static\", status: 600"),
       {"2:25 error status-range: status 600 is not between 200 and 599"}},
      {in_action("type: \"static\", status: 4294967496"),
       {"2:25 error status-range: status 4294967496 is not between 200 and 599"}},
      {in_action("type: \"static\", status: 2000000000000000000000"),
       {"2:25 error status-range: status 2000000000000000000000 is not between 200 and 599"}},
      {in_routes("{ action: { status: 200 } }"),
       {"2:11 error action-type-required: this action needs a type",
        "3:16 warning action-unused: action \"a\" is never used"}},
  });
}

TEST_CASE("header fields can be sent as they are written") {
  const auto headers = [](const std::string& fields) {
    return in_action("type: \"proxy\", upstream: \"h\", headers: { " + fields + " }");
  };
  check_rows({
      {headers("\"a b\": \"\""), {"2:42 error header-name: \"a b\" is not a header name"}},
      {headers("\"\": \"\""), {"2:42 error header-name: \"\" is not a header name"}},
      {headers("\"A\u00fc\": \"\""), {"2:42 error header-name: \"A\u00fc\" is not a header name"}},
      {headers("A: \"x\\r\\nB: y\""),
       {"2:45 error header-value: header \"A\" contains a control character"}},
      {headers("A: \"\\0\""),
       {"2:45 error header-value: header \"A\" contains a control character"}},
      {headers("A: \"x \""),
       {"2:45 error header-value: header \"A\" begins or ends with white space"}},
      {headers("A: \"\\tx\""),
       {"2:45 error header-value: header \"A\" begins or ends with white space"}},
      {headers("\"transfer-encoding\": \"x\""),
       {"2:42 error header-framing: header \"transfer-encoding\" cannot be set: prox writes it "
        "itself"}},
      {headers("\"Content-Length\": \"\", TE: \"\", upgrade: \"\", connection: null"),
       {"2:42 error header-framing: header \"Content-Length\" cannot be set: prox writes it itself",
        "2:64 error header-framing: header \"TE\" cannot be set: prox writes it itself",
        "2:72 error header-framing: header \"upgrade\" cannot be set: prox writes it itself",
        "2:85 error header-framing: header \"connection\" cannot be set: prox writes it itself"}},
      {headers("Host: \"a\", host: \"b\""),
       {"2:53 error header-twice: header \"host\" is set twice; its case makes no difference"}},
      {headers("Host: \"a.test\", Cookie: null, Accept: \"\", \"X-{\": \"a\\tb {x y} \u00fc\""),
       {"2:84 error header-name: \"X-{\" is not a header name"}},
  });
}

TEST_CASE("a body is one resource") {
  const auto body = [](const std::string& value) {
    return in_action("type: \"static\", status: 200, body_ref: " + value);
  };
  const std::string one_of = " needs exactly one of text, json, file";
  check_rows({
      {body("\"missing\""), {"2:40 error body-unknown: no resource is named \"missing\""}},
      {body("\"\""), {"2:40 error body-unknown: no resource is named \"\""}},
      {body("{}"), {"2:40 error resource-content: this resource" + one_of}},
      {body("{ text: \"\", json: 1 }"), {"2:40 error resource-content: this resource" + one_of}},
      {body("{ text: \"\" }"), {}},
      {body("{ json: { a: [NaN, -Infinity] } }"),
       {"2:54 error bad-type: JSON has no NaN", "2:59 error bad-type: JSON has no Infinity"}},
      {in_root("resources: { r: {} }"),
       {"2:14 error resource-content: resource \"r\"" + one_of,
        "2:14 warning resource-unused: resource \"r\" is never used"}},
  });
  const std::string misspelt = in_root(
      "actions: { a: { type: \"static\", status: 200, body_ref: \"baner\" } }, resources: { "
      "banner: { text: \"\" } }");
  const LoadResult result = load_text(misspelt);
  REQUIRE(result.diagnostics.all().size() == 2);
  CHECK(result.diagnostics.all()[0].id == "action-unused");
  CHECK(result.diagnostics.all()[1].message == "no resource is named \"baner\"");
  CHECK(result.diagnostics.all()[1].help.starts_with("did you mean \"banner\"? ("));
}

std::string with_upstream(const std::string& upstream, const std::string& route) {
  return fmt::format(
      "{{services: {{web: {{listen: \":80\", routes: [\n{}\n]}}}}, actions: {{a: {{type: "
      "\"proxy\", upstream:\n\"{}\"}}}}}}",
      route, upstream);
}

TEST_CASE("an upstream uses only what its route sets") {
  check_rows({
      {with_upstream("{host}:80", "{ action: \"a\" }"),
       {"2:11 error upstream-var: upstream of action \"a\" uses {host}, which this route does not "
        "set"}},
      {with_upstream("h:{prot}", "{ set: { port: \"80\" }, action: \"a\" }"),
       {"2:32 error upstream-var: upstream of action \"a\" uses {prot}, which this route does not "
        "set => did you mean {port}?"}},
      {with_upstream("{target}", "{ action: \"a\" }"),
       {"2:11 error target-without-balancer: action \"a\" uses {target}, but this route has no "
        "balancer"}},
      {with_upstream("{target}:{port}", "{ action: \"a\" }"),
       {"2:11 error target-without-balancer: action \"a\" uses {target}, but this route has no "
        "balancer",
        "2:11 error upstream-var: upstream of action \"a\" uses {port}, which this route does not "
        "set"}},
      {with_upstream("{h}:{p}", "{ set: { h: \"x\", p: \"80\" }, action: \"a\" }"), {}},
      {with_upstream("{h}:{p}", "{ set: { h: \"x\", p: \"99999\" }, action: \"a\" }"),
       {"2:40 error upstream-syntax: \"x:99999\" is not an upstream address: port 99999 is above "
        "65535"}},
      {with_upstream("{h}", "{ set: { h: \"unix:/x\" }, action: \"a\" }"),
       {"2:34 error not-built: \"unix:\" is not built into this version yet"}},
      {with_upstream("{a}", "{ set: { a: \"{b}\", b: \"c\" }, action: \"a\" }"),
       {"2:38 error upstream-syntax: \"{b}\" is not an upstream address: a host may not contain "
        "\"{\""}},
      {with_upstream("{not a name}", "{ action: \"a\" }"),
       {"4:1 error upstream-syntax: \"{not a name}\" is not an upstream address: a host may not "
        "contain \"{\""}},
  });
  CHECK(notes(with_upstream("{port}", "{ action: \"a\" }")) ==
        Lines{"4:1 the upstream is written here"});
}

TEST_CASE("each route answers for its own variables") {
  check_rows({
      {with_upstream(
           "h:{p}",
           "{ match: { path: \"/a\" }, action: \"a\" },\n{ set: { p: \"80\" }, action: \"a\" }"),
       {"2:34 error upstream-var: upstream of action \"a\" uses {p}, which this route does not "
        "set"}},
  });
}

TEST_CASE("a balancer gives a target") {
  check_rows(
      {{with_upstream("{target}",
                      "{ action: \"a\", balancer: { type: \"random\", targets: [\"h:1\"] } }"),
        {"2:16 warning not-built: \"balancer\" is not built into this version yet"}}},
      Purpose::Validate);
}

TEST_CASE("a variable has a name that a template can use") {
  check_rows({
      {in_routes("{ action: \"a\", set: { \"1a\": \"\", \"a b\": \"\", \"\": \"\", target: \"\", "
                 "_x: \"\", \"a.b-c\": \"\" } }"),
       {"2:23 error set-name: \"1a\" cannot be a variable name",
        "2:33 error set-name: \"a b\" cannot be a variable name",
        "2:44 error set-name: \"\" cannot be a variable name",
        "2:52 error set-name: \"target\" cannot be a variable name"}},
  });
}

TEST_CASE("a body warns of names that are nearly variables") {
  const auto body = [](const std::string& text) {
    return in_action(
        fmt::format("type: \"static\", status: 200, body_ref: {{ text: \"{}\" }}", text));
  };
  check_rows({
      {body("{hosts}"),
       {"2:40 warning body-var: {hosts} in this resource is no variable, and stays "
        "as it is => did you mean {host}?"}},
      {body("{host} {method} p{color:red} {a} {} {"), {}},
  });
}

TEST_CASE("definitions that nobody uses are worth a warning") {
  check_rows({
      {in_root("actions: { a: { type: \"static\", status: 200 } }"),
       {"2:12 warning action-unused: action \"a\" is never used"}},
      {in_root("resources: { r: { text: \"\" } }"),
       {"2:14 warning resource-unused: resource \"r\" is never used"}},
  });
  CHECK(load_text(in_root("resources: { r: { text: \"\" } }")).config);
}

TEST_CASE("a route behind one that matches all that it does is never reached") {
  struct Pair {
    std::string first;
    std::string second;
    bool unreachable;
  };
  const Pair pairs[] = {
      {"", "path: \"/x\"", true},
      {"path: \"/*\"", "path: \"/x\"", true},
      {"path: \"/*\"", "path: \"/x/*, /y\"", true},
      {"path: \"/a/*\"", "path: \"/a/b/*\"", true},
      {"path: \"/a/*\"", "path: \"/a\"", false},
      {"path: \"/a/*\"", "path: \"/a/b, /c\"", false},
      {"path: \"/a/*, /c\"", "path: \"/a/b, /c\"", true},
      {"path: \"/a\"", "path: \"/a/*\"", false},
      {"path: \"/a\"", "path: \"/A\"", false},
      {"path: \"/*\"", "", false},
      {"path: \"/*\"", "domain: \"a.test\"", false},
      {"path: \"/x\", methods: [\"GET\"]", "path: \"/x\"", false},
      {"path: \"/x\"", "path: \"/x\", methods: [\"GET\"]", true},
      {"path: \"/x\", methods: [\"get\", \"POST\"]", "path: \"/x\", methods: [\"GET\"]", true},
      {"path: \"/x\", methods: [\"GET\"]", "path: \"/x\", methods: [\"GET\", \"PUT\"]", false},
      {"path: \"/x\", methods: []", "path: \"/x\"", true},
      {"domain: \"a.test\"", "domain: \"A.test\"", true},
      {"domain: \"a.test\"", "domain: \"a.test\", path: \"/x\"", true},
      {"domain: \"a.test\", path: \"/x\"", "domain: \"a.test\"", false},
      {"domain: \"a.test\"", "domain: \"b.test\"", false},
      {"domain: \"*.test\"", "domain: \"a.test\"", true},
      {"domain: \"*.test\"", "domain: \"a*.test\"", true},
      {"domain: \"*.test\"", "domain: \"a.b.test\"", false},
      {"domain: \"*.test\"", "domain: \"a.**\"", false},
      {"domain: \"*.**\"", "domain: \"a.b.c\"", true},
      {"domain: \"*.**\"", "domain: \"*.b.**\"", true},
      {"domain: \"a.b.**\"", "domain: \"a.**\"", false},
      {"domain: \"cdn-*.test\"", "domain: \"cdn-1.test\"", true},
      {"domain: \"cdn-*.test\"", "domain: \"*.test\"", false},
      {"domain: \"a*a.test\"", "domain: \"a.test\"", false},
      {"domain: \"*.**\"", "", false},
      {"domain: \"*-b.test\"", "domain: \"a-b.test\"", true},
      {"domain: \"*-b.test\"", "domain: \"x*-b.test\"", true},
      {"domain: \"a-*-b.test\"", "domain: \"a-x*-b.test\"", true},
      {"domain: \"a.*.c.**\"", "domain: \"a.b.c.d.e\"", true},
      {"domain: \"*.*\"", "domain: \"a*.b\"", true},
      {"path: \"/x\", headers: { A: \"b\" }", "path: \"/x\"", false},
      {"path: \"/x\", query: { a: true }", "path: \"/x\"", false},
      {"path: \"/x\", client: [\"10.0.0.0/8\"]", "path: \"/x\"", false},
      {"path: \"/x\", headers: {}, query: {}, client: []", "path: \"/x\"", true},
      {"path: \"/*\"", "path: \"/x\", headers: { A: \"b\" }", true},
      {"path: \"/x\", query: { a: \"1\" }", "path: \"/x\", query: { a: \"1\" }", false},
      {"", "", true},
  };
  for (const Pair& pair : pairs) {
    CAPTURE(pair.first, pair.second);
    const auto route = [](const std::string& match) {
      return match.empty() ? "{ action: \"a\" }"
                           : fmt::format("{{ match: {{ {} }}, action: \"a\" }}", match);
    };
    Lines expected;
    if (pair.unreachable) {
      expected = {
          "3:1 warning route-unreachable: never reached: route #0 already matches everything this "
          "does"};
    }
    CHECK(problems(in_routes(route(pair.first) + ",\n" + route(pair.second))) == expected);
  }
  CHECK(notes(in_routes("{ action: \"a\" },\n{ action: \"a\" }")) ==
        Lines{"2:1 that route is here"});
}

TEST_CASE("conditions on fields, query and client are checked") {
  const auto row = [](const std::string& match, const std::string& problem) {
    return std::pair{
        in_routes(fmt::format("{{ match: {{ path: \"/\", {} }}, action: \"a\" }}", match)),
        problem};
  };
  const std::pair<std::string, std::string> rows[] = {
      row("headers: { A: \"x*y\" }",
          "2:39 error condition-wildcard: \"*\" may only begin or end a value, in \"x*y\""),
      row("query: { a: \"!*x*y*\" }",
          "2:39 error condition-wildcard: \"*\" may only begin or end a value, in \"!*x*y*\""),
      row("headers: { \"a b\": true }",
          "2:34 error condition-header: \"a b\" is not a header name"),
      row("headers: { A: 1 }",
          "2:37 error bad-type: \"A\" must be a string, true or false, found number"),
      row("client: [\"10.0.0.1/8\"]",
          "2:32 error network: \"10.0.0.1/8\" is not a network: the address has bits set behind "
          "the network's own => write an address or a range of them, such as "
          "10.0.0.0/8 or 2001:db8::/32"),
  };
  for (const auto& [text, problem] : rows) {
    CAPTURE(text);
    CHECK(problems(text) == Lines{problem});
  }
  CHECK(load_text(in_routes("{ match: { query: { \"a b\": \"!*x*\", c: false } }, action: \"a\" }"))
            .config);
  CHECK(load_text(in_routes("{ match: { client: [\"::1\"] }, action: \"a\" }")).config);
}

TEST_CASE("what depends on the machine is an error to serve and a warning to validate") {
  struct Environment {
    std::string text;
    std::string rest;
  };
  const std::vector<Environment> rows = {
      {in_action("type: \"static\", status: 200, body_ref: { file: \"none.html\" }"),
       "2:48 {} resource-file: cannot read \"none.html\": No such file or directory"},
      {in_action("type: \"static\", status: 200, body_ref: { file: \"/\" }"),
       "2:48 {} resource-file: cannot read \"/\": Is a directory"},
      {in_action("type: \"static\", status: 200, body_ref: { file: \"/dev/null\" }"),
       "2:48 {} resource-file: cannot read \"/dev/null\": it is not a regular file"},
  };
  for (const Environment& row : rows) {
    CAPTURE(row.text);
    CHECK(problems(row.text, Purpose::Serve) ==
          Lines{fmt::format(fmt::runtime(row.rest), "error")});
    CHECK(problems(row.text, Purpose::Validate) ==
          Lines{fmt::format(fmt::runtime(row.rest), "warning")});
  }
}

}  // namespace
