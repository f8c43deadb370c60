"""Limits: each has a default, a key and its own answer."""

import pytest

from lib import http1
from lib.prox import proxy_to
from lib.upstream import Echoed, answer, response_bytes, serve

KIB = 1024


def head_of_size(size):
    """A request head of exactly `size` bytes."""
    start, end = b"GET / HTTP/1.1\r\nHost: a.test\r\nX-Pad: ", b"\r\n\r\n"
    return start + b"p" * (size - len(start) - len(end)) + end


def assert_refused(client, status, origin):
    response = client.read_response()
    assert response.status == status
    assert response.get("Content-Type") == "text/plain; charset=utf-8"
    client.assert_closed()
    assert origin.connections == []


@pytest.mark.parametrize("size", [4 * KIB, 16 * KIB, 32 * KIB, 60 * KIB])
def test_big_request_head_passes(start_prox, echo, size):
    client = start_prox(proxy_to(echo)).connect()
    client.send(head_of_size(size))
    assert len(Echoed(client.read_response()).get("X-Pad")) > size - 100


@pytest.mark.parametrize("settings, fits, too_big", [({}, 64 * KIB, 64 * KIB + 1), ({"max_header_bytes": 2048}, 2048, 2049)])
def test_head_over_max_header_bytes_is_431(start_prox, upstream, settings, fits, too_big):
    origin = upstream(answer())
    prox = start_prox(proxy_to(origin, settings))
    client = prox.connect()
    client.send(head_of_size(too_big))
    assert_refused(client, 431, origin)
    client = prox.connect()
    client.send(head_of_size(fits))
    assert client.read_response().status == 200


def test_head_that_never_ends_is_431(start_prox, upstream):
    origin = upstream(answer())
    client = start_prox(proxy_to(origin)).connect()
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-Line: value\r\n" * 100 + b"X: " + b"x" * 65 * KIB)
    assert client.read_response().status == 431


@pytest.mark.parametrize("settings, limit", [({}, 200), ({"max_header_count": 10}, 10)])
def test_too_many_header_lines_are_431(start_prox, upstream, settings, limit):
    origin = upstream(answer())
    prox = start_prox(proxy_to(origin, settings))
    client = prox.connect()
    client.send_request(fields=[(f"X-{number}", "v") for number in range(limit)])  # and Host
    assert_refused(client, 431, origin)
    assert prox.fetch(fields=[(f"X-{number}", "v") for number in range(limit - 1)]).status == 200


@pytest.mark.parametrize("settings, limit", [({}, 16384), ({"max_uri_bytes": 100}, 100)])
def test_long_request_line_is_414(start_prox, upstream, settings, limit):
    origin = upstream(answer())
    prox = start_prox(proxy_to(origin, settings))
    client = prox.connect()
    client.send_request(target="/" + "u" * limit)
    assert_refused(client, 414, origin)
    assert prox.fetch("/" + "u" * (limit - 30)).status == 200


def test_body_length_over_max_body_bytes_is_413(start_prox, upstream):
    origin = upstream(answer())
    prox = start_prox(proxy_to(origin, {"max_body_bytes": 1000}))
    client = prox.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n")
    assert client.read_response().status == 413
    client.assert_closed()
    assert origin.connections == []
    assert prox.fetch(method="POST", body=b"x" * 1000).status == 200


def test_chunked_body_over_max_body_bytes_is_413_and_never_looks_whole(start_prox, upstream):
    origin = upstream(answer())
    prox = start_prox(proxy_to(origin, {"max_body_bytes": 1000}))
    client = prox.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + http1.encode_chunked([b"x" * 600, b"x" * 600]))
    assert client.read_response().status == 413
    client.read_until_closed()
    assert origin.requests == []


def test_trailers_over_8_kib_are_refused(start_prox, upstream):
    origin = upstream(answer())
    client = start_prox(proxy_to(origin)).connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + http1.encode_chunked([b"x"], [("X-T", "t" * 9 * KIB)]))
    assert client.read_response().status in (400, 431)
    client.read_until_closed()
    assert origin.requests == []


def test_chunk_extension_over_4_kib_is_refused(start_prox, upstream):
    origin = upstream(answer())
    client = start_prox(proxy_to(origin)).connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"1;" + b"e" * 5 * KIB + b"\r\nx\r\n0\r\n\r\n")
    assert client.read_response().status == 400
    client.assert_closed()
    assert origin.requests == []


def test_big_response_head_passes(start_prox, upstream):
    fields = [(f"X-Pad-{number}", "p" * 5000) for number in range(12)]
    response = start_prox(proxy_to(upstream(answer(fields=fields)))).fetch()
    assert [value for name, value in response.fields if name.startswith("X-Pad")] == ["p" * 5000] * 12


def test_response_head_over_64_kib_is_502(start_prox, upstream):
    prox = start_prox(proxy_to(upstream(answer(fields=[("X-Pad", "p" * 65 * KIB)]))))
    assert prox.fetch().status == 502


def test_default_of_max_requests_per_conn_is_1000(start_prox, upstream):
    client = start_prox(proxy_to(upstream(answer()))).connect()
    pipeline = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 1000
    client.send(pipeline)
    closes = [client.read_response().closes for _ in range(1000)]
    assert closes == [False] * 999 + [True]
    client.assert_closed()


def test_unlimited_requests_per_conn(start_prox, upstream):
    origin = upstream(serve(lambda _: response_bytes(b"x")))
    client = start_prox(proxy_to(origin, {"max_requests_per_conn": 0})).connect()
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 1100)
    assert not any(client.read_response().closes for _ in range(1100))
