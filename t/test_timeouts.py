"""Every time-out of the service's config block fires, at its time and with its own answer."""

import contextlib
import threading

import pytest

from lib import http1, procfs
from lib.ports import blackhole_port
from lib.prox import proxy_to, static_site
from lib.upstream import answer, never_answers, response_bytes
from lib.waits import LATE, Stopwatch, wait_for

HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: a.te"
HALF_A_BODY = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nhalf"


@contextlib.contextmanager
def takes(seconds):
    """The block takes `seconds`, a little less for timer granularity, or at most LATE more."""
    with Stopwatch() as watch:
        yield
    assert seconds * 0.9 <= watch.seconds <= seconds + LATE


@pytest.mark.parametrize("settings", [{"read_timeout": "600ms"}, {"header_timeout": "600ms"}],
                         ids=["read_timeout", "header_timeout"])
def test_half_a_head_is_408(start_prox, settings):
    client = start_prox(static_site(settings=settings)).connect()
    client.send(HALF_A_HEAD)
    with takes(0.6):
        response = client.read_response()
    assert (response.status, response.body) == (408, b"Request Timeout\n")
    assert response.closes
    client.assert_closed()


def test_a_head_that_trickles_does_not_extend_its_time(start_prox):
    client = start_prox(static_site(settings={"header_timeout": "600ms"})).connect()
    client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n")
    with takes(0.6):
        with Stopwatch() as watch:
            while watch.running < 0.5:
                client.send(b"X: y\r\n")
                client.assert_quiet(0.05)
        assert client.read_response().status == 408


def test_read_timeout_before_the_first_byte_closes_silently(start_prox):
    client = start_prox(static_site(settings={"read_timeout": "600ms"})).connect()
    seconds, rest = client.seconds_until_closed()
    assert rest == b""
    assert 0.5 <= seconds <= 0.6 + LATE


@pytest.mark.parametrize("config", ["static", "proxy"])
def test_read_timeout_covers_the_body(start_prox, upstream, config):
    settings = {"read_timeout": "600ms"}
    origin = upstream(answer())
    prox = start_prox(static_site(settings=settings) if config == "static" else proxy_to(origin, settings))
    client = prox.connect()
    client.send(HALF_A_BODY)
    seconds, rest = client.seconds_until_closed()
    assert 0.5 <= seconds <= 0.6 + LATE
    assert rest.startswith(b"HTTP/1.1 408" if config == "proxy" else b"HTTP/1.1 ")
    if config == "proxy":
        assert origin.connections[0].ended.wait(5)
    assert origin.requests == []


def test_header_timeout_lets_a_slow_body_go_on(start_prox, echo):
    client = start_prox(proxy_to(echo, {"header_timeout": "300ms"})).connect()
    client.send(HALF_A_BODY)
    client.assert_quiet(0.6)
    client.send(b"second")
    assert client.read_response().status == 200


def test_read_timeout_does_not_cover_the_response(start_prox, upstream):
    go = threading.Event()

    def script(connection):
        connection.read_request()
        connection.wait(go)
        connection.send(response_bytes(b"late"))

    client = start_prox(proxy_to(upstream(script), {"read_timeout": "300ms", "idle_timeout": "300ms"})).connect()
    client.send_request()
    client.assert_quiet(0.7)
    go.set()
    assert client.read_response().body == b"late"


def test_idle_timeout_closes_silently_between_requests(start_prox):
    client = start_prox(static_site(settings={"idle_timeout": "600ms"})).connect()
    for _ in range(2):
        assert client.exchange().status == 200
    seconds, rest = client.seconds_until_closed()
    assert rest == b""
    assert 0.5 <= seconds <= 0.6 + LATE


def test_idle_timeout_starts_anew_after_each_request(start_prox):
    client = start_prox(static_site(settings={"idle_timeout": "600ms"})).connect()
    for _ in range(3):
        assert client.exchange().status == 200
        client.assert_quiet(0.35)
    assert client.exchange().status == 200


def test_read_timeout_holds_for_later_requests_too(start_prox):
    client = start_prox(static_site(settings={"read_timeout": "600ms", "idle_timeout": "30s"})).connect()
    assert client.exchange().status == 200
    client.assert_quiet(0.7)
    client.send(HALF_A_HEAD)
    with takes(0.6):
        assert client.read_response().status == 408


def test_write_timeout_cuts_a_reader_that_stops(start_prox, upstream):
    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n")
        for _ in range(1024):
            connection.socket.sendall(bytes(65536))

    origin = upstream(script)
    client = start_prox(proxy_to(origin, {"write_timeout": "800ms"})).connect(receive_buffer=4096)
    client.send_request()
    connection = origin.wait_connection()
    with takes(0.8):
        assert connection.ended.wait(8)
    assert connection.cut is not None
    with pytest.raises(http1.Truncated):
        client.read_response()


def test_write_timeout_counts_the_whole_response_of_a_slow_upstream(start_prox, upstream):
    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        while True:
            connection.send(b"x")
            with contextlib.suppress(AssertionError):
                connection.stream.fill(0.1)

    client = start_prox(proxy_to(upstream(script), {"write_timeout": "800ms"})).connect()
    client.send_request()
    with takes(0.8), pytest.raises(http1.Truncated):
        client.read_response()


def test_write_timeout_does_not_count_the_wait_for_the_upstream(start_prox, upstream):
    settings = {"write_timeout": "300ms", "response_header_timeout": "900ms"}
    client = start_prox(proxy_to(upstream(never_answers), settings)).connect()
    client.send_request()
    with takes(0.9):
        assert client.read_response().status == 504


def test_e8_response_header_timeout_is_504(start_prox, upstream):
    origin = upstream(never_answers)
    client = start_prox(proxy_to(origin, {"response_header_timeout": "1s"})).connect()
    client.send_request()
    with takes(1.0):
        response = client.read_response()
    assert (response.status, response.body) == (504, b"Gateway Timeout\n")
    assert origin.wait_connection().ended.wait(5)
    client.send_request()  # the client's connection is still good
    assert client.read_response().status == 504


def test_response_header_timeout_waits_for_a_slow_upload(start_prox, upstream):
    client = start_prox(proxy_to(upstream(answer()), {"response_header_timeout": "300ms"})).connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo")
    client.assert_quiet(0.8)
    client.send(b"dy")
    assert client.read_response().status == 200


def test_interim_responses_do_not_extend_response_header_timeout(start_prox, upstream):
    def script(connection):
        connection.read_request()
        while True:
            connection.send(b"HTTP/1.1 102 Processing\r\n\r\n")
            with contextlib.suppress(AssertionError):
                connection.stream.fill(0.1)

    client = start_prox(proxy_to(upstream(script), {"response_header_timeout": "800ms"})).connect()
    client.send_request()
    with takes(0.8):
        assert client.read_response().status == 504


def test_response_header_timeout_does_not_cover_the_body(start_prox, upstream):
    go = threading.Event()

    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
        connection.wait(go)
        connection.send(b"body")

    client = start_prox(proxy_to(upstream(script), {"response_header_timeout": "300ms"})).connect()
    client.send_request()
    assert client.read_head().status == 200
    client.assert_quiet(0.6)
    go.set()
    assert client.stream.read_exactly(4) == b"body"


@pytest.mark.parametrize("settings, action", [({"dial_timeout": "600ms"}, {}), ({}, {"timeout": "600ms"}),
                                              ({"dial_timeout": "600ms"}, {"timeout": "20s"})],
                         ids=["dial_timeout", "timeout", "dial_timeout-wins"])
def test_connect_that_gets_no_answer_is_504(start_prox, settings, action):
    with blackhole_port() as port:
        client = start_prox(proxy_to(f"127.0.0.1:{port}", settings, **action)).connect()
        client.send_request()
        with takes(0.6):
            assert client.read_response().status == 504


def test_timeout_of_the_action_is_no_limit_on_the_exchange(start_prox, upstream):
    go = threading.Event()

    def script(connection):
        connection.read_request()
        connection.wait(go)
        connection.send(response_bytes(b"late"))

    client = start_prox(proxy_to(upstream(script), timeout="200ms")).connect()
    client.send_request()
    client.assert_quiet(0.5)
    go.set()
    assert client.read_response().body == b"late"


@pytest.mark.parametrize("key", ["read_timeout", "header_timeout", "write_timeout", "idle_timeout",
                                 "response_header_timeout", "dial_timeout"])
def test_zero_means_no_limit(start_prox, echo, key):
    client = start_prox(proxy_to(echo, {key: 0})).connect()
    client.assert_quiet(0.1)
    client.send(HALF_A_BODY[:20])
    client.assert_quiet(0.1)
    client.send(HALF_A_BODY[20:] + b"second")
    assert client.read_response().status == 200
    client.assert_quiet(0.1)
    assert client.exchange().status == 200


@pytest.mark.parametrize("settings, kept", [({"max_idle_conns_per_host": 1}, 1), ({"max_idle_conns": 2}, 2),
                                            ({"max_idle_conns_per_host": 0}, 0)])
def test_upstream_connections_above_the_idle_limit_close_after_a_second(start_prox, upstream, settings, kept):
    together = threading.Barrier(4)

    def script(connection):
        if connection.read_request():
            together.wait(5)
            connection.send(response_bytes())
            connection.wait_closed()

    origin = upstream(script)
    prox = start_prox({**proxy_to(origin, settings), "process": {"workers": 1}})
    clients = [prox.connect() for _ in range(4)]
    for client in clients:
        client.send_request()
    for client in clients:
        assert client.read_response().status == 200
    with Stopwatch() as watch:
        wait_for(lambda: sum(connection.ended.is_set() for connection in origin.connections) == 4 - kept, 1 + LATE + 1,
                 what="the surplus is closed")
    assert watch.seconds > 0.5
    clients[0].assert_quiet(0.3)
    assert sum(connection.ended.is_set() for connection in origin.connections) == 4 - kept


def test_keep_alive_probes_are_armed_on_upstream_connections(start_prox, upstream):
    origin = upstream(answer())
    client = start_prox(proxy_to(origin, {"keep_alive": "70s"})).connect()
    assert client.exchange().status == 200
    port_of_prox = origin.connections[0].socket.getpeername()[1]
    timer = procfs.keepalive_timer(port_of_prox, origin.port)
    assert timer is not None and 50 < timer <= 70
