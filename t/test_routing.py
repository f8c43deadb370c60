"""Routing through the real server: the tables of domains, paths, order and methods."""

from lib.prox import service, static

CAPTURES = "[{match.domain}][{match.glob}][{match.path}]"

# (pattern, host) -> "captures/glob", or None for no match.
DOMAINS = [
    ("example.com", "example.com", "/"),
    ("example.com", "example.com:443", "/"),
    ("example.com", "EXAMPLE.COM", "/"),
    ("Example.Com", "example.com", "/"),
    ("example.com", "sub.example.com", None),
    ("example.com", "other.com", None),
    ("example.com", "example.com.", "/"),
    ("example.com", "example.com.:8080", "/"),
    ("*.myapp.dev", "sub.myapp.dev", "sub/"),
    ("*.myapp.dev", "SUB.myapp.dev:443", "sub/"),
    ("*.myapp.dev", "myapp.dev", None),
    ("*.myapp.dev", "deep.sub.myapp.dev", None),
    ("test.*.myapp.dev", "test.staging.myapp.dev", "staging/"),
    ("test.*.myapp.dev", "test.a.b.myapp.dev", None),
    ("test.*.myapp.dev", "other.staging.myapp.dev", None),
    ("*.*.myapp.dev", "a.b.myapp.dev", "a.b/"),
    ("*.*.myapp.dev", "a.myapp.dev", None),
    ("*.*.myapp.dev", "a.b.c.myapp.dev", None),
    ("*.storage.**", "cdn.storage.example.com", "cdn/example.com"),
    ("*.storage.**", "test.storage.a.b.c.dev", "test/a.b.c.dev"),
    ("*.storage.**", "storage.example.com", None),
    ("*.storage.**", "files.storage", None),
    ("*.storage.**", "files.cdn.example.com", None),
    ("*.*.storage.**", "x.y.storage.a.b", "x.y/a.b"),
    ("catchall.**", "catchall", None),
    ("catchall.**", "catchall.a.b.c.d", "/a.b.c.d"),
    ("catchall.**", "other.example.com", None),
    ("cdn-*.example.com", "cdn-us.example.com", "us/"),
    ("cdn-*.example.com", "CDN-Asia-Pacific.example.com", "asia-pacific/"),
    ("cdn-*.example.com", "cdn.example.com", None),
    ("cdn-*.example.com", "cdn-.example.com", "/"),
    ("cdn-*.example.com", "web-us.example.com", None),
    ("cdn-*.example.com", "cdn-us.other.com", None),
    ("*-prod.example.com", "api-prod.example.com", "api/"),
    ("*-prod.example.com", "-prod.example.com", "/"),
    ("*-prod.example.com", "prod.example.com", None),
    ("app-*-v2.example.com", "app-api-v2.example.com", "api/"),
    ("app-*-v2.example.com", "app--v2.example.com", "/"),
    ("app-*-v2.example.com", "app-v2.example.com", None),
    ("app-*-v2.example.com", "app-api-v3.example.com", None),
    ("cdn-*.**", "cdn-us.a.b", "us/a.b"),
    ("cdn-*.**", "cdn-us", None),
    ("*.**", "a.b", "a/b"),
    ("*.**", "localhost", None),
    ("*.**", "10.0.0.1:80", "10/0.0.1"),
    ("*.**", "[::1]:8080", None),
    ("*.*.*.*", "10.0.0.1", "10.0.0.1/"),
    ("a*b.example.com", "ab.example.com", "/"),
    ("aa*a.example.com", "aa.example.com", None),
]

# (path of the match, target) -> the item that matched, None for 404, or 400.
PATHS = [
    ("/styles.css", "/styles.css", "/styles.css"),
    ("/styles.css", "/styles.css?v=2", "/styles.css"),
    ("/styles.css", "/styles.css/", None),
    ("/styles.css", "/Styles.css", None),
    ("/api/*", "/api/", "/api/*"),
    ("/api/*", "/api/users/123", "/api/*"),
    ("/api/*", "/api//x", "/api/*"),
    ("/api/*", "/api", None),
    ("/api/*", "/apix/y", None),
    ("/api/*", "/API/x", None),
    ("/api/*", "/api%2Fx", "/api/*"),
    ("/api", "/api/", None),
    ("/API/*", "/api/x", None),
    ("/*", "/", "/*"),
    ("/*", "//", "/*"),
    ("/*", "/x?/../..", "/*"),
    ("/*", "/..", 400),
    ("/*", "/a/../../b", 400),
    ("/*", "/%2e%2e/b", 400),
    ("/*", "/%zz", 400),
    ("/*", "/%2", 400),
    ("/*", "/%00", 400),
    ("/a/*, /b ,/c/*", "/b", "/b"),
    ("/a/*, /b ,/c/*", "/c/x", "/c/*"),
    ("/a/*, /b ,/c/*", "/b/", None),
    ("/a/*, /b ,/c/*", "/a", None),
    ("/a b", "/a%20b", "/a b"),
    ("/a b/*", "/a%20b/c", "/a b/*"),
    ("/static/*", "/static/../admin", None),
    ("/static/*", "/static/./x", "/static/*"),
    ("/static/*", "/static/..", None),
    ("/admin", "/static/%2e%2e/admin", "/admin"),
    ("/admin/*", "/static/../admin/x", "/admin/*"),
    ("/admin/*", "/static/%2e%2e/admin/x", "/admin/*"),
    ("/x", "/x?y=1", "/x"),
    ("/", "//", None),
    ("/a/*", "/a//b", "/a/*"),
    ("/caf\u00e9", "/caf%C3%A9", "/caf\u00e9"),
]


# Five routes, and which of them takes (method, target, host); None for 404.
ORDER = [
    {"match": {"path": "/api/special"}, "action": static("R0")},
    {"match": {"path": "/api/*", "methods": ["GET", "HEAD"]}, "action": static("R1")},
    {"match": {"domain": "api.example.com", "path": "/v1/*"}, "action": static("R2")},
    {"match": {"domain": "api.example.com"}, "action": static("R3")},
    {"match": {"path": "/*", "methods": ["post"]}, "action": static("R4")},
]
ORDERED = [
    ("GET", "/api/special", "any.test", "R0"), ("POST", "/api/special", "any.test", "R0"),
    ("GET", "/api/x", "x.test", "R1"), ("DELETE", "/api/x", "api.example.com", "R3"),
    ("DELETE", "/api/x", "x.test", None), ("GET", "/v1/a", "api.example.com:8080", "R2"),
    ("GET", "/v2/a", "API.EXAMPLE.COM", "R3"), ("POST", "/z", "x.test", "R4"), ("get", "/z", "x.test", None),
    ("GET", "http://api.example.com/v1/a", "api.example.com", None),
]


def one_service_for_each(matches):
    """A config with a service for each match, all with the same answer, and their ports."""
    services = {f"s{number}": service([{"match": match, "action": static(CAPTURES)}])
                for number, match in enumerate(matches)}
    ports = [int(one["listen"].rpartition(":")[2]) for one in services.values()]
    return {"services": services, "process": {"workers": 1}}, ports


def test_domain_table(start_prox):
    patterns = sorted({pattern for pattern, *_ in DOMAINS})
    config, ports = one_service_for_each([{"domain": pattern} for pattern in patterns])
    prox = start_prox(config)
    wrong = []
    for pattern, host, expected in DOMAINS:
        response = prox.fetch(host=host, port=ports[patterns.index(pattern)])
        found = response.body.decode() if response.status == 200 else response.status
        wanted = 404 if expected is None else "[{}][{}][]".format(*expected.split("/"))
        if found != wanted:
            wrong.append((pattern, host, wanted, found))
    assert not wrong


def test_path_table(start_prox):
    paths = sorted({path for path, *_ in PATHS})
    config, ports = one_service_for_each([{"path": path} for path in paths])
    prox = start_prox(config)
    wrong = []
    for path, target, expected in PATHS:
        response = prox.fetch(target, port=ports[paths.index(path)])
        found = response.body.decode() if response.status == 200 else response.status
        wanted = f"[][][{expected}]" if isinstance(expected, str) else expected or 404
        if found != wanted:
            wrong.append((path, target, wanted, found))
    assert not wrong


def test_first_match_in_config_order_wins(start_prox):
    prox = start_prox({"services": {"web": service(ORDER)}})
    for method, target, host, winner in ORDERED:
        response = prox.fetch(target, method, host=host)
        wanted = (200, winner.encode()) if winner else (404, b"Not Found\n")
        assert (response.status, response.body) == wanted, (method, target)
    assert prox.fetch("/api/x", "HEAD").status == 200


def test_a_broad_route_before_a_narrow_one_wins(start_prox):
    prox = start_prox({"services": {"web": service([
        {"match": {"domain": "*.example.com"}, "action": static("wildcard")},
        {"match": {"domain": "api.example.com"}, "action": static("exact")},
        {"match": {"path": "/a/*"}, "action": static("prefix")},
        {"match": {"path": "/a/b/*"}, "action": static("longer prefix")},
        {"match": {"path": "/a/b/c"}, "action": static("exact path")},
    ])}})
    assert prox.fetch(host="api.example.com").body == b"wildcard"
    assert prox.fetch("/a/b/c", host="x.test").body == b"prefix"


def test_e6_no_route_is_404(start_prox):
    client = start_prox({"services": {"web": service([{"match": {"path": "/known"}, "action": static()}])}}).connect()
    response = client.exchange(target="/x")
    assert (response.status, response.reason, response.body) == (404, "Not Found", b"Not Found\n")
    assert response.get("Content-Type") == "text/plain; charset=utf-8"
    assert response.get("X-Content-Type-Options") == "nosniff"
    head = client.exchange("HEAD", "/x")
    assert (head.status, head.get("Content-Length")) == (404, "10")
    assert client.exchange(target="/known").status == 200


def test_routes_without_a_domain_take_every_host(start_prox):
    prox = start_prox({"services": {"web": service([{"match": {"path": "/*"}, "action": static("any")}])}})
    for host in ("[::1]", "[::1]:80", "localhost", "x.test."):
        assert prox.fetch(host=host).body == b"any", host
    assert prox.fetch(host=None, version="1.0").body == b"any"
    assert prox.fetch(host="", version="1.0").body == b"any"


def test_routes_with_a_domain_take_no_empty_host(start_prox):
    prox = start_prox({"services": {"web": service([{"match": {"domain": "*.**"}, "action": static("named")}])}})
    assert prox.fetch(host=None, version="1.0").status == 404
    assert prox.fetch(host="a..b").status in (400, 404)


def test_connect_has_no_path(start_prox):
    prox = start_prox({"services": {"web": service([
        {"match": {"path": "/*"}, "action": static("path")},
        {"match": {"domain": "tunnel.test", "methods": ["CONNECT"]}, "action": static("domain", status=403)},
    ])}})
    assert prox.fetch("other.test:443", "CONNECT", host="other.test:443").status == 404
    assert prox.fetch("tunnel.test:443", "CONNECT", host="tunnel.test:443").status == 403


def test_many_routes_keep_their_order(start_prox):
    routes = [{"match": {"domain": f"host{number}.test", "path": f"/{number}/*"}, "action": static(str(number))}
              for number in range(2000)]
    prox = start_prox({"services": {"web": service([*routes, {"action": static("rest")}])}, "process": {"workers": 1}})
    client = prox.connect()
    for number in (0, 1, 999, 1999):
        assert client.exchange(target=f"/{number}/x", host=f"host{number}.test").body == str(number).encode()
    assert client.exchange(target="/1/x", host="host2.test").body == b"rest"


# Routes with conditions on fields, query and client; each behind the one before, so that the first that fits wins.
CONDITIONS = [{"match": match, "action": static(f"C{number}")} for number, match in enumerate([
    {"path": "/*", "headers": {"X-Env": "beta*", "X-Bot": False}},
    {"path": "/*", "headers": {"X-Env": "!prod", "Cookie": True}},
    {"path": "/q", "query": {"debug": "1"}},
    {"path": "/q", "query": {"debug": True, "a b": "*&*"}},
    {"path": "/*", "client": ["10.0.0.0/8", "::1"]},
    {"headers": {"Host": "*:81"}},
    {"path": "/*", "methods": ["GET"], "client": ["127.0.0.0/8"], "query": {"q": "!*x*"}, "headers": {"X-Env": "prod"}},
])]
# (target, fields, host, winner)
CONDITIONED = [
    ("/", [("x-env", "beta1")], "x.test", "C0"), ("/", [("X-Env", "dev"), ("X-Env", "beta")], "x.test", "C0"),
    ("/", [("X-Env", "beta1"), ("X-Bot", "")], "x.test", None),
    ("/", [("X-Env", "beta1"), ("X-Bot", ""), ("Cookie", "a=b")], "x.test", "C1"), ("/", [("Cookie", "")], "x.test", "C1"),
    ("/", [("Cookie", ""), ("X-Env", "prod")], "x.test", "C6"), ("/", [("X-Env", "a beta")], "x.test", None),
    ("/q?debug=1", [], "x.test", "C2"), ("/q?debug=0&debug=%31", [], "x.test", "C2"), ("/q?Debug=1", [], "x.test", None),
    ("/q?debug&a+b=%26", [], "x.test", "C3"), ("/q?debug&a%20b=c", [], "x.test", None), ("/q?debug", [], "x.test", None),
    ("/", [], "x.test:81", "C5"), ("/", [], "x.test", None), ("/?q=a", [("X-Env", "prod")], "x.test", "C6"),
    ("/?q=axb", [("X-Env", "prod")], "x.test", None),
]


def test_conditions_on_fields_query_and_client(start_prox):
    prox = start_prox({"services": {"web": service(CONDITIONS)}})
    for target, fields, host, winner in CONDITIONED:
        response = prox.fetch(target, fields=fields, host=host)
        wanted = (200, winner.encode()) if winner else (404, b"Not Found\n")
        assert (response.status, response.body) == wanted, (target, fields)
