"""TLS with clients: the handshake, what goes over it, and what is said to a client that speaks no TLS."""

import random
import ssl
import threading

import pytest

from lib.tls import MemoryClient, TlsClient, shake_hands, tls_site
from lib.upstream import Echoed, answer, response_bytes, serve
from lib.waits import wait_for

NO_TLS = b"Client sent an HTTP request to an HTTPS server."


@pytest.fixture
def site(start_prox, ca):
    """A prox that answers "hello" over TLS as a.test."""
    return start_prox(tls_site(ca.issue("a.test")))


def test_requests_are_served_over_tls_and_kept_alive(site, ca):
    with TlsClient(site.port, ca.client_context(), "a.test") as client:
        for _ in range(3):
            assert client.exchange().body == b"hello"
        assert client.socket.version() == "TLSv1.3"


def test_tls_1_2_is_spoken_too(site, ca):
    with TlsClient(site.port, ca.client_context(maximum_version=ssl.TLSVersion.TLSv1_2), "a.test") as client:
        assert client.exchange().body == b"hello"
        assert client.socket.version() == "TLSv1.2"
        assert client.socket.cipher()[0].startswith("ECDHE-ECDSA-AES")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_older_versions_are_refused(site, ca):
    old = ca.client_context(minimum_version=ssl.TLSVersion.TLSv1_1, maximum_version=ssl.TLSVersion.TLSv1_1)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        shake_hands(site.port, old, "a.test")


def test_alpn_agrees_on_http_1_1(site, ca):
    context = ca.client_context()
    context.set_alpn_protocols(["http/1.1"])
    assert shake_hands(site.port, context, "a.test").alpn == "http/1.1"


def test_client_that_only_speaks_another_protocol_is_told_so(site, ca):
    context = ca.client_context()
    context.set_alpn_protocols(["acme-tls/1"])
    with pytest.raises(ssl.SSLError, match="no application protocol"):
        shake_hands(site.port, context, "a.test")


def test_upstream_is_told_that_the_client_came_by_https(start_prox, ca, echo):
    action = {"type": "proxy", "upstream": echo.address}
    prox = start_prox(tls_site(ca.issue("a.test"), [{"action": action}]))
    with TlsClient(prox.port, ca.client_context(), "a.test") as client:
        assert Echoed(client.exchange()).get("X-Forwarded-Proto") == "https"


def test_pipelined_requests_are_answered_in_order(start_prox, ca, echo):
    action = {"type": "proxy", "upstream": echo.address}
    prox = start_prox(tls_site(ca.issue("a.test"), [{"action": action}]))
    with TlsClient(prox.port, ca.client_context(), "a.test") as client:
        client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a.test\r\n\r\n" % i for i in range(20)))
        assert [Echoed(client.read_response()).target for _ in range(20)] == [f"/{i}" for i in range(20)]


def test_request_that_comes_byte_by_byte_in_records_of_its_own(site, ca):
    with TlsClient(site.port, ca.client_context(), "a.test") as client:
        for byte in b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n":
            client.send(bytes([byte]))
        assert client.read_response().body == b"hello"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_large_bodies_arrive_whole_both_ways(start_prox, ca, upstream, version):
    body = random.Random(1).randbytes(8 << 20)
    origin = upstream(serve(lambda request: response_bytes(request.body)))
    prox = start_prox(tls_site(ca.issue("a.test"), [{"action": {"type": "proxy", "upstream": origin.address}}]))
    with TlsClient(prox.port, ca.client_context(maximum_version=version), "a.test") as client:
        for part in (body[:3], body, body[:100_001]):
            assert client.exchange("POST", body=part).body == part


# Clients that speak no TLS


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE",
                                    "PROPFIND", "PRI"])
def test_plain_request_on_a_tls_port_is_answered_with_400(site, method):
    client = site.connect()
    client.send(f"{method} / HTTP/1.1\r\nHost: a.test\r\n\r\n".encode())
    head, _, body = client.read_until_closed().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 400 Bad Request\r\n")
    assert body == NO_TLS


def test_plain_request_is_recognised_by_its_first_byte(site):
    client = site.connect()
    client.send(b"G")
    assert client.read_until_closed().endswith(NO_TLS)


def test_plain_answer_survives_a_client_that_goes_on_sending(site):
    client = site.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000\r\n\r\n" + bytes(300_000))
    assert client.read_until_closed().endswith(NO_TLS)


@pytest.mark.parametrize("junk", [b"\x00", b"\x80\x2e\x01", b"get / HTTP/1.1\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x28",
                                  b"\r\n\r\n"])
def test_anything_else_is_closed(site, junk):
    client = site.connect()
    client.send(junk)
    client.assert_closed()


# Handshakes that do not come to an end


@pytest.mark.parametrize("begin", [b"", b"\x16\x03\x01\x02\x00\x01"])
def test_handshake_that_takes_too_long_is_closed(start_prox, ca, begin):
    prox = start_prox(tls_site(ca.issue("a.test"), config={"tls_handshake_timeout": "300ms"}))
    client = prox.connect()
    client.send(begin)
    seconds, rest = client.seconds_until_closed()
    assert rest == b"" and 0.2 < seconds < 5
    prox.wait_log("TLS handshake failed .*reason=\"timed out\"")


def test_first_request_has_read_timeout_from_the_end_of_the_handshake(start_prox, ca):
    prox = start_prox(tls_site(ca.issue("a.test"), config={"read_timeout": "300ms", "tls_handshake_timeout": "9s"}))
    with TlsClient(prox.port, ca.client_context(), "a.test") as client:
        seconds, rest = client.seconds_until_closed()
        assert rest == b"" and 0.2 < seconds < 5


def test_failed_handshakes_are_logged_with_their_reason(site, ca):
    with pytest.raises(ssl.SSLError):
        shake_hands(site.port, ca.client_context(), "b.test")  # the client finds that the name is wrong
    site.wait_log("TLS handshake failed .*client=127.0.0.1 reason=\"?[^\"]*alert bad certificate")


def test_hello_that_comes_byte_by_byte(site, ca):
    client = MemoryClient(site.connect(), ca.client_context(), "a.test", chunk=1)
    client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
    assert client.read_until(b"hello").startswith(b"HTTP/1.1 200 ")


# The end of a connection


def test_end_of_a_connection_is_announced(start_prox, ca):
    """close_notify comes before the end of the stream, so that a client knows that nothing was cut off."""
    prox = start_prox(tls_site(ca.issue("a.test")))
    with TlsClient(prox.port, ca.client_context(), "a.test") as client:
        client.send_request(fields=[("Connection", "close")])
        client.read_response()
        client.socket.suppress_ragged_eofs = False
        assert client.socket.recv(1) == b""  # SSLEOFError without close_notify


def test_idle_connection_is_closed_with_an_announcement(start_prox, ca):
    prox = start_prox(tls_site(ca.issue("a.test"), config={"idle_timeout": "200ms"}))
    with TlsClient(prox.port, ca.client_context(), "a.test") as client:
        client.exchange()
        client.socket.suppress_ragged_eofs = False
        assert client.socket.recv(1) == b""


def test_client_that_ends_its_side_gets_what_is_due(start_prox, ca, upstream):
    """TLS has half-closes too (RFC 8446 §6.1): close_notify ends one direction only."""
    ended = threading.Event()

    def script(connection):
        connection.read_request()
        connection.wait(ended)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")

    origin = upstream(script)
    prox = start_prox(tls_site(ca.issue("a.test"), [{"action": {"type": "proxy", "upstream": origin.address}}]))
    client = MemoryClient(prox.connect(), ca.client_context(), "a.test")
    client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
    wait_for(lambda: origin.requests, what="the origin has the request")
    client.close_notify()  # and no FIN
    ended.set()
    assert client.read_until(b"late").startswith(b"HTTP/1.1 200 ")


def test_upload_that_is_cut_off_is_no_request(start_prox, ca, upstream):
    origin = upstream(answer(b"hello"))
    prox = start_prox(tls_site(ca.issue("a.test"), [{"action": {"type": "proxy", "upstream": origin.address}}]))
    with TlsClient(prox.port, ca.client_context(), "a.test") as client:
        client.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nhalf")
        wait_for(lambda: b"half" in origin.received, what="the origin has the first half")
    wait_for(lambda: origin.connections and all(c.cut for c in origin.connections), what="the upload is cut")
    assert not origin.requests


# Drain


def test_connection_under_tls_is_closed_with_its_next_request_after_a_reload(start_prox, ca):
    config = tls_site(ca.issue("a.test"))
    prox = start_prox(config)
    with TlsClient(prox.port, ca.client_context(), "a.test") as client:
        assert client.exchange().get("Connection") is None
        before = prox.workers()
        prox.reload_ok()
        response = client.exchange()
        assert response.get("Connection") == "close" and response.body == b"hello"
        client.assert_closed()
        prox.wait_workers(2, without=before)


def test_idle_connection_under_tls_stays_open_during_a_drain_until_idle_timeout(start_prox, ca):
    prox = start_prox(tls_site(ca.issue("a.test"), config={"idle_timeout": "1s"}))
    with TlsClient(prox.port, ca.client_context(), "a.test") as client:
        client.exchange()
        before = prox.workers()
        prox.reload_ok()
        client.assert_quiet()
        client.assert_closed()
    prox.wait_workers(2, without=before)
