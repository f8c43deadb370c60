"""Proxying over HTTP/1.1: what reaches the upstream, and what comes back to the client."""

import pytest

from lib import http1
from lib.ports import free_port
from lib.prox import proxy_to, service
from lib.upstream import Echoed, answer, response_bytes, serve

HOP_BY_HOP = ["Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer",
              "Upgrade", "HTTP2-Settings"]


def test_e1_get_reaches_the_upstream_with_its_own_host(start_prox, echo):
    prox = start_prox(proxy_to(echo))
    seen = Echoed(prox.fetch("/", host="shown.test:8080"))
    assert (seen.method, seen.target, seen.version) == ("GET", "/", "1.1")
    assert seen.get("Host") == echo.address
    assert seen.get("X-Forwarded-For") == "127.0.0.1"
    assert seen.get("X-Forwarded-Host") == "shown.test:8080"
    assert seen.get("X-Forwarded-Proto") == "http"


def test_e2_forwarded_for_is_appended_over_all_lines(start_prox, echo):
    prox = start_prox(proxy_to(echo))
    one = Echoed(prox.fetch(fields=[("X-Forwarded-For", "1.2.3.4")]))
    assert one.get("X-Forwarded-For") == "1.2.3.4, 127.0.0.1"
    two = Echoed(prox.fetch(fields=[("X-Forwarded-For", "1.2.3.4"), ("x-forwarded-for", "5.6.7.8")]))
    assert two.get("X-Forwarded-For") == "1.2.3.4, 5.6.7.8, 127.0.0.1"


def test_forwarded_host_and_proto_of_a_client_are_replaced(start_prox, echo):
    prox = start_prox(proxy_to(echo))
    seen = Echoed(prox.fetch(host="a.test", fields=[
        ("X-Forwarded-Host", "evil.test"), ("X-Forwarded-Proto", "https"), ("Forwarded", "for=1.2.3.4")]))
    assert seen.get("X-Forwarded-Host") == "a.test"
    assert seen.get("X-Forwarded-Proto") == "http"
    assert seen.all("Forwarded") == []


def test_e3_configured_headers_replace_and_host_sets_the_authority(start_prox, echo):
    prox = start_prox(proxy_to(echo, headers={"hOST": "pub.example", "X-Custom": "v", "X-Gone": ""}))
    response = prox.fetch(fields=[("X-Custom", "1"), ("x-custom", "2"), ("X-Gone", "here")])
    seen = Echoed(response)
    assert seen.get("Host") == "pub.example"
    assert seen.get("X-Custom") == "v"
    assert seen.all("X-Gone") == []
    assert response.all("X-Custom") == []


def test_configured_headers_are_made_of_the_requests_fields(start_prox, echo):
    headers = {"Host": "{header.X-Tenant}.app.test", "X-Session": "{cookie.sid}", "X-Path": "{path}"}
    prox = start_prox(proxy_to(echo, headers=headers))
    seen = Echoed(prox.fetch("/a", fields=[("X-Tenant", "blue"), ("Cookie", "sid=abc"), ("X-Session", "forged")]))
    assert [seen.get(name) for name in ("Host", "X-Session", "X-Path")] == ["blue.app.test", "abc", "/a"]
    assert Echoed(prox.fetch(fields=[("X-Session", "forged")])).all("X-Session") == []
    # What is no host never becomes one.
    assert Echoed(prox.fetch(fields=[("X-Tenant", "a b/c")])).get("Host") == echo.address


def test_configured_headers_stand_over_forwarded_ones(start_prox, echo):
    prox = start_prox(proxy_to(echo, headers={"X-Forwarded-For": "set"}))
    assert Echoed(prox.fetch(fields=[("X-Forwarded-For", "1.2.3.4")])).get("X-Forwarded-For") == "set"


def test_e7_closed_port_is_502(start_prox):
    prox = start_prox(proxy_to(f"127.0.0.1:{free_port()}"))
    response = prox.fetch()
    assert (response.status, response.body) == (502, b"Bad Gateway\n")
    assert response.get("Content-Type") == "text/plain; charset=utf-8"
    assert response.get("X-Content-Type-Options") == "nosniff"


def test_502_keeps_the_client_connection(start_prox):
    prox = start_prox(proxy_to(f"127.0.0.1:{free_port()}"))
    client = prox.connect()
    assert [client.exchange().status for _ in range(3)] == [502, 502, 502]


@pytest.mark.parametrize("reply", [
    b"", b"nonsense\r\n\r\n", b"HTTP/1.1 20 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA",
], ids=["nothing", "no-status-line", "short-status", "no-colon", "bad-length", "two-lengths", "obs-fold", "nul",
        "half-head"])
def test_malformed_upstream_head_is_502(start_prox, upstream, reply):
    def script(connection):
        connection.read_request()
        connection.send(reply)
        connection.close()

    prox = start_prox(proxy_to(upstream(script)))
    client = prox.connect()
    response = client.exchange()
    assert (response.status, response.body) == (502, b"Bad Gateway\n")


def test_upstream_that_resets_before_its_answer_is_502_and_asked_once(start_prox, upstream):
    def script(connection):
        connection.read_request()
        connection.reset()

    origin = upstream(script)
    prox = start_prox(proxy_to(origin))
    assert prox.fetch().status == 502
    assert len(origin.requests) == 1


def test_upstream_name_is_resolved(start_prox, echo):
    prox = start_prox(proxy_to(f"localhost:{echo.port}"))
    assert Echoed(prox.fetch()).get("Host") == f"localhost:{echo.port}"


def test_upstream_name_that_does_not_resolve_is_502(start_prox):
    prox = start_prox(proxy_to("nowhere.invalid:80", {"dial_timeout": "8s"}))
    assert prox.fetch().status == 502


@pytest.mark.parametrize("base, target, forwarded", [
    ("", "/a%2Fb//c/../d?x=%20&y", "/a%2Fb//c/../d?x=%20&y"),
    ("", "/a%2fb/%2E?", "/a%2fb/%2E?"),
    ("/base", "/u", "/base/u"),
    ("/b/", "/u", "/b/u"),
    ("/b", "/", "/b/"),
    ("/base?x=1", "/u?y=2", "/base/u?x=1&y=2"),
    ("/base?x=1", "/u", "/base/u?x=1"),
    ("/", "/u?y=2", "/u?y=2"),
])
def test_path_is_forwarded_as_received_behind_the_base(start_prox, echo, base, target, forwarded):
    prox = start_prox(proxy_to(f"http://{echo.address}{base}"))
    assert Echoed(prox.fetch(target)).target == forwarded


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "get"])
def test_method_is_forwarded_as_received(start_prox, echo, method):
    prox = start_prox(proxy_to(echo))
    assert Echoed(prox.fetch(method=method)).method == method


def test_hop_by_hop_request_headers_are_removed(start_prox, echo):
    prox = start_prox(proxy_to(echo))
    seen = Echoed(prox.fetch(fields=[
        ("Connection", "X-Named, keep-alive"), ("connection", "x-also-named"), ("X-Named", "1"), ("X-Also-Named", "2"),
        ("X-Kept", "3"), *((name, "value") for name in HOP_BY_HOP)]))
    for name in ["X-Named", "X-Also-Named", *HOP_BY_HOP]:
        assert seen.all(name) == [], name
    assert seen.get("X-Kept") == "3"
    assert set(seen.tokens("Connection")) <= {"keep-alive"}


def test_te_trailers_is_kept(start_prox, echo):
    prox = start_prox(proxy_to(echo))
    assert Echoed(prox.fetch(fields=[("TE", "trailers"), ("Connection", "TE")])).tokens("TE") == ["trailers"]
    assert Echoed(prox.fetch(fields=[("TE", "gzip, trailers;q=0.5"), ("Connection", "TE")])).all("TE") in ([], ["trailers"])


def test_hop_by_hop_response_headers_are_removed(start_prox, upstream):
    fields = [("Connection", "X-Named, keep-alive"), ("X-Named", "1"), ("X-Kept", "2"),
              ("Keep-Alive", "timeout=5"), ("Proxy-Authenticate", "Basic"), ("Proxy-Connection", "x"), ("Upgrade", "x/1")]
    prox = start_prox(proxy_to(upstream(answer(fields=fields))))
    response = prox.fetch()
    for name in ["X-Named", "Keep-Alive", "Proxy-Authenticate", "Proxy-Connection", "Upgrade"]:
        assert response.all(name) == [], name
    assert response.get("X-Kept") == "2"


def test_end_to_end_headers_pass_both_ways(start_prox, upstream):
    origin = upstream(answer(fields=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Empty", ""), ("X-High", "caf\xe9")]))
    prox = start_prox(proxy_to(origin))
    response = prox.fetch(fields=[("Cookie", "c=3"), ("Accept-Encoding", "br"), ("X-Empty", ""), ("X-High", "caf\xe9")])
    assert response.all("Set-Cookie") == ["a=1", "b=2"]
    assert response.get("X-Empty") == ""
    assert response.get("X-High") == "caf\xe9"
    seen = origin.wait_request()
    assert [seen.get(name) for name in ("Cookie", "Accept-Encoding", "X-Empty", "X-High")] == ["c=3", "br", "", "caf\xe9"]


def test_nothing_is_invented(start_prox, upstream):
    origin = upstream(answer())
    prox = start_prox(proxy_to(origin))
    response = prox.fetch()
    assert response.all("Server") == response.all("Via") == []
    for name in ("User-Agent", "Accept", "Accept-Encoding", "Via", "Content-Length", "Transfer-Encoding"):
        assert origin.requests[0].all(name) == [], name


def test_date_is_added_only_when_missing(start_prox, upstream):
    date = "Sun, 06 Nov 1994 08:49:37 GMT"
    origin = upstream(serve(lambda request: response_bytes(fields=[("Date", date)] if request.target == "/own" else [])))
    prox = start_prox(proxy_to(origin))
    assert prox.fetch("/own").all("Date") == [date]
    added = prox.fetch("/none").get("Date")
    assert added.endswith(" GMT") and len(added) == len(date)


@pytest.mark.parametrize("status, reason", [(200, "Scripted"), (404, "Scripted"), (500, "Scripted"), (299, "Scripted")])
def test_status_passes(start_prox, upstream, status, reason):
    response = start_prox(proxy_to(upstream(answer(b"body", status)))).fetch()
    assert (response.status, response.reason, response.body) == (status, reason, b"body")


def test_routes_share_a_service_and_go_to_different_upstreams(start_prox, upstream):
    a, b = upstream(answer(b"A")), upstream(answer(b"B"))
    config = {
        "services": {"web": service([
            {"match": {"domain": "api.test.example"}, "action": "a"},
            {"match": {"domain": "web.test.example"}, "action": "b"},
            {"action": {"type": "static", "status": 404}},
        ])},
        "actions": {"a": {"type": "proxy", "upstream": a.address}, "b": {"type": "proxy", "upstream": b.address}},
    }
    prox = start_prox(config)
    assert prox.fetch(host="api.test.example").body == b"A"
    assert prox.fetch(host="web.test.example").body == b"B"
    assert prox.fetch(host="other.example").status == 404


def test_e5_methods_choose_between_actions(start_prox, upstream):
    a, b = upstream(answer(b"A")), upstream(answer(b"B"))
    prox = start_prox({
        "services": {"web": service([
            {"match": {"path": "/api/*", "methods": ["GET"]}, "action": "a"},
            {"match": {"path": "/api/*", "methods": ["POST"]}, "action": {"type": "static", "status": 405}},
            {"action": "b"},
        ])},
        "actions": {"a": {"type": "proxy", "upstream": a.address}, "b": {"type": "proxy", "upstream": b.address}},
    })
    assert prox.fetch("/api/x").body == b"A"
    assert prox.fetch("/api/x", "POST").status == 405
    assert prox.fetch("/api/x", "PUT").body == b"B"
    assert prox.fetch("/o").body == b"B"


def test_absolute_form_is_a_forward_proxy_request_and_404(start_prox, upstream):
    origin = upstream(answer())
    prox = start_prox(proxy_to(origin))
    assert prox.fetch("http://evil.test/", host="evil.test").status == 404
    assert prox.fetch("https://evil.test/x?y", host="other.test").status == 404
    assert origin.connections == []


@pytest.mark.parametrize("head", [
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a.test\r\nHost: a.test\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a.test/b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a.test b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a.test:port\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a.test, b.test\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: user@a.test\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
    "GET / HTTP/1.0\r\nHost: a.test\r\nHost: b.test\r\n\r\n",
], ids=["missing", "twice", "path", "space", "port-word", "list", "userinfo", "open-bracket", "twice-1.0"])
def test_bad_host_is_400_and_closes(start_prox, upstream, head):
    origin = upstream(answer())
    client = start_prox(proxy_to(origin)).connect()
    client.send(head.encode())
    assert client.read_response().status == 400
    client.assert_closed()
    assert origin.connections == []


def test_http_1_0_needs_no_host(start_prox, echo):
    prox = start_prox(proxy_to(echo))
    seen = Echoed(prox.fetch(version="1.0", host=None))
    assert (seen.version, seen.get("Host")) == ("1.1", echo.address)
    assert seen.all("X-Forwarded-Host") in ([], [""])


@pytest.mark.parametrize("host", ["[::1]", "[::1]:8080", "a.test.", "10.0.0.1:1", "A.TEST"])
def test_unusual_hosts_are_accepted(start_prox, echo, host):
    assert Echoed(start_prox(proxy_to(echo)).fetch(host=host)).get("X-Forwarded-Host") == host


def test_bytes_after_an_error_are_not_taken_for_a_request(start_prox, upstream):
    origin = upstream(answer())
    client = start_prox(proxy_to(origin)).connect()
    client.send(b"BAD\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n")
    assert client.read_response().status == 400
    client.assert_closed()
    assert origin.connections == []


def test_http_versions(start_prox, echo):
    prox = start_prox(proxy_to(echo))
    for version, status in [("1.0", 200), ("1.1", 200), ("2.0", 505), ("1.2", 505), ("0.9", 505)]:
        client = prox.connect()
        client.send(f"GET / HTTP/{version}\r\nHost: a.test\r\n\r\n".encode())
        assert client.read_response().status == status, version


def test_preserve_host_sends_the_clients(start_prox, echo):
    prox = start_prox(proxy_to(echo, preserve_host=True))
    assert Echoed(prox.fetch(host="client.test:81")).get("Host") == "client.test:81"


def test_reply_that_comes_in_single_bytes_is_put_together(start_prox, upstream):
    def script(connection):
        connection.read_request()
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        for byte in head + http1.encode_chunked([b"abc"], [("T", "v")]):
            connection.send(bytes([byte]))

    response = start_prox(proxy_to(upstream(script))).fetch()
    assert (response.body, response.trailers) == (b"abc", [("T", "v")])
