"""`prox explain` says what the running server does, on every row of the routing tables, and why."""

import json

import pytest

from lib.prox import run, service, static
from test_routing import CONDITIONED, CONDITIONS, DOMAINS, ORDER, ORDERED, PATHS

# Requests of each kind: origin-form, absolute-form, CONNECT and OPTIONS *.
KINDS = [{"match": match, "action": static(f"K{number}")} for number, match in enumerate([
    {"domain": "*.example.com", "path": "/*"},
    {"forward_proxy": True, "domain": "*.example.com", "path": "/a/*"},
    {"forward_proxy": True, "methods": ["GET", "POST"]},
    {"domain": "*.**", "methods": ["CONNECT"]},
    {"path": "/*", "methods": ["CONNECT", "OPTIONS"]},
    {"domain": "tls.test"},
])]
KIND_REQUESTS = [
    ("GET", "http://sub.example.com/", "sub.example.com"), ("GET", "http://sub.example.com/a/b", "other.test"),
    ("GET", "http://evil.test/", "evil.test"), ("DELETE", "http://example.com/", "example.com"),
    ("GET", "https://example.com", "example.com"), ("GET", "/", "sub.example.com"), ("GET", "/", "example.com"),
    ("CONNECT", "example.com:443", "example.com:443"), ("CONNECT", "localhost:443", "localhost:443"),
    ("CONNECT", "[::1]:443", "[::1]:443"), ("OPTIONS", "*", "tls.test"), ("OPTIONS", "*", "x.test"),
    ("OPTIONS", "/", "x.test"),
]


def routes_for(key, patterns):
    return [{"match": {key: pattern}, "action": static(pattern)} for pattern in patterns]


# Every pattern of the tables in one list, so that most requests meet several before theirs.
SERVICES = {
    "domains": routes_for("domain", dict.fromkeys(pattern for pattern, *_ in DOMAINS)),
    "paths": routes_for("path", dict.fromkeys(path for path, *_ in PATHS)),
    "order": ORDER,
    "kinds": KINDS,
    "conditions": CONDITIONS,
}
# (service, method, target, host, fields)
REQUESTS = [(*request, ()) if len(request) == 4 else request for request in [
    *(("domains", "GET", "/", host) for _, host, _ in DOMAINS), ("domains", "GET", "/", ""),
    *(("paths", "GET", target, "x.test") for _, target, _ in PATHS),
    *(("order", method, target, host) for method, target, host, _ in ORDERED), ("order", "HEAD", "/api/x", "x.test"),
    *(("kinds", *request) for request in KIND_REQUESTS),
    *(("domains", "GET", "/", host) for host in ("a b.test", "a,b.test", "user@x.test", "x.test:99999", "[::1")),
    ("paths", "GET", "/a#b", "x.test"), ("paths", "GET", "/a b", "x.test"), ("paths", "G(T", "/", "x.test"),
    *(("conditions", "GET", target, host, fields) for target, fields, host, _ in CONDITIONED),
]]


def explain(config, *args):
    """Runs explain: (exit status, what it says)."""
    done = run("explain", "-c", config, "-format", "json", *args)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def question(name, method, target, host, fields):
    """The arguments that ask about one request."""
    absolute = target.startswith("http")
    return ["-service", name, "-X", method, *(["-x"] if absolute else []), "-H", f"Host: {host}",
            *(word for field in fields for word in ("-H", ": ".join(field))),
            *([target] if absolute else ["-target", target, "http://x.test"])]


def with_winners(services):
    """Routes whose answers name them: "domains:3"."""
    return {name: [{**route, "action": static(f"{name}:{index}")} for index, route in enumerate(routes)]
            for name, routes in services.items()}


def test_explain_agrees_with_the_server_on_every_row(start_prox):
    prox = start_prox({"services": {name: service(routes) for name, routes in with_winners(SERVICES).items()},
                       "process": {"workers": 1}})
    ports = dict(zip(SERVICES, prox.ports))
    wrong = []
    for name, method, target, host, fields in REQUESTS:
        code, said = explain(prox.config_path, *question(name, method, target, host, fields))
        response = prox.fetch(target, method, fields, host=host, port=ports[name])
        served = response.body.decode() if response.status == 200 and method != "HEAD" else response.status
        told = said["route"]["id"] if said["route"] else said["refused"]["status"]
        if method == "HEAD" and said["route"]:
            told = 200
        if (told, code) != (served, 0 if response.status == 200 else 1):
            wrong.append((name, method, target, host, fields, told, code, served))
    assert not wrong


def test_every_row_of_the_tables_alone(tmp_path):
    """With one route, explain finds just what the tables say, captures included."""
    config = tmp_path / "config.json5"
    wrong = []
    for number, (key, pattern, host, target, expected) in enumerate([
            *(("domain", pattern, host, "/", expected) for pattern, host, expected in DOMAINS),
            *(("path", pattern, "x.test", target, expected) for pattern, target, expected in PATHS)]):
        config.write_text(json.dumps({"services": {"web": service([{"match": {key: pattern}, "action": static()}],
                                                                  listen=":8080")}}))
        _, said = explain(config, "-service", "web", f"http://{host}{target}")
        if isinstance(expected, str):
            captures = said["route"] and said["route"]["captures"]
            wanted = {"match.domain": "", "match.glob": "", "match.path": ""}
            if key == "domain":
                wanted["match.domain"], wanted["match.glob"] = expected.split("/")
            else:
                wanted["match.path"] = expected
            good = captures == wanted
        else:
            good = said["route"] is None and said["refused"]["status"] == (expected or 404)
        if not good:
            wrong.append((number, pattern, host, target, said))
    assert not wrong


SHOP = """{
  services: {
    web: {
      listen: "127.0.0.1:8080",
      routes: [
        { match: { path: "/health, /ready" }, action: { type: "static", status: 200 } },
        { match: { domain: "api.example.com", methods: ["GET", "POST"] }, action: "api" },
        { match: { domain: "cdn-*.shop.**", path: "/a/*, /b/*" }, set: { port: "4000" }, action: "shop" },
      ],
    },
    admin: { listen: ":8443", routes: [ { action: "api" } ] },
    local: { listen: "127.0.0.2:8080", routes: [ { action: "api" } ] },
  },
  actions: {
    api: { type: "proxy", upstream: "http://127.0.0.1:3000/base" },
    shop: { type: "proxy", upstream: "http://127.0.0.1:{port}" },
  },
}
"""


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "config.json5"
    path.write_text(SHOP)

    def ask(*args):
        return run("explain", "-c", path.name, *args, cwd=tmp_path)

    return ask


def test_explain_for_people(shop):
    done = shop("http://127.0.0.1:8080/b/x?y=1", "-H", "Host: CDN-eu.shop.example.com", "-X", "PUT")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == """\
request    PUT /b/x?y=1
service    web on 127.0.0.1:8080 at config.json5:3:5
host       cdn-eu.shop.example.com
path       /b/x
route      web:2 at config.json5:8:9
matches    domain cdn-*.shop.**; path /a/*, /b/*
           match.domain = eu
           match.glob = example.com
           match.path = /b/*
action     proxy shop at config.json5:16:5
set        port = 4000
upstream   http://127.0.0.1:4000
limits     request within 10s; response within 30s; its response's head within 30s

PASSED OVER  BECAUSE                                                PLACE
web:0        path /b/x is none of /health, /ready                   config.json5:6:9
web:1        domain cdn-eu.shop.example.com is not api.example.com  config.json5:7:9
"""


def test_what_is_refused_is_said_with_its_status(shop):
    nowhere = shop("http://127.0.0.1:8080/x")
    assert nowhere.returncode == 1
    assert "answer     404 Not Found: no_route" in nowhere.stdout
    assert nowhere.stdout.count("web:") == 3
    above_root = shop("http://127.0.0.1:8080/a/../../b")
    assert above_root.returncode == 1
    assert "answer     400 Bad Request: bad_message while following a path above the root" in above_root.stdout
    assert "PASSED OVER" not in above_root.stdout
    bad_host = shop("-service", "web", "http://a,b/")
    assert "answer     400 Bad Request: bad_message while reading the Host field" in bad_host.stdout


def test_a_request_for_a_pass_route_is_misdirected(tmp_path):
    config = tmp_path / "config.json5"
    config.write_text(json.dumps({"services": {"web": service([
        {"match": {"domain": "db.example.com"}, "action": {"type": "pass", "upstream": "10.0.0.1:443"}},
        {"match": {"domain": "*.example.com"}, "action": static()}], 8080)}}))
    code, said = explain(config, "http://db.example.com:8080/")
    assert (code, said["route"]["id"], said["refused"]["status"]) == (1, "web:0", 421)
    assert "421 Misdirected Request" in run("explain", "-c", config, "http://db.example.com:8080/").stdout
    assert explain(config, "http://x.example.com:8080/")[0] == 0


def test_a_url_that_does_not_go_with_the_service_is_told(shop, tmp_path):
    assert "           the service speaks no TLS, and the URL is https\n" in shop("https://any.test:8443/").stdout
    text = SHOP.replace('":8443",', '":8443", tls: true, tls_cert: "a.pem", tls_key: "a.key",')
    (tmp_path / "config.json5").write_text(text)
    assert "the service speaks" not in shop("https://any.test:8443/").stdout
    assert "           the service speaks TLS, and the URL is http\n" in shop("any.test:8443/").stdout


def test_the_port_decides_which_service(shop):
    assert "service    admin on :8443" in shop("https://any.test:8443/").stdout
    assert "service    local on 127.0.0.2:8080" in shop("http://127.0.0.2:8080/").stdout
    several = shop("http://api.example.com:8080/")
    assert several.returncode == 1
    assert several.stderr == ("prox: several services listen on port 8080; choose one with -service: "
                              "web (127.0.0.1:8080), local (127.0.0.2:8080)\n")
    none = shop("http://api.example.com/")
    assert none.stderr.startswith("prox: no service listens on port 80; choose one with -service: web (127.0.0.1:8080), ")
    assert "service    web on" in shop("-service", "web", "http://api.example.com/").stdout
    assert shop("-service", "wbe", "http://x/").stderr == 'prox: no service is named "wbe"; did you mean "web"?\n'


def test_the_only_service_is_taken_where_the_url_has_no_port(tmp_path):
    config = tmp_path / "config.json5"
    config.write_text(json.dumps({"services": {"web": service([{"action": static()}], 8080)}}))
    code, said = explain(config, "http://x.test/")
    assert (code, said["note"]) == (0, "no service listens on port 80; this is the only service")
    assert run("explain", "-c", config, "http://x.test:81/").returncode == 1


@pytest.mark.parametrize("args, error", [
    ((), "URL is missing"), (("ftp://x/",), "its scheme is not http or https"), (("http:///x",), "the URL has no host"),
    (("http://u@x/",), "leave the user name out of the URL"), (("http://x:1x/",), 'the port of "x:1x" is not a number'),
    (("http://x/", "http://y/"), 'unexpected argument "http://y/"'), (("http://x/", "-H", "None"), '"None" is not a field'),
    (("http://x/", "--from", "localhost"), '"localhost" is not an IP address'),
    (("http://x/", "-target", "/\r\nX: y"), "a request line cannot hold a line break"),
])
def test_questions_that_make_no_sense_exit_2(shop, args, error):
    done = shop(*args)
    assert done.returncode == 2
    assert error in done.stderr


def test_explain_needs_a_valid_config(tmp_path):
    config = tmp_path / "config.json5"
    config.write_text(SHOP.replace('"shop" },', '"shob" },'))
    for command in (["explain", "http://x/"], ["routes"]):
        done = run(*command, "-c", config)
        assert (done.returncode, done.stdout) == (1, "")
        assert 'no action is named "shob"' in done.stderr


def test_routes_for_people(tmp_path):
    (tmp_path / "config.json5").write_text(SHOP)
    done = run("routes", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == """\
web on 127.0.0.1:8080 (config.json5:3:5)
  ROUTE  DOMAIN           PATH             METHODS    ACTION    TYPE    LEADS TO                    PLACE
  web:0  any              /health, /ready  any        (inline)  static  200                         config.json5:6:9
  web:1  api.example.com  any              GET, POST  api       proxy   http://127.0.0.1:3000/base  config.json5:7:9
  web:2  cdn-*.shop.**    /a/*, /b/*       any        shop      proxy   http://127.0.0.1:4000       config.json5:8:9

admin on :8443 (config.json5:11:5)
  ROUTE    DOMAIN  PATH  METHODS  ACTION  TYPE   LEADS TO                    PLACE
  admin:0  any     any   any      api     proxy  http://127.0.0.1:3000/base  config.json5:11:41

local on 127.0.0.2:8080 (config.json5:12:5)
  ROUTE    DOMAIN  PATH  METHODS  ACTION  TYPE   LEADS TO                    PLACE
  local:0  any     any   any      api     proxy  http://127.0.0.1:3000/base  config.json5:12:50
"""


def test_conditions_that_fail_are_told_in_words(tmp_path):
    config = tmp_path / "config.json5"
    config.write_text(json.dumps({"services": {"web": service([*CONDITIONS, {"action": static()}], 8080)}}))
    code, said = explain(config, "http://x.test:8080/q?a+b=%26", "-H", "X-Env: prod", "--from", "127.0.0.2", "-X", "PUT")
    assert code == 0
    assert [passed["why"] for passed in said["passed_over"]] == [
        "field X-Env is prod, not beta*", "field X-Env is prod, and the route wants !prod",
        "there is no parameter debug, and the route wants 1", "there is no parameter debug",
        "client 127.0.0.2 is not in 10.0.0.0/8, ::1", "field Host is x.test:8080, not *:81", "method PUT is not GET"]
    assert explain(config, "http://x.test:8080/", "--from", "10.1.2.3")[1]["route"]["id"] == "web:4"
    assert explain(config, "http://x.test:8080/", "--from", "::ffff:10.1.2.3")[1]["route"]["id"] == "web:4"
    table = run("routes", "-c", config).stdout
    assert "header X-Env: beta*; no header X-Bot" in table
    assert "header X-Env: prod; parameter q: !*x*; client 127.0.0.0/8" in table


def test_routes_as_json(tmp_path):
    (tmp_path / "config.json5").write_text(SHOP)
    services = json.loads(run("routes", "-format", "json", cwd=tmp_path).stdout)
    assert [one["name"] for one in services] == ["web", "admin", "local"]
    assert services[0]["routes"][1] == {
        "id": "web:1", "domain": "api.example.com", "path": None, "methods": ["GET", "POST"], "also": [],
        "action": "api", "type": "proxy", "leads_to": "http://127.0.0.1:3000/base", "file": "config.json5", "line": 7,
        "column": 9}


def test_plugins_balancer_and_limits_of_the_route(tmp_path):
    config = tmp_path / "config.json5"
    config.write_text("""{
      plugins: { auth: { path: "./auth" }, geo: { path: "./geo" } },
      services: { web: {
        listen: ":8080", plugins: ["auth"], deny: ["10.1.0.0/16"],
        config: { read_timeout: "1m30s", write_timeout: 0, dial_timeout: "500ms", max_body_bytes: 1000 },
        routes: [ { plugins: ["geo"], balancer: { type: "leastconn", targets: ["a:1", { address: "b:1", backup: true }] },
                    speed: { download_mbps: 8, shared: true }, limit: { rate: "100/m", burst: 50 }, allow: ["10.0.0.0/8"],
                    action: { type: "proxy", upstream: "http://{target}" } } ],
      } },
    }""")
    code, said = explain(config, "http://x.test:8080/")
    assert code == 0
    route = said["route"]
    assert (route["leads_to"], route["balancer"], route["plugins"]) == (
        "http://{target}", "leastconn over a:1, b:1 (backup)", ["auth", "geo"])
    assert route["limits"] == [
        "request within 90s", "its head within 10s", "connection to the upstream within 0.5s", "its response's head within 30s", "body of 1000 bytes",
        "not from 10.1.0.0/16", "100 requests in 60s, and 50 at once, for each {client}", "only from 10.0.0.0/8",
        "download 8 Mbps, shared by all requests"]
    text = run("explain", "-c", config, "http://x.test:8080/").stdout
    assert "balancer   leastconn over a:1, b:1 (backup)\nplugins    auth; geo\nlimits     request within 90s; " in text


def test_what_is_done_to_requests_and_answers_is_told(tmp_path):
    """As the server puts it together: the route stands over the action, the action over the service."""
    config = tmp_path / "config.json5"
    config.write_text("""{
      logging: { access_log: "all.log" },
      services: { web: {
        listen: ":8080", compress: ["zstd", "gzip"], compress_min: 500, config: { read_timeout: 0 },
        response_headers: { Server: null, "X-Frame-Options": "DENY", "X-From": "service" },
        routes: [
          { match: { path: "/plain" }, compress: [], access_log: "off", action: "answer" },
          { match: { path: "/answer" }, compress: ["br"], response_headers: { "x-from": null }, action: "answer" },
          { match: { path: "/drop" }, action: { type: "drop" } },
          { action: { type: "proxy", upstream: "127.0.0.1:1", access_log: "api.log",
                      headers: { Authorization: "Bearer s3cret", Cookie: null } } },
        ],
      } },
      actions: { answer: { type: "static", status: 200, headers: { "X-From": "action", "Content-Type": "text/html" } } },
    }""")

    def told(path):
        text = run("explain", "-c", config, f"http://x.test:8080{path}").stdout
        assert "s3cret" not in text
        return [line for line in text.splitlines() if line.startswith(("fields ", "compress ", "log "))]

    assert told("/plain") == ["fields     of the response: sets Content-Type, X-Frame-Options, X-From; removes Server",
                              "log        off"]
    assert told("/answer") == ["fields     of the response: sets Content-Type, X-Frame-Options; removes Server, x-from",
                               "compress   br; bodies of 500 bytes or more", "log        all.log"]
    assert told("/drop") == ["log        off"]
    assert told("/x") == ["fields     of the request: sets Authorization; removes Cookie",
                          "fields     of the response: sets X-Frame-Options, X-From; removes Server",
                          "compress   zstd, gzip; bodies of 500 bytes or more", "log        api.log"]
    route = explain(config, "http://x.test:8080/x")[1]["route"]
    assert route["limits"][0] == "its head within 10s"
    assert (route["compress"], route["access_log"], route["request_fields"]) == (
        {"codings": ["zstd", "gzip"], "min_bytes": 500}, "api.log", {"set": ["Authorization"], "removed": ["Cookie"]})
    assert explain(config, "http://x.test:8080/plain")[1]["route"]["compress"] is None
