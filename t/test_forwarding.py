"""CONNECT and requests in absolute form through another proxy; an upstream connection for each request; events as they come."""

import threading

import pytest

from lib import http1
from lib.ports import blackhole_port
from lib.prox import proxy_to, service, static
from lib.upstream import Echoed, answer
from lib.waits import LATE, Stopwatch, wait_for


def chained(origin, settings=None, **action):
    """A config that chains CONNECT to `origin`, and answers everything else itself."""
    connect = {"type": "proxy", "upstream": getattr(origin, "address", origin), **action}
    return {"services": {"web": service([{"match": {"domain": "*.**", "methods": ["CONNECT"]}, "action": connect},
                                         {"action": static("own")}], config=settings or {})}}


def forwarding(origin, **action):
    """A config that passes requests in absolute form to `origin`, and answers everything else itself."""
    forward = {"type": "proxy", "upstream": origin.address, **action}
    return {"services": {"web": service([{"match": {"forward_proxy": True}, "action": forward},
                                         {"action": static("own")}])}}


def connect(prox, target="x.test:443", **more):
    client = prox.connect()
    client.send_request("CONNECT", target, host=target, **more)
    return client


def accept_connect(behind=b""):
    """A proxy that agrees to a CONNECT, and sends back what comes through it."""

    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 Go\r\nX-Proxy: 1\r\nContent-Length: 5\r\n\r\n" + behind)
        while connection.stream.fill(30):
            connection.send(connection.stream.read_exactly(len(connection.stream.unread())))
        connection.close()

    return script


def test_connect_is_chained(start_prox, upstream):
    origin = upstream(accept_connect(b"at once"))
    client = connect(start_prox(chained(origin, headers={"X-Set": "1"})), fields=[("User-Agent", "me")])
    head = client.stream.read_until(b"\r\n\r\n")
    assert head == b"HTTP/1.1 200 Connection Established\r\n\r\n"
    assert client.stream.read_exactly(7) == b"at once"
    client.send(b"\x16\x03\x01 anything")
    assert client.stream.read_exactly(12) == b"\x16\x03\x01 anything"
    request = origin.requests[0]
    assert (request.method, request.target) == ("CONNECT", "x.test:443")
    assert request.fields == [("Host", "x.test:443"), ("User-Agent", "me")]
    client.half_close()
    assert client.read_until_closed() == b""


def test_a_connect_that_the_proxy_refuses_is_502(start_prox, upstream):
    origin = upstream(answer(b"no", 403))
    client = connect(start_prox(chained(origin)))
    response = client.read_response()
    assert (response.status, response.body) == (502, b"Bad Gateway\n")
    assert response.closes


def test_a_connect_that_is_not_answered_is_504_after_the_actions_timeout(start_prox, upstream):
    origin = upstream(lambda connection: connection.wait_closed())
    prox = start_prox(chained(origin, {"dial_timeout": "30s", "response_header_timeout": "30s"}, timeout="400ms"))
    with Stopwatch() as watch:
        assert connect(prox).read_response().status == 504
    assert 0.3 <= watch.seconds <= 0.4 + LATE


def test_a_proxy_that_cannot_be_reached_is_504_or_502(start_prox, upstream):
    with blackhole_port() as port:
        assert connect(start_prox(chained(f"127.0.0.1:{port}", timeout="300ms"))).read_response().status == 504
    gone = upstream(answer())
    gone.stop_listening()
    assert connect(start_prox(chained(gone))).read_response().status == 502


def test_connect_with_a_body_is_refused(start_prox, echo):
    client = connect(start_prox(chained(echo)), body=b"x")
    assert client.read_response().status == 400
    assert not echo.connections


def test_an_absolute_target_reaches_the_proxy_as_it_is(start_prox, echo):
    prox = start_prox(forwarding(echo, headers={"X-Set": "1"}))
    client = prox.connect()
    seen = Echoed(client.exchange(target="http://far.test:81/p%2f?q", host="other.test",
                                  fields=[("Connection", "x-hop"), ("X-Hop", "1"), ("Proxy-Authorization", "a")]))
    assert seen.target == "http://far.test:81/p%2f?q"
    assert seen.get("Host") == "far.test:81"
    assert seen.get("X-Forwarded-For") == "127.0.0.1" and seen.get("X-Forwarded-Proto") == "http"
    assert seen.get("X-Forwarded-Host") is None and seen.get("X-Hop") is None
    assert seen.get("Proxy-Authorization") is None and seen.get("X-Set") == "1"
    assert Echoed(client.exchange(target="http://far.test/")).target == "http://far.test/"
    assert len(echo.connections) == 2, "each has a connection of its own"
    assert client.exchange(target="/").body == b"own"


def test_no_other_route_takes_an_absolute_target(start_prox):
    prox = start_prox({"services": {"web": service([{"action": static("own")}])}})
    assert prox.fetch("http://evil.test/").status == 404
    assert prox.fetch("/").status == 200


def test_stream_opens_a_connection_for_each_request_and_closes_it(start_prox, upstream):
    origin = upstream(answer())
    client = start_prox(proxy_to(origin, stream=True)).connect()
    for number in range(3):
        assert client.exchange().body == b"hello"
        wait_for(origin.wait_connection(number).ended.is_set, what="prox closes")
    assert all(request.get("Connection") == "close" for request in origin.requests)


def test_stream_passes_both_directions_at_once(start_prox, upstream):
    def script(connection):
        request = connection.read_head()
        assert request.get("Transfer-Encoding") == "chunked"
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(20):
            line = connection.stream.read_until(b"\r\n")
            data = connection.stream.read_exactly(int(line, 16) + 2)
            connection.send(line + data)
        connection.send(b"0\r\n\r\n")

    client = start_prox(proxy_to(upstream(script), stream=True)).connect()
    client.send_request("POST", fields=[("Transfer-Encoding", "chunked")])
    assert client.read_head().status == 200
    for number in range(20):
        piece = b"%x\r\n%b\r\n" % (10 + number, b"p" * (10 + number))
        client.send(piece)
        assert client.stream.read_exactly(len(piece)) == piece
    client.send(b"0\r\n\r\n")
    assert client.stream.read_until(b"0\r\n\r\n") == b"0\r\n\r\n"


@pytest.mark.parametrize("stream", [False, True])
def test_each_event_comes_at_once(start_prox, upstream, stream):
    next_event = threading.Semaphore(0)

    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for number in range(5):
            next_event.acquire(timeout=10)
            connection.send(b"data: %d\n\n" % number)
        connection.close()

    client = start_prox(proxy_to(upstream(script), stream=stream)).connect()
    client.send_request()
    assert client.read_head().status == 200
    seconds = []
    for number in range(5):
        with Stopwatch() as watch:
            next_event.release()
            event = b"data: %d\n\n" % number
            assert client.stream.read_until(b"\r\n") == b"%x\r\n" % len(event)
            assert client.stream.read_exactly(len(event) + 2) == event + b"\r\n"
        seconds.append(watch.seconds)
    assert min(seconds) < 0.1, seconds
    assert client.stream.read_until(b"0\r\n\r\n") is not None


def test_an_event_stream_that_ends_torn_is_cut(start_prox, upstream):
    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ndata: 1\r\n")
        connection.close()

    client = start_prox(proxy_to(upstream(script), stream=True)).connect()
    client.send_request()
    with pytest.raises(http1.Truncated):
        client.read_response()
