"""A line for each request, in the file that its route, its action or `logging` names, and on the console."""

import itertools
import os
import re

import pytest

from lib import http1, websocket
from lib.hello import client_hello
from lib.http2 import H2Client
from lib.ports import blackhole_port, free_port
from lib.prox import DidNotStart, logged, proxy_to, run, service, static, static_site
from lib.tls import TlsClient, tls_site
from lib.upstream import answer, never_answers, response_bytes
from lib.waits import Stopwatch, wait_until_still

PEER_FIELDS = ["ts", "service", "method", "path", "status", "duration_ms", "bytes_out", "client_ip"]
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def routes_site(*routes, **more):
    return {"services": {"web": service(list(routes))}, **more}


# What a line says


def test_a_static_answer(start_prox):
    prox = start_prox(logged(static_site("hello")))
    prox.fetch("/a%20b?secret=1", fields=[("User-Agent", "curl/8"), ("Authorization", "Bearer hidden")])
    (line,) = prox.wait_lines()
    assert list(line) == [*PEER_FIELDS, "user_agent", "route", "action", "host", "proto"]
    assert STAMP.fullmatch(line["ts"])
    assert 0 < line["duration_ms"] < 5000
    del line["ts"], line["duration_ms"]
    assert line == {"service": "web", "method": "GET", "path": "/a%20b", "status": 200, "bytes_out": 5,
                    "client_ip": "127.0.0.1", "user_agent": "curl/8", "route": "web:0", "action": "_inline_web_0",
                    "host": "prox.test", "proto": "HTTP/1.1"}
    text = (prox.directory / "access.log").read_text() + prox.log()
    assert "secret" not in text and "hidden" not in text
    assert os.stat(prox.directory / "access.log").st_mode & 0o777 == 0o644


def test_a_proxied_request(start_prox, upstream):
    origin = upstream(answer(b"twelve bytes", 203))
    prox = start_prox(logged(proxy_to(origin)))
    with prox.connect() as client:
        client.exchange("POST", "/x", body=b"12345")
        client.exchange("GET", "/y")
    first, second = prox.wait_lines(2)
    assert (first["method"], first["path"], first["status"], first["bytes_in"], first["bytes_out"]) == ("POST", "/x", 203, 5, 12)
    assert (first["upstream"], first["upstream_status"]) == (origin.address, 203)
    assert 0 < first["upstream_connect_ms"] <= first["upstream_ms"] <= first["duration_ms"]
    assert "bytes_in" not in second
    assert "upstream_connect_ms" not in second, "the connection was kept"
    assert second["ts"] > first["ts"]


def test_a_shared_connection_counts_for_the_request_that_it_was_made_for(start_prox):
    port = free_port()
    prox = start_prox(logged({"services": {
        "web": service([{"action": {"type": "proxy", "upstream": f"127.0.0.1:{port}", "proto": "h2"}}]),
        "app": service([{"action": static(), "access_log": "off"}], port)}, "process": {"workers": 1}}))
    for target in ["/first", "/second"]:
        assert prox.fetch(target).status == 200
    first, second = prox.wait_lines(2)
    assert 0 < first["upstream_connect_ms"] <= first["upstream_ms"]
    assert "upstream_connect_ms" not in second and second["upstream_ms"] > 0


def test_http_1_0_and_a_head_request(start_prox):
    prox = start_prox(logged(static_site("hello")))
    prox.fetch("/old", version="1.0")
    prox.fetch("/head", method="HEAD")
    assert prox.wait_line(path="/old")["proto"] == "HTTP/1.0"
    assert prox.wait_line(path="/head")["bytes_out"] == 0


def test_http2(start_prox, upstream):
    origin = upstream(answer(b"hello"))
    prox = start_prox(logged(proxy_to(origin)))
    client = prox.connect_h2()
    streams = [client.begin("POST", f"/{number}", [("user-agent", "h2")], ends=False) for number in range(3)]
    for stream in streams:
        client.send_data(stream, b"1234567", ends=True)
    for stream in streams:
        assert client.read_response(stream).body == b"hello"
    lines = prox.wait_lines(3)
    assert sorted(line["path"] for line in lines) == ["/0", "/1", "/2"]
    for line in lines:
        assert (line["proto"], line["user_agent"], line["host"]) == ("HTTP/2", "h2", "prox.test")
        assert (line["status"], line["bytes_in"], line["bytes_out"], line["upstream"]) == (200, 7, 5, origin.address)


@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
def test_tls_has_its_version(start_prox, ca, protocol):
    prox = start_prox(logged(tls_site(ca.issue("localhost"), [{"action": static()}])))
    context = ca.client_context()
    context.set_alpn_protocols([protocol])
    with TlsClient(prox.port, context, "localhost") as tls:
        if protocol == "h2":
            with H2Client(prox.port, sock=tls.socket) as client:
                client.fetch("/tls", scheme="https")
        else:
            tls.exchange(target="/tls")
    assert prox.wait_line(path="/tls")["tls"] == "TLSv1.3"


def test_every_kind_of_answer_has_a_line(start_prox, public):
    (public / "page.html").write_text("<p>page")
    prox = start_prox(logged(routes_site(
        {"match": {"path": "/static"}, "action": static()},
        {"match": {"path": "/page.html"}, "action": {"type": "serve", "root": str(public)}},
        {"match": {"path": "/moved"}, "action": {"type": "redirect", "to": "https://a.test/"}},
        {"match": {"path": "/drop"}, "action": {"type": "drop", "mode": "close"}},
        {"match": {"path": "/gone/*"}, "action": {"type": "serve", "root": str(public)}},
    )))
    for target in ["/static", "/page.html", "/moved", "/gone/x", "/none"]:
        prox.fetch(target)
    with pytest.raises(http1.Truncated):
        prox.fetch("/drop")
    with prox.connect() as client:
        client.send(b"GET /bad HTTP/1.1\r\nHost: a\r\nBad Field: x\r\n\r\n")
        assert client.read_response().status == 400
    prox.fetch("/static?last")
    lines = prox.wait_lines(7)
    assert {(line["path"], line["status"], line.get("error"), line.get("route")) for line in lines} == {
        ("/static", 200, None, "web:0"), ("/page.html", 200, None, "web:1"), ("/moved", 308, None, "web:2"),
        ("/gone/x", 404, "not_found", "web:4"), ("/none", 404, "no_route", None), ("/bad", 400, "bad_request", None)}
    assert prox.wait_line(path="/page.html")["bytes_out"] == 7
    assert len(prox.json_log()) == 7


def test_queries_are_shown_where_they_are_asked_for(start_prox):
    prox = start_prox(logged(static_site(), query=True))
    prox.fetch("/x?a=1&b=%22")
    assert prox.wait_line(path="/x")["query"] == "a=1&b=%22"


def test_bytes_that_are_no_text_become_json_all_the_same(start_prox):
    prox = start_prox(logged(static_site()))
    with prox.connect() as client:
        client.send(b"GET /%00\"\\x HTTP/1.1\r\nHost: a.test\r\nUser-Agent: \"\xff\xfe\\n\t\xc3\xa9\r\n\r\n")
        client.read_response()
    (line,) = prox.wait_lines()
    assert line["user_agent"] == "\"\ufffd\ufffd\\n\t\u00e9"


def test_the_end_of_a_slow_download_is_the_end_of_the_line(start_prox, public):
    (public / "large").write_bytes(bytes(8 << 20))
    prox = start_prox(logged(routes_site({"action": {"type": "serve", "root": str(public)}})))
    client = prox.connect(receive_buffer=4096)
    client.send_request(target="/large")
    client.read_head()
    assert wait_until_still(lambda: len(prox.json_log()), 0.5) == 0
    client.stream.read_exactly(8 << 20)
    line = prox.wait_line(path="/large")
    assert line["bytes_out"] == 8 << 20
    assert line["duration_ms"] >= 500
    assert "error" not in line


# What went wrong


def resets(connection):
    connection.read_request()
    connection.reset()


def closes(connection):
    connection.read_request()
    connection.close()


def talks_nonsense(connection):
    connection.read_request()
    connection.send(b"220 mail.test ESMTP\r\n")
    connection.wait_closed()


def breaks_off(connection):
    connection.read_request()
    connection.send(response_bytes(b"x" * 100)[:-50])
    connection.close()


@pytest.mark.parametrize("script, status, error", [
    (resets, 502, "upstream_reset"), (closes, 502, "upstream_closed"), (talks_nonsense, 502, "upstream_malformed"),
    (never_answers, 504, "header_timeout"), (breaks_off, 200, "upstream_closed")])
def test_what_an_upstream_does_wrong(start_prox, upstream, script, status, error):
    origin = upstream(script)
    prox = start_prox(logged(proxy_to(origin, {"response_header_timeout": "300ms"})))
    with prox.connect() as client:
        client.send_request()
        client.read_until_closed() if status == 200 else client.read_response()
    line = prox.wait_line(status=status)
    assert line["error"] == error
    assert line["upstream"] == origin.address
    assert line.get("upstream_status") == (200 if status == 200 else None)


def test_an_upstream_that_cannot_be_reached(start_prox):
    dead = f"127.0.0.1:{free_port()}"
    with blackhole_port() as silent:
        prox = start_prox(logged(routes_site(
            {"match": {"path": "/refused"}, "action": {"type": "proxy", "upstream": dead}},
            {"match": {"path": "/silent"},
             "action": {"type": "proxy", "upstream": f"127.0.0.1:{silent}", "timeout": "300ms"}},
            {"match": {"path": "/unknown"}, "action": {"type": "proxy", "upstream": "no-such-host.invalid:80"}})))
        for target in ["/refused", "/silent", "/unknown"]:
            prox.fetch(target)
    assert prox.wait_line(path="/refused", status=502, upstream=dead)["error"] == "connect_refused"
    assert prox.wait_line(path="/silent", status=504)["error"] == "connect_timeout"
    assert prox.wait_line(path="/unknown", status=502)["error"] == "resolve_failed"


def test_a_request_that_is_sent_once_more(start_prox, upstream):
    served = itertools.count()

    def stale(connection):
        """Its first connection answers once, and ends with the next request."""
        connection.read_request()
        connection.send(response_bytes(b"1"))
        if next(served) == 0:
            connection.read_head()
            connection.close()
        else:
            connection.wait_closed()

    prox = start_prox(logged({**proxy_to(upstream(stale)), "process": {"workers": 1}}))
    for target in ["/first", "/again"]:
        assert prox.fetch(target).status == 200
    assert "retries" not in prox.wait_line(path="/first")
    assert prox.wait_line(path="/again", status=200)["retries"] == 1


@pytest.mark.parametrize("how, error", [("close", "client_closed"), ("reset", "client_reset")])
def test_a_client_that_leaves_before_the_answer_is_499(start_prox, upstream, how, error):
    origin = upstream(never_answers)
    prox = start_prox(logged(proxy_to(origin)))
    client = prox.connect()
    client.send_request(target="/left")
    origin.wait_request()
    getattr(client, how)()
    line = prox.wait_line(path="/left")
    assert (line["status"], line["error"], line["bytes_out"]) == (499, error, 0)
    assert "upstream_status" not in line


def test_a_stream_that_is_reset_before_the_answer_is_499(start_prox, upstream):
    origin = upstream(never_answers)
    prox = start_prox(logged(proxy_to(origin)))
    client = prox.connect_h2()
    stream = client.begin("GET", "/left", ends=True)
    origin.wait_request()
    client.reset(stream)
    line = prox.wait_line(path="/left")
    assert (line["status"], line["error"]) == (499, "client_reset")


def test_a_client_that_leaves_in_the_middle(start_prox, public):
    (public / "large").write_bytes(bytes(32 << 20))
    prox = start_prox(logged(routes_site({"action": {"type": "serve", "root": str(public)}})))
    client = prox.connect(receive_buffer=4096)
    client.send_request(target="/large")
    client.read_head()
    client.reset()
    line = prox.wait_line(path="/large")
    assert (line["status"], line["error"]) == (200, "client_reset")
    assert line["bytes_out"] < 32 << 20


@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
def test_a_client_that_does_not_read(start_prox, public, protocol):
    (public / "large").write_bytes(bytes(32 << 20))
    prox = start_prox(logged({"services": {"web": service([{"action": {"type": "serve", "root": str(public)}}],
                                                          config={"write_timeout": "500ms"})}}))
    if protocol == "h2":
        client = prox.connect_h2(reads_all=False)
        client.begin("GET", "/large", ends=True)
    else:
        client = prox.connect(receive_buffer=4096)
        client.send_request(target="/large")
    line = prox.wait_line(path="/large")
    assert (line["status"], line["error"]) == (200, "write_timeout")
    assert line["bytes_out"] < 32 << 20


def test_a_client_that_does_not_read_the_last_bytes(start_prox, upstream):
    """All of the response has been made, and some of it waits in prox: it has not been sent."""
    body = bytes(8 << 20)
    prox = start_prox(logged(proxy_to(upstream(answer(body)), {"write_timeout": "700ms"})))
    client = prox.connect(receive_buffer=4096)
    client.send_request(target="/large")
    line = prox.wait_line(path="/large")
    assert (line["status"], line["error"]) == (200, "write_timeout")
    assert line["bytes_out"] < len(body)


def test_requests_that_do_not_come_whole(start_prox):
    settings = {"read_timeout": "300ms", "max_header_bytes": 1024, "max_body_bytes": 10}
    prox = start_prox(logged(static_site(settings=settings)))
    for bytes_sent in [b"GET /slow HTTP/1.1\r\nHost: a.te", b"GET /large HTTP/1.1\r\nX: " + b"x" * 2000,
                       b"POST /body HTTP/1.1\r\nHost: a.test\r\nContent-Length: 11\r\n\r\n"]:
        with prox.connect() as client:
            client.send(bytes_sent)
            client.read_until_closed()
    assert prox.wait_line(status=408)["error"] == "read_timeout"
    assert prox.wait_line(path="/large")["error"] == "head_too_large"
    assert prox.wait_line(path="/body")["error"] == "body_too_large"
    prox.connect().close()
    with prox.connect() as client:
        client.send(b"GET /never HTTP")
    assert wait_until_still(lambda: len(prox.json_log()), 0.3) == 3, "a head that never was is no request"


# Tunnels and relays


def test_a_tunnel_has_one_line_when_it_is_over(start_prox, started):
    server = websocket.EchoServer()
    started.append(server)
    prox = start_prox(logged(proxy_to(f"ws://{server.address}")))

    async def session():
        async with websocket.connect(f"ws://127.0.0.1:{prox.port}/chat") as socket:
            await socket.send(b"x" * 100_000)
            assert len(await socket.recv()) == 100_000
            assert prox.json_log() == []

    with Stopwatch() as watch:
        websocket.run(session())
    server.stop()
    (line,) = prox.wait_lines()
    assert (line["path"], line["status"], line["upstream_status"]) == ("/chat", 101, 101)
    assert line["bytes_in"] > 100_000 and line["bytes_out"] > 100_000
    assert line["upstream_ms"] < line["duration_ms"] <= watch.seconds * 1000 + 200
    assert "error" not in line


def test_a_tunnel_over_http2_is_200(start_prox, started):
    server = websocket.EchoServer()
    started.append(server)
    prox = start_prox(logged(proxy_to(f"ws://{server.address}")))
    client = prox.connect_h2()
    client.settle()
    stream = client.begin_with([(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/chat"),
                                (":authority", "prox.test"), ("sec-websocket-version", "13")], ends=False)
    client.send_data(stream, websocket.frame(b"hello"))
    client.read_until(lambda: client.responses[stream].body, what="the echo")
    client.reset(stream)
    line = prox.wait_line(path="/chat")
    server.stop()
    assert (line["status"], line["upstream_status"], line["error"]) == (200, 101, "client_reset")
    assert line["bytes_in"] == 11 and line["bytes_out"] == 7


def pass_site(upstream, **more):
    return routes_site({"match": {"domain": "*.cdn.test"}, "action": {"type": "pass", "upstream": upstream}, **more})


def test_a_relay_has_one_line(start_prox, upstream):
    def answers(connection):
        connection.stream.read_exactly(len(hello))
        connection.send(b"six by")
        connection.wait_closed()
        connection.close()

    hello = client_hello("a.cdn.test")
    origin = upstream(answers)
    prox = start_prox(logged(pass_site(origin.address)))
    with prox.connect() as client:
        client.send(hello)
        assert client.stream.read_exactly(6) == b"six by"
        client.half_close()
        client.read_until_closed()
    (line,) = prox.wait_lines()
    assert list(line) == [*PEER_FIELDS, "route", "action", "proto", "sni", "bytes_in", "upstream", "upstream_connect_ms"]
    assert (line["proto"], line["sni"], line["method"], line["path"], line["status"]) == ("tls-pass", "a.cdn.test", "", "", 0)
    assert (line["bytes_in"], line["bytes_out"], line["upstream"]) == (len(hello), 6, origin.address)
    assert (line["service"], line["route"], line["client_ip"]) == ("web", "web:0", "127.0.0.1")
    prox.wait_log(r"INF pass a\.cdn\.test [\d.]+(µs|ms|s) service=web client=127\.0\.0\.1 bytes=6")


def test_a_relay_that_does_not_come_about(start_prox):
    dead = f"127.0.0.1:{free_port()}"
    prox = start_prox(logged(pass_site(dead)))
    with prox.connect() as client:
        client.send(client_hello("a.cdn.test"))
        client.assert_closed()
    (line,) = prox.wait_lines()
    assert (line["error"], line["bytes_in"], line["bytes_out"], line["upstream"]) == ("connect_refused", 0, 0, dead)


def test_a_relay_can_be_off_or_go_elsewhere(start_prox, upstream):
    origin = upstream(lambda connection: connection.close())
    for rule, files in [("off", []), ("own.log", ["own.log"])]:
        prox = start_prox(logged(pass_site(origin.address, access_log=rule)))
        with prox.connect() as client:
            client.send(client_hello("a.cdn.test"))
            client.read_until_closed()
        if files:
            prox.wait_lines(1, "own.log")
        assert wait_until_still(lambda: len(prox.json_log()), 0.3) == 0


# Where lines go


def test_route_stands_over_action_over_logging(start_prox):
    prox = start_prox(logged(routes_site(
        {"match": {"path": "/route"}, "action": "own", "access_log": "route.log"},
        {"match": {"path": "/action"}, "action": "own"},
        {"match": {"path": "/off"}, "action": "own", "access_log": "off"},
        {"match": {"path": "/action-off"}, "action": "quiet"},
        {"match": {"path": "/on-again"}, "action": "quiet", "access_log": "route.log"},
        {"match": {"path": "/plain"}, "action": static()},
        actions={"own": static(access_log="action.log"), "quiet": static(access_log="off")})))
    for name in ["route", "action", "off", "action-off", "on-again", "plain", "none"]:
        prox.fetch(f"/{name}")
    for count, name in [(2, "access.log"), (2, "route.log"), (1, "action.log")]:
        prox.wait_lines(count, name)
    paths = {name: {line["path"] for line in prox.json_log(name)} for name in ["access.log", "route.log", "action.log"]}
    assert paths == {"access.log": {"/plain", "/none"}, "route.log": {"/route", "/on-again"}, "action.log": {"/action"}}
    prox.wait_log(r"WRN GET /none 404 ")
    log = prox.log()
    assert re.search(r"INF GET /plain 200 [\d.]+(µs|ms|s) service=web client=127\.0\.0\.1 bytes=5", log)
    assert "/off" not in log and "/action-off" not in log


def test_off_for_all_is_off_on_the_console_too(start_prox):
    prox = start_prox(logged(routes_site({"match": {"path": "/on"}, "action": static(), "access_log": "on.log"}), "off"))
    for target in ["/none", "/on"]:
        prox.fetch(target)
    prox.wait_line("on.log", path="/on")
    assert "/none" not in prox.log()
    assert not (prox.directory / "off").exists()


def test_one_file_of_many_routes_is_opened_once(start_prox):
    routes = [{"match": {"path": f"/{name}"}, "action": static(), "access_log": "shared.log"} for name in "abc"]
    prox = start_prox(routes_site(*routes, process={"workers": 1}))
    for name in "abc":
        prox.fetch(f"/{name}")
    assert [line["path"] for line in prox.wait_lines(3, "shared.log")] == ["/a", "/b", "/c"]
    (worker,) = prox.workers()
    links = [os.readlink(f"/proc/{worker}/fd/{fd}") for fd in os.listdir(f"/proc/{worker}/fd")]
    assert links.count(str(prox.directory / "shared.log")) == 1


def test_the_console_shows_nothing_below_its_level(start_prox):
    prox = start_prox({**static_site(), "logging": {"level": "warn"}}, env={"LOG_LEVEL": "warn"})
    prox.fetch("/fine")
    with prox.connect() as client:
        client.send(b"nonsense\r\n\r\n")
        client.read_response()
    prox.wait_log("WRN .* 400 ")
    assert "/fine" not in prox.log()


def test_a_line_of_the_console_cannot_be_forged(start_prox):
    prox = start_prox(static_site())
    with prox.connect() as client:
        client.send(b"GET /\x1b[2J HTTP/1.1\r\nHost: a.test\r\n\r\n")
        client.read_response()
    with prox.connect() as client:
        client.send("GET /\x9b2J£ HTTP/1.1\r\nHost: a.test\r\n\r\n".encode())
        client.read_response()
    prox.wait_log(r"/\\xc2\\x9b2J£ 200")
    prox.fetch("/%0aERR%20forged")
    prox.wait_log("/%0aERR%20forged 200")
    assert "\x1b" not in prox.log() and "\x9b" not in prox.log()


@pytest.mark.parametrize("path, what", [("none/a.log", "No such file or directory"), ("/", "Is a directory")])
def test_a_file_that_cannot_be_opened_is_an_error(new_prox, path, what):
    prox = new_prox(logged(static_site(), path))
    with pytest.raises(DidNotStart, match=f'cannot open log "{path}": {what}'):
        prox.start()
    done = run("-t", "-c", prox.config_path)
    assert done.returncode == 1 and "config.json5:" in done.stderr


def test_a_reload_with_a_file_that_cannot_be_opened_changes_nothing(start_prox):
    site = static_site()
    prox = start_prox(logged(site))
    done = prox.reload(logged(site, "none/a.log"))
    assert done.returncode == 1 and "cannot open log" in done.stderr
    prox.fetch("/still")
    prox.wait_line(path="/still")
