"""Connections on both sides of the proxy: kept, pipelined, pooled, retried."""

import threading

import pytest

from lib import http1
from lib.prox import proxy_to, static_site
from lib.upstream import Echoed, answer, response_bytes, serve
from lib.waits import wait_for

ONE_WORKER = {"process": {"workers": 1}}


def test_keep_alive_serves_many_requests_over_one_upstream_connection(start_prox, upstream):
    origin = upstream(answer())
    client = start_prox({**proxy_to(origin), **ONE_WORKER}).connect()
    for number in range(20):
        assert client.exchange(target=f"/{number}").body == b"hello"
    assert [request.target for request in origin.requests] == [f"/{number}" for number in range(20)]
    assert len(origin.connections) == 1


def test_pool_is_shared_by_client_connections(start_prox, upstream):
    origin = upstream(answer())
    prox = start_prox({**proxy_to(origin), **ONE_WORKER})
    for _ in range(5):
        assert prox.fetch().status == 200
    assert len(origin.connections) == 1


def test_concurrent_requests_do_not_share_a_connection(start_prox, upstream):
    go = threading.Event()

    def script(connection):
        request = connection.read_request()
        connection.wait(go)
        connection.send(response_bytes(request.target.encode()))

    origin = upstream(script)
    prox = start_prox({**proxy_to(origin), **ONE_WORKER})
    clients = [prox.connect() for _ in range(5)]
    for number, client in enumerate(clients):
        client.send_request(target=f"/{number}")
    origin.wait_connection(4)
    go.set()
    assert [client.read_response().body for client in clients] == [b"/0", b"/1", b"/2", b"/3", b"/4"]


def test_pipelined_requests_are_answered_in_order(start_prox, upstream):
    origin = upstream(serve(lambda request: response_bytes(request.target.encode() + request.body)))
    client = start_prox(proxy_to(origin)).connect()
    pipeline = b""
    for number in range(30):
        pipeline += b"POST /%d HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc" % number
    client.send(pipeline)
    assert [client.read_response().body for _ in range(30)] == [b"/%dabc" % number for number in range(30)]


def test_pipelined_answers_keep_order_when_the_first_is_slow(start_prox, upstream):
    go = threading.Event()

    def script(connection):
        while request := connection.read_request():
            if request.target == "/slow":
                connection.wait(go)
            connection.send(response_bytes(request.target.encode()))

    client = start_prox(proxy_to(upstream(script))).connect()
    client.send(b"".join(b"GET /%b HTTP/1.1\r\nHost: a.test\r\n\r\n" % name for name in (b"slow", b"fast", b"last")))
    client.assert_quiet()
    go.set()
    assert [client.read_response().body for _ in range(3)] == [b"/slow", b"/fast", b"/last"]


def test_pipelined_requests_of_all_framings_after_each_other(start_prox, echo):
    client = start_prox(proxy_to(echo)).connect()
    chunked = http1.encode_chunked([b"one", b"two"])
    client.send(b"POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked
                + b"HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n"
                + b"PUT /length HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
                + b"GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    first = Echoed(client.read_response())
    head = client.read_response("HEAD")
    second, last = Echoed(client.read_response()), Echoed(client.read_response())
    assert (first.target, first.body_length) == ("/chunked", 6)
    assert head.body == b""
    assert (second.target, second.body_length, last.target) == ("/length", 4, "/end")
    client.assert_closed()


def test_connection_close_of_the_client_is_honoured(start_prox, upstream):
    client = start_prox(proxy_to(upstream(answer()))).connect()
    response = client.exchange(fields=[("Connection", "close")])
    assert (response.body, response.closes) == (b"hello", True)
    client.assert_closed()


def test_empty_lines_before_a_request_are_skipped(start_prox, upstream):
    client = start_prox(proxy_to(upstream(answer()))).connect()
    client.send(b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert client.read_response().status == 200


def test_client_that_half_closes_still_gets_an_answer_that_is_ready(start_prox):
    client = start_prox(static_site("hello")).connect()
    client.send_request()
    client.half_close()
    assert client.read_response().body == b"hello"
    client.assert_closed()


@pytest.mark.parametrize("way", ["reset", "close", "half_close"])
def test_client_that_goes_away_frees_the_upstream(start_prox, upstream, way):
    ended = threading.Event()

    def script(connection):
        connection.read_request()
        connection.wait_closed()
        ended.set()

    origin = upstream(script)
    client = start_prox(proxy_to(origin)).connect()
    client.send_request()
    origin.wait_request()
    getattr(client, way)()
    assert ended.wait(5)


def test_http_1_0_closes_unless_asked_to_stay(start_prox, upstream):
    prox = start_prox(proxy_to(upstream(answer())))
    client = prox.connect()
    assert client.exchange(version="1.0").body == b"hello"
    client.assert_closed()
    staying = prox.connect()
    for _ in range(3):
        response = staying.exchange(version="1.0", fields=[("Connection", "keep-alive")])
        assert response.body == b"hello"
        assert "keep-alive" in response.tokens("Connection")


def test_upstream_that_closes_politely_is_not_asked_again_on_that_connection(start_prox, upstream):
    origin = upstream(answer(fields=[("Connection", "close")]))
    client = start_prox({**proxy_to(origin), **ONE_WORKER}).connect()
    for _ in range(3):
        assert client.exchange(method="POST", body=b"x").status == 200
    assert len(origin.connections) == 3


def test_upstream_speaking_http_1_0_is_not_pooled(start_prox, upstream):
    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")
        connection.close()

    origin = upstream(script)
    client = start_prox({**proxy_to(origin), **ONE_WORKER}).connect()
    assert [client.exchange(method="POST", body=b"").body for _ in range(3)] == [b"ok"] * 3
    assert len(origin.connections) == 3


def dies_on_its_second_request(end):
    """A script that answers one request and ends each connection (by `end`) when the next one has come."""

    def script(connection):
        connection.send(response_bytes(b"%d" % connection.number)) if connection.read_request() else None
        if connection.read_request():
            end(connection)

    return script


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("method, body", [("GET", None), ("HEAD", None), ("OPTIONS", None), ("DELETE", None), ("PUT", None)])
def test_idempotent_request_is_retried_once_on_a_stale_connection(start_prox, upstream, method, body, end):
    origin = upstream(dies_on_its_second_request(lambda connection: getattr(connection, end)()))
    client = start_prox({**proxy_to(origin), **ONE_WORKER}).connect()
    assert client.exchange().body == b"0"
    client.send_request(method, "/again", body=body)
    assert client.read_head(method).status == 200
    assert [request.target for request in origin.requests] == ["/", "/again", "/again"]


def test_post_is_not_retried_on_a_stale_connection(start_prox, upstream):
    origin = upstream(dies_on_its_second_request(lambda connection: connection.close()))
    client = start_prox({**proxy_to(origin), **ONE_WORKER}).connect()
    assert client.exchange().body == b"0"
    assert client.exchange("POST", "/again", body=b"once").status == 502
    assert [request.target for request in origin.requests] == ["/", "/again"]


def test_retry_happens_only_once(start_prox, upstream):
    def script(connection):
        if connection.number == 0:
            connection.read_request()
            connection.send(response_bytes(b"first"))
        connection.read_request()
        connection.close()

    origin = upstream(script)
    client = start_prox({**proxy_to(origin), **ONE_WORKER}).connect()
    assert client.exchange().body == b"first"
    assert client.exchange(target="/again").status == 502
    assert [request.target for request in origin.requests] == ["/", "/again", "/again"]


def test_no_retry_after_a_byte_of_the_response(start_prox, upstream):
    def script(connection):
        connection.read_request()
        connection.send(response_bytes(b"first"))
        if connection.read_request():
            connection.send(b"HTTP/1.1 2")
            connection.close()

    origin = upstream(script)
    client = start_prox({**proxy_to(origin), **ONE_WORKER}).connect()
    assert client.exchange().body == b"first"
    assert client.exchange(target="/again").status == 502
    assert len(origin.requests) == 2


def test_pooled_connection_closed_while_idle_is_not_used(start_prox, upstream):
    closed = threading.Event()

    def script(connection):
        connection.read_request()
        connection.send(response_bytes(b"%d" % connection.number))
        connection.close()
        closed.set()

    prox = start_prox({**proxy_to(upstream(script)), **ONE_WORKER})
    client = prox.connect()
    assert client.exchange("POST", body=b"x").body == b"0"
    assert closed.wait(5)
    client.assert_quiet(0.1)  # prox has seen the close by now
    assert client.exchange("POST", body=b"x").body == b"1"


def test_idle_connection_on_which_the_upstream_speaks_is_not_used(start_prox, upstream):
    def script(connection):
        connection.read_request()
        connection.send(response_bytes(b"%d" % connection.number) + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        connection.wait_closed()

    origin = upstream(script)
    client = start_prox({**proxy_to(origin), **ONE_WORKER}).connect()
    assert client.exchange().body == b"0"
    wait_for(origin.connections[0].ended.is_set, what="prox drops the connection that spoke unasked")
    assert client.exchange().body == b"1"


def test_max_requests_per_conn_closes_politely(start_prox, upstream):
    client = start_prox(proxy_to(upstream(answer()), {"max_requests_per_conn": 3})).connect()
    assert [client.exchange().closes for _ in range(3)] == [False, False, True]
    client.assert_closed()
