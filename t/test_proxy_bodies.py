"""Bodies through the proxy: every framing both ways, trailers, 1xx, and answers before their time."""

import hashlib
import threading

import pytest

from lib import http1
from lib.prox import proxy_to
from lib.upstream import Echoed, answer, response_bytes, serve

BODY = bytes(range(256)) * 4096  # 1 MiB


def chunked_response(pieces, trailers=(), fields=()):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + http1.encode_fields(fields)
    return head + b"\r\n" + http1.encode_chunked(pieces, trailers)


def close_delimited(body, version=b"1.1"):
    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/" + version + b" 200 OK\r\n\r\n" + body)
        connection.close()

    return script


def split(body, size):
    return [body[at:at + size] for at in range(0, len(body), size)]


@pytest.mark.parametrize("size", [0, 1, 100, 16384, 65536, len(BODY)])
def test_request_body_with_length(start_prox, echo, size):
    body = BODY[:size]
    seen = Echoed(start_prox(proxy_to(echo)).fetch(method="POST", body=body))
    assert (seen.framing, seen.body_length) == ("length", size)
    assert seen.body_sha256 == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize("piece", [1, 1000, 65536, len(BODY)])
def test_request_body_chunked_stays_chunked(start_prox, echo, piece):
    body = BODY[:piece * 300]
    client = start_prox(proxy_to(echo)).connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + http1.encode_chunked(split(body, piece), [("X-Sum", "1"), ("X-More", "2")]))
    seen = Echoed(client.read_response())
    assert (seen.framing, seen.body_length) == ("chunked", len(body))
    assert seen.body_sha256 == hashlib.sha256(body).hexdigest()
    assert seen.trailers == [("X-Sum", "1"), ("X-More", "2")]


def test_request_chunk_extensions_and_odd_spellings_are_understood(start_prox, echo):
    client = start_prox(proxy_to(echo)).connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
                b"0003;name=value\r\nabc\r\nA;q=\"x y\"\r\n0123456789\r\n000\r\n\r\n")
    assert Echoed(client.read_response()).body_sha256 == hashlib.sha256(b"abc0123456789").hexdigest()


@pytest.mark.parametrize("size", [0, 1, 16384, len(BODY)])
def test_response_body_with_length(start_prox, upstream, size):
    response = start_prox(proxy_to(upstream(answer(BODY[:size])))).fetch()
    assert (response.framing, response.body) == ("length", BODY[:size])


@pytest.mark.parametrize("piece", [1, 1000, len(BODY)])
def test_response_body_chunked_with_trailers(start_prox, upstream, piece):
    body = BODY[:piece * 300]
    origin = upstream(serve(lambda _: chunked_response(split(body, piece), [("X-Sum", "1")], [("Trailer", "X-Sum")])))
    client = start_prox(proxy_to(origin)).connect()
    for _ in range(2):
        response = client.exchange(fields=[("TE", "trailers"), ("Connection", "TE")])
        assert (response.framing, response.body, response.trailers) == ("chunked", body, [("X-Sum", "1")])


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("size", [0, 100, len(BODY)])
def test_response_body_delimited_by_close(start_prox, upstream, version, size):
    client = start_prox(proxy_to(upstream(close_delimited(BODY[:size], version)))).connect()
    response = client.exchange()
    assert response.body == BODY[:size]
    assert response.framing in ("chunked", "close")


def test_http_1_0_client_never_gets_chunks(start_prox, upstream):
    origin = upstream(serve(lambda _: chunked_response([b"abc", b"def"], [("T", "v")])))
    client = start_prox(proxy_to(origin)).connect()
    response = client.exchange(version="1.0", fields=[("Connection", "keep-alive")])
    assert (response.framing, response.body) == ("close", b"abcdef")
    assert "keep-alive" not in response.tokens("Connection")


@pytest.mark.parametrize("status", [200, 204, 304, 404])
def test_head_has_the_same_head_and_no_body(start_prox, upstream, status):
    reply = f"HTTP/1.1 {status} X\r\n" + ("Content-Length: 1234\r\n" if status != 204 else "") + "\r\n"
    client = start_prox(proxy_to(upstream(serve(lambda _: reply.encode())))).connect()
    for _ in range(3):
        response = client.exchange("HEAD")
        assert response.status == status
        assert response.get("Content-Length") == (None if status == 204 else "1234")


def test_head_of_a_chunked_response(start_prox, upstream):
    client = start_prox(proxy_to(upstream(serve(
        lambda _: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")))).connect()
    assert [client.exchange("HEAD").status for _ in range(3)] == [200] * 3


@pytest.mark.parametrize("reply", [
    b"HTTP/1.1 204 None\r\n\r\n", b"HTTP/1.1 304 Same\r\nETag: \"x\"\r\n\r\n",
    b"HTTP/1.1 304 Same\r\nContent-Length: 99\r\n\r\n",
    b"HTTP/1.1 304 Same\r\nTransfer-Encoding: chunked\r\n\r\n",
], ids=["204", "304", "304-with-length", "304-chunked"])
def test_responses_without_body_leave_both_connections_usable(start_prox, upstream, reply):
    origin = upstream(serve(lambda _: reply))
    client = start_prox({**proxy_to(origin), "process": {"workers": 1}}).connect()
    assert [client.exchange().body for _ in range(3)] == [b""] * 3
    assert len(origin.connections) == 1


def test_expect_100_continue_is_relayed(start_prox, upstream):
    def script(connection):
        request = connection.read_head()
        assert request.tokens("Expect") == ["100-continue"]
        assert connection.stream.unread() == b""
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.read_rest(request)
        connection.send(response_bytes(request.body))

    client = start_prox(proxy_to(upstream(script))).connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    assert client.read_head().status == 100
    client.send(b"body")
    assert client.read_response().body == b"body"


def test_expect_100_continue_refused_by_the_upstream(start_prox, upstream):
    def script(connection):
        connection.read_head()
        connection.send(response_bytes(b"too big", 413, [("Connection", "close")]))
        connection.wait_closed()

    client = start_prox(proxy_to(upstream(script))).connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\nExpect: 100-continue\r\n\r\n")
    response = client.read_response()
    assert (response.status, response.body, response.interim) == (413, b"too big", [])


def test_another_expectation_is_417(start_prox, upstream):
    origin = upstream(answer())
    assert start_prox(proxy_to(origin)).fetch(fields=[("Expect", "tea")]).status == 417
    assert origin.connections == []


@pytest.mark.parametrize("version, statuses", [("1.1", [103, 102, 100]), ("1.0", [])])
def test_interim_responses_reach_only_http_1_1_clients(start_prox, upstream, version, statuses):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    rest = b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    client = start_prox(proxy_to(upstream(serve(lambda _: hints + rest + response_bytes(b"final"))))).connect()
    response = client.exchange(version=version)
    assert [interim.status for interim in response.interim] == statuses
    assert response.body == b"final"
    if statuses:
        assert response.interim[0].get("Link") == "</a.css>"


def test_interim_response_is_passed_on_at_once(start_prox, upstream):
    go = threading.Event()

    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        connection.wait(go)
        connection.send(response_bytes(b"final"))

    client = start_prox(proxy_to(upstream(script))).connect()
    client.send_request()
    assert client.read_head().status == 103
    go.set()
    assert client.read_response().body == b"final"


def test_unasked_101_is_502(start_prox, upstream):
    switch = b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
    assert start_prox(proxy_to(upstream(serve(lambda _: switch)))).fetch().status == 502


def test_early_answer_while_the_client_uploads(start_prox, upstream):
    def script(connection):
        connection.read_head()
        connection.send(response_bytes(b"no", 403))
        connection.wait_closed()

    client = start_prox(proxy_to(upstream(script))).connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
    response = client.read_response()
    assert (response.status, response.body) == (403, b"no")


def test_early_answer_and_close_while_the_client_uploads_without_pause(start_prox, upstream):
    def script(connection):
        connection.read_head()
        connection.send(response_bytes(b"no", 403, [("Connection", "close")]))
        connection.half_close()
        connection.wait_closed()

    client = start_prox(proxy_to(upstream(script))).connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n" + b"x" * 200000)
    assert client.read_response().body == b"no"


@pytest.mark.parametrize("flush_interval", [None, 0, -1])
def test_response_pieces_are_passed_on_as_they_come(start_prox, upstream, flush_interval):
    next_piece = threading.Semaphore(0)

    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n")
        for _ in range(3):
            assert next_piece.acquire(timeout=10)
            connection.send(b"5\r\nevent\r\n")
        connection.send(b"0\r\n\r\n")

    settings = {} if flush_interval is None else {"flush_interval": flush_interval}
    client = start_prox(proxy_to(upstream(script), settings)).connect()
    client.send_request()
    assert client.read_head().status == 200
    for _ in range(3):
        client.assert_quiet(0.05)
        next_piece.release()
        assert client.stream.read_until(b"event\r\n", deadline=2)
    assert client.stream.read_until(b"0\r\n\r\n")


def test_request_pieces_are_passed_on_as_they_come(start_prox, upstream):
    arrived = threading.Semaphore(0)

    def script(connection):
        connection.read_head()
        for _ in range(3):
            assert connection.stream.read_until(b"piece")
            arrived.release()
        connection.send(response_bytes(b"done"))

    client = start_prox(proxy_to(upstream(script))).connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 15\r\n\r\n")
    for _ in range(3):
        client.send(b"piece")
        assert arrived.acquire(timeout=5)
    assert client.read_response().body == b"done"
