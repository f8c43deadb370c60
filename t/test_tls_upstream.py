"""HTTPS upstreams: who is trusted, what is asked for, and what happens when it goes wrong."""

import ssl

import pytest

from lib import http2_origin
from lib.certs import Authority, server_context
from lib.ports import LOOPBACK
from lib.prox import proxy_to, run
from lib.upstream import Echoed, answer, echo as echoed, response_bytes, serve


@pytest.fixture
def tls_upstream(upstream):
    """Starts an origin that speaks TLS with a pair; `origin.shaken` has the SSL objects of its handshakes."""

    def make(script, pair, **attributes):
        context = server_context(pair, ca=attributes.pop("ca", None))
        for name, value in attributes.items():
            setattr(context, name, value)
        names, shaken = [], []
        context.sni_callback = lambda _ssl, name, _context: names.append(name)

        def shake_hands_first(connection):
            connection.start_tls(context)
            shaken.append(connection.socket)
            script(connection)

        origin = upstream(shake_hands_first)
        origin.names, origin.shaken, origin.context = names, shaken, context
        return origin

    return make


def https(origin, host="localhost", path=""):
    return f"https://{host}:{origin.port}{path}"


def test_request_goes_to_an_https_upstream_and_the_connection_is_kept(start_prox, ca, tls_upstream):
    origin = tls_upstream(serve(echoed), ca.issue("localhost"))
    prox = start_prox(proxy_to(https(origin), tls={"ca": str(ca.cert)}))
    with prox.connect() as client:
        for target in ("/a", "/b"):
            seen = Echoed(client.exchange(target=target))
            assert seen.target == target and seen.get("Host") == f"localhost:{origin.port}"
    assert len(origin.connections) == 1
    assert origin.names == ["localhost"]


def test_address_is_verified_and_not_asked_for_by_name(start_prox, ca, tls_upstream):
    origin = tls_upstream(answer(b"hello"), ca.issue("127.0.0.1"))
    prox = start_prox(proxy_to(https(origin, LOOPBACK), tls={"ca": str(ca.cert)}))
    assert prox.fetch().body == b"hello"
    assert origin.names == [None]


def test_server_name_is_asked_for_and_verified(start_prox, ca, tls_upstream):
    origin = tls_upstream(answer(b"hello"), ca.issue("inner.test"))
    prox = start_prox(proxy_to(https(origin, LOOPBACK), tls={"ca": str(ca.cert), "server_name": "inner.test"}))
    assert prox.fetch().body == b"hello"
    assert origin.names == ["inner.test"]


@pytest.mark.parametrize("names, days, trusted, reason", [
    (["other.test"], 30, True, "the certificate is for another name"),
    (["localhost"], -1, True, "the certificate has expired"),
    (["localhost"], 30, False, "the certificate's issuer is unknown"),
])
def test_certificate_that_is_not_trusted_is_a_502_with_one_line_that_says_why(start_prox, ca, tls_upstream, tmp_path,
                                                                               names, days, trusted, reason):
    issuer = ca if trusted else Authority(tmp_path, "stranger")
    origin = tls_upstream(answer(b"secret"), issuer.issue(*names, days=days))
    prox = start_prox(proxy_to(https(origin), tls={"ca": str(ca.cert)}))
    assert prox.fetch().status == 502
    lines = [line for line in prox.log().splitlines() if " WRN " in line]
    assert len(lines) == 1
    assert "tls_failed while shaking hands with the target" in lines[0] and f'reason="{reason}"' in lines[0]
    assert not origin.requests


def test_system_authorities_are_trusted_by_default(start_prox, ca, tls_upstream):
    origin = tls_upstream(answer(b"hello"), ca.issue("localhost"))
    assert start_prox(proxy_to(https(origin))).fetch().status == 502
    trusting = start_prox(proxy_to(https(origin)), env={"SSL_CERT_FILE": str(ca.cert)})
    assert trusting.fetch().body == b"hello"


def test_verification_can_be_switched_off(start_prox, tmp_path, tls_upstream):
    origin = tls_upstream(answer(b"hello"), Authority(tmp_path, "stranger").issue("other.test", days=-1))
    prox = start_prox(proxy_to(https(origin), tls={"insecure_skip_verify": True}))
    assert prox.fetch().body == b"hello"


def test_client_certificate_is_shown_to_the_upstream(start_prox, ca, tls_upstream):
    origin = tls_upstream(answer(b"hello"), ca.issue("localhost"), ca=ca.cert)
    mine = ca.issue_client("/CN=prox")
    prox = start_prox(proxy_to(https(origin), tls={"ca": str(ca.cert), "cert": str(mine.cert), "key": str(mine.key)}))
    assert prox.fetch().body == b"hello"
    assert origin.shaken[0].getpeercert(binary_form=True) == mine.leaf_der
    assert start_prox(proxy_to(https(origin), tls={"ca": str(ca.cert)})).fetch().status == 502


def test_sessions_with_an_upstream_are_resumed(start_prox, ca, tls_upstream):
    def one_answer(connection):
        request = connection.read_request()
        connection.send(response_bytes(b"hello", fields=[("Connection", "close")], method=request.method))
        connection.close()

    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        origin = tls_upstream(one_answer, ca.issue("localhost"), maximum_version=version)
        config = proxy_to(https(origin), tls={"ca": str(ca.cert)})
        prox = start_prox({**config, "process": {"workers": 1}})
        for _ in range(5):
            assert prox.fetch().body == b"hello"
        assert origin.context.session_stats()["hits"] == 4


def test_alpn_is_offered(start_prox, ca, tls_upstream):
    origin = tls_upstream(answer(b"hello"), ca.issue("localhost"))
    origin.context.set_alpn_protocols(["http/1.1", "x"])
    assert start_prox(proxy_to(https(origin), tls={"ca": str(ca.cert)})).fetch().body == b"hello"
    assert origin.shaken[0].selected_alpn_protocol() == "http/1.1"


@pytest.mark.parametrize("speaks_h2", [True, False])
def test_http_2_is_agreed_on_by_alpn(start_prox, ca, tls_upstream, speaks_h2):
    def script(connection):
        h2_connections.append(http2_origin.OriginConnection(connection.socket, connection.number, http2_origin.echo, None, True))
        h2_connections[-1].run()

    h2_connections = []
    origin = tls_upstream(script, ca.issue("localhost"))
    origin.context.set_alpn_protocols(["h2"] if speaks_h2 else ["http/1.1"])
    prox = start_prox(proxy_to(https(origin), proto="h2", tls={"ca": str(ca.cert)}))
    if speaks_h2:
        with prox.connect() as client:
            assert [client.exchange("POST", body=b"over TLS").body for _ in range(3)] == [b"over TLS"] * 3
        assert len(h2_connections) == 1 and h2_connections[0].field(1, ":method") == "POST"
    else:
        assert prox.fetch().status == 502
        prox.wait_log("WRN tls_failed while ")


def test_upstream_that_does_not_shake_hands_is_a_504(start_prox, upstream):
    silent = upstream(lambda connection: connection.wait_closed())
    prox = start_prox(proxy_to(https(silent, LOOPBACK), {"tls_handshake_timeout": "300ms"}))
    assert prox.fetch().status == 504
    prox.wait_log("WRN handshake_timed_out while shaking hands with the target")


def test_upstream_without_tls_is_a_502(start_prox, upstream):
    def script(connection):
        connection.stream.fill()
        connection.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    plain = upstream(script)
    prox = start_prox(proxy_to(https(plain, LOOPBACK)))
    assert prox.fetch().status == 502
    prox.wait_log('WRN tls_failed while shaking hands with the target .*reason="wrong version number"')


def test_large_bodies_arrive_whole_both_ways(start_prox, ca, tls_upstream):
    body = bytes(range(256)) * 32 * 1024  # 8 MiB
    origin = tls_upstream(serve(lambda request: response_bytes(request.body)), ca.issue("localhost"))
    prox = start_prox(proxy_to(https(origin), tls={"ca": str(ca.cert)}))
    with prox.connect() as client:
        for part in (body, body[:3], body[:100_001]):
            assert client.exchange("POST", body=part).body == part


def test_response_until_close_needs_close_notify(start_prox, ca, tls_upstream):
    """Without it somebody on the way may have cut the response: it must not look whole."""

    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\nhalf or all")
        if connection.number == 1:
            connection.socket.unwrap()
        connection.close()

    origin = tls_upstream(script, ca.issue("localhost"))
    prox = start_prox(proxy_to(https(origin), tls={"ca": str(ca.cert)}))
    with prox.connect() as client:
        client.send_request()
        assert b"half or all" in (got := client.read_until_closed())
        assert not got.endswith(b"\r\n0\r\n\r\n")
    with prox.connect() as client:
        assert client.exchange().body == b"half or all"


@pytest.mark.parametrize("tls, problem", [
    ({"ca": "/nonexistent"}, 'ca: "/nonexistent": No such file or directory'),
    ({"cert": "/nonexistent", "key": "/nonexistent"}, 'cert: "/nonexistent": No such file or directory'),
    ({"alpn": [""]}, "alpn: a name has 1 to 255 bytes"),
])
def test_bad_tls_options_are_refused(new_prox, tls, problem):
    prox = new_prox(proxy_to("https://localhost", tls=tls))
    done = run("-t", "-c", prox.config_path)
    assert done.returncode == 1 and f"error: {problem}" in done.stderr, done.stderr
