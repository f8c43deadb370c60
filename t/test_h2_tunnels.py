"""CONNECT and WebSocket over HTTP/2 (RFC 8441), to an HTTP/1.1 upstream."""

import select
import threading

import pytest

from lib import http1, procfs
from lib.http2 import Codes, Settings
from lib.prox import proxy_to
from lib.upstream import response_bytes
from lib.waits import DEADLINE, Stopwatch, wait_for, wait_until_still

CONNECT = [(":method", "CONNECT"), (":authority", "target.test:443")]


def echo_tunnel(connection):
    """Accepts a CONNECT, and sends back what comes until its end."""
    request = connection.read_head()
    connection.requests.append(request)
    connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while connection.stream.fill():
        data = connection.stream.unread()
        connection.stream.read_exactly(len(data))
        connection.send(data)
    connection.send(b"bye")
    connection.half_close()


def test_connect_is_a_tunnel_and_its_ends_pass(start_prox, upstream):
    origin = upstream(echo_tunnel)
    client = start_prox(proxy_to(origin)).connect_h2()
    stream_id = client.begin_with(CONNECT, ends=False)
    response = client.responses[stream_id]
    client.send_data(stream_id, b"early")
    client.read_until(lambda: response.body == b"early")
    assert (response.status, response.all("content-length")) == (200, [])
    assert (origin.requests[0].method, origin.requests[0].target) == ("CONNECT", "target.test:443")
    client.send_data(stream_id, b"x" * 300_000)
    client.read_until(lambda: len(response.body) == 300_005)
    client.send_data(stream_id, b"", ends=True)
    assert client.read_response(stream_id).body.endswith(b"bye")


def test_a_tunnel_that_breaks_resets_its_stream_alone(start_prox, upstream):
    def script(connection):
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        connection.stream.fill()
        connection.reset()

    client = start_prox(proxy_to(upstream(script))).connect_h2()
    stream_id = client.begin_with(CONNECT, ends=False)
    response = client.responses[stream_id]
    client.read_until(lambda: response.status == 200)
    client.send_data(stream_id, b"x")
    assert client.read_end(stream_id).reset == Codes.CONNECT_ERROR
    client.settle()


def test_a_connect_that_is_refused_is_502(start_prox, upstream):
    def script(connection):
        connection.read_head()
        connection.send(response_bytes(b"no", 403))
        connection.wait_closed()

    client = start_prox(proxy_to(upstream(script))).connect_h2()
    assert client.read_response(client.begin_with(CONNECT, ends=True)).status == 502


def test_extended_connect_is_announced(start_prox, echo):
    client = start_prox(proxy_to(echo)).connect_h2()
    client.settle()
    assert client.h2.remote_settings[Settings.ENABLE_CONNECT_PROTOCOL] == 1


def test_an_extended_connect_reaches_the_upstream_as_an_upgrade(start_prox, upstream):
    def script(connection):
        request = connection.read_head()
        connection.requests.append(request)
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nhi")
        connection.stream.read_until(b"there")
        connection.half_close()

    origin = upstream(script)
    client = start_prox(proxy_to(origin)).connect_h2()
    client.settle()
    stream_id = client.begin_with([(":method", "CONNECT"), (":protocol", "chat"), (":scheme", "http"),
                                   (":authority", "a.test"), (":path", "/chat?x"), ("x-one", "1")], ends=False)
    response = client.responses[stream_id]
    client.read_until(lambda: response.body == b"hi")
    assert response.status == 200
    client.send_data(stream_id, b"there", ends=True)
    client.read_response(stream_id)
    request = origin.requests[0]
    assert isinstance(request, http1.Request)
    assert (request.method, request.target, request.get("Upgrade")) == ("GET", "/chat?x", "chat")
    assert "upgrade" in request.tokens("Connection")
    assert request.get("x-one") == "1"


def test_an_upgrade_that_is_rejected_is_answered_as_it_is(start_prox, upstream):
    def script(connection):
        connection.read_head()
        connection.send(response_bytes(b"not here", 404))
        connection.wait_closed()

    client = start_prox(proxy_to(upstream(script))).connect_h2()
    client.settle()
    stream_id = client.begin_with([(":method", "CONNECT"), (":protocol", "chat"), (":scheme", "http"),
                                   (":authority", "a.test"), (":path", "/")], ends=False)
    response = client.read_end(stream_id)
    assert (response.status, response.body) == (404, b"not here")


def test_a_tunnel_whose_client_reads_late_has_no_write_timeout(start_prox, upstream):
    """A download that gets stuck after it tells when the time is over."""
    size = 8 * 1024 * 1024
    sent = []

    def script(connection):
        is_tunnel = connection.read_head().method == "CONNECT"
        connection.send(b"HTTP/1.1 200 OK\r\n" + (b"\r\n" if is_tunnel else b"Content-Length: %d\r\n\r\n" % (2 * size)))
        for _ in range(size // 65536 * (1 if is_tunnel else 2)):
            connection.send(b"x" * 65536)
            sent.append(is_tunnel)
        connection.half_close()
        connection.wait_closed()

    origin = upstream(script)
    prox = start_prox(proxy_to(origin, {"write_timeout": "500ms"}))
    client = prox.connect_h2(settings={Settings.INITIAL_WINDOW_SIZE: 2 * size}, receive_buffer=65536)
    client.h2.increment_flow_control_window(2 * size)
    stream_id = client.begin_with(CONNECT, ends=False)
    wait_until_still(lambda: len(sent), what="what the tunnel takes")
    prox.connect(receive_buffer=4096).send_request()
    assert origin.wait_connection(1).ended.wait(DEADLINE)
    client.send_data(stream_id, b"", ends=True)
    assert len(client.read_response(stream_id).body) == size


def fill(client, stream_id):
    """Sends as much as the way to the upstream takes; returns how many bytes."""
    sent = 0

    def push():
        nonlocal sent
        while select.select([client.socket], [], [], 0)[0]:
            assert client.read_some()
        while room := min(client.h2.local_flow_control_window(stream_id), client.h2.max_outbound_frame_size):
            client.send_data(stream_id, b"x" * room)
            sent += room
        return sent

    return wait_until_still(push, what="what can be sent")


@pytest.mark.parametrize("stays", [True, False], ids=["client-stays", "client-leaves"])
def test_the_last_bytes_of_a_client_pass_though_the_upstream_ended_first(start_prox, upstream, stays):
    """All of the stream is over then, but not the way to the upstream, which reads late."""
    read_on = threading.Event()
    received = []

    def script(connection):
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\nbye")
        connection.half_close()
        connection.wait(read_on)
        received.append(len(connection.stream.unread()) + len(connection.stream.read_to_end(DEADLINE)))

    origin = upstream(script)
    client = start_prox(proxy_to(origin)).connect_h2()
    stream_id = client.begin_with(CONNECT, ends=False)
    client.read_until(lambda: client.responses[stream_id].ended, what="the end of the upstream")
    sent = fill(client, stream_id)
    client.send_data(stream_id, b"", ends=True)
    client.settle()
    if not stays:
        client.close()
    read_on.set()
    assert origin.wait_connection().ended.wait(DEADLINE)
    assert received == [sent]


@pytest.mark.parametrize("stays", [True, False], ids=["client-stays", "client-leaves"])
def test_an_upstream_that_never_takes_the_last_bytes_is_let_go_at_idle_timeout(start_prox, upstream, stays):
    over = threading.Event()

    def script(connection):
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\nbye")
        connection.half_close()
        connection.wait(over)

    prox = start_prox({**proxy_to(upstream(script), {"idle_timeout": "1s"}), "process": {"workers": 1}})
    (worker,) = prox.workers()
    before = procfs.descriptor_count(worker)
    client = prox.connect_h2()
    stream_id = client.begin_with(CONNECT, ends=False)
    client.read_until(lambda: client.responses[stream_id].ended, what="the end of the upstream")
    fill(client, stream_id)
    client.send_data(stream_id, b"", ends=True)
    client.settle()
    if not stays:
        client.close()
    with Stopwatch() as watch:
        wait_for(lambda: procfs.descriptor_count(worker) <= before + stays, what="the upstream is let go")
    assert watch.seconds > 0.5
    over.set()
