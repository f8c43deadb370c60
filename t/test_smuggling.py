"""Requests that two parsers could read in two ways: refused with 400, closed, and nothing forwarded."""

import pytest

from lib.prox import proxy_to
from lib.upstream import answer, response_bytes

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a.test\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
EMPTY = b"0\r\n\r\n"

AMBIGUOUS_LENGTHS = {
    "cl-te": POST + b"Content-Length: 6\r\n" + CHUNKED + b"\r\n" + EMPTY + b"G",
    "te-cl": POST + CHUNKED + b"Content-Length: 4\r\n\r\n" + b"5c\r\n" + SMUGGLED,
    "cl-te-equal": POST + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n" + EMPTY,
    "cl-0-te": POST + b"Content-Length: 0\r\n" + CHUNKED + b"\r\n" + EMPTY,
    "te-identity-and-cl": POST + b"Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc",
    "te-te-unknown-last": POST + CHUNKED + b"Transfer-Encoding: x\r\n\r\n" + EMPTY,
    "te-te-identity": POST + CHUNKED + b"Transfer-Encoding: identity\r\n\r\n" + EMPTY,
    "te-chunked-twice": POST + CHUNKED + CHUNKED + b"\r\n" + EMPTY,
    "te-chunked-chunked": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + EMPTY,
    "te-chunked-not-last": POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n" + EMPTY,
    "te-empty": POST + b"Transfer-Encoding:\r\n\r\n" + EMPTY,
    "te-vertical-tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + EMPTY,
    "te-on-http-1.0": b"POST / HTTP/1.0\r\nHost: a.test\r\n" + CHUNKED + b"\r\n" + EMPTY,
    "cl-twice-differing": POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "cl-list-differing": POST + b"Content-Length: 3, 4\r\n\r\nabcd",
    "cl-twice-with-case": POST + b"Content-Length: 0\r\ncontent-length: 40\r\n\r\n" + SMUGGLED,
    "cl-plus": POST + b"Content-Length: +3\r\n\r\nabc",
    "cl-minus": POST + b"Content-Length: -3\r\n\r\nabc",
    "cl-hex": POST + b"Content-Length: 0x3\r\n\r\nabc",
    "cl-space": POST + b"Content-Length: 1 2\r\n\r\nabc",
    "cl-empty": POST + b"Content-Length:\r\n\r\nabc",
    "cl-overflow": POST + b"Content-Length: 18446744073709551617\r\n\r\na",
}

MALFORMED_HEADS = {
    "bare-lf-after-request-line": b"GET / HTTP/1.1\nHost: a.test\r\n\r\n",
    "bare-lf-after-field": b"GET / HTTP/1.1\r\nHost: a.test\nX: y\r\n\r\n",
    "bare-lf-at-end": b"GET / HTTP/1.1\r\nHost: a.test\r\n\n",
    "bare-lf-everywhere": b"GET / HTTP/1.1\nHost: a.test\n\n",
    "bare-cr-in-value": b"GET / HTTP/1.1\r\nHost: a.test\r\nX: a\rb\r\n\r\n",
    "bare-cr-hides-field": POST + b"X: y\rTransfer-Encoding: chunked\r\n\r\n",
    "obs-fold-space": b"GET / HTTP/1.1\r\nHost: a.test\r\nX: a\r\n b\r\n\r\n",
    "obs-fold-tab": b"GET / HTTP/1.1\r\nHost: a.test\r\nX: a\r\n\tb\r\n\r\n",
    "obs-fold-te": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + EMPTY,
    "space-before-first-field": b"GET / HTTP/1.1\r\n Host: a.test\r\n\r\n",
    "space-before-colon": POST + b"Transfer-Encoding : chunked\r\n\r\n" + EMPTY,
    "tab-before-colon": POST + b"Content-Length\t: 3\r\n\r\nabc",
    "space-in-name": b"GET / HTTP/1.1\r\nHost: a.test\r\nX Y: z\r\n\r\n",
    "no-colon": b"GET / HTTP/1.1\r\nHost: a.test\r\nX\r\n\r\n",
    "empty-name": b"GET / HTTP/1.1\r\nHost: a.test\r\n: x\r\n\r\n",
    "nul-in-name": b"GET / HTTP/1.1\r\nHost: a.test\r\nX\0: y\r\n\r\n",
    "nul-in-value": b"GET / HTTP/1.1\r\nHost: a.test\r\nX: a\0b\r\n\r\n",
    "nul-in-target": b"GET /\0 HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "nul-in-method": b"G\0T / HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "control-in-value": b"GET / HTTP/1.1\r\nHost: a.test\r\nX: a\x01b\r\n\r\n",
    "del-in-target": b"GET /\x7f HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "fragment-in-target": b"GET /a#b HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "two-spaces-in-request-line": b"GET  / HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "tab-in-request-line": b"GET\t/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "space-in-target": b"GET /a b HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "space-after-version": b"GET / HTTP/1.1 \r\nHost: a.test\r\n\r\n",
    "space-before-method": b" GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "no-version": b"GET /\r\nHost: a.test\r\n\r\n",
    "lower-case-version": b"GET / http/1.1\r\nHost: a.test\r\n\r\n",
    "relative-target": b"GET a HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "asterisk-for-get": b"GET * HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "http-0.9": b"GET /\r\n\r\n",
}

BAD_CHUNKS = {
    "size-overflow": b"10000000000000001\r\nx\r\n" + EMPTY,
    "size-overflow-wraps-to-1": b"100000000000000001\r\nx\r\n" + EMPTY,
    "size-all-f": b"ffffffffffffffff\r\nx\r\n" + EMPTY,
    "size-minus": b"-1\r\nx\r\n" + EMPTY,
    "size-plus": b"+1\r\nx\r\n" + EMPTY,
    "size-0x": b"0x1\r\nx\r\n" + EMPTY,
    "size-empty": b"\r\nx\r\n" + EMPTY,
    "size-not-hex": b"g\r\nx\r\n" + EMPTY,
    "size-space-before": b" 1\r\nx\r\n" + EMPTY,
    "size-bare-lf": b"1\nx\r\n" + EMPTY,
    "size-bare-cr": b"1\rx\r\n" + EMPTY,
    "data-bare-lf": b"1\r\nx\n" + EMPTY,
    "data-too-long": b"1\r\nxy\r\n" + EMPTY,
    "data-too-short": b"5\r\nx\r\n" + EMPTY,
    "extension-bare-lf": b"1;a\nb\r\nx\r\n" + EMPTY,
    "extension-nul": b"1;a\0\r\nx\r\n" + EMPTY,
    "last-chunk-bare-lf": b"1\r\nx\r\n0\n\r\n",
    "trailer-no-colon": b"0\r\nX\r\n\r\n",
    "trailer-obs-fold": b"0\r\nX: a\r\n b\r\n\r\n",
    "trailer-bare-lf": b"0\r\nX: a\n\r\n",
    "trailer-space-before-colon": b"0\r\nX : a\r\n\r\n",
}


def assert_refused(client, origin, status=400):
    response = client.read_response()
    assert response.status == status
    assert response.closes
    client.assert_closed()
    assert origin.received == b""


@pytest.fixture
def proxied(start_prox, upstream):
    """A raw client through prox to an origin that answers everything: (client, origin)."""
    origin = upstream(answer())
    return start_prox({**proxy_to(origin), "process": {"workers": 1}}).connect(), origin


@pytest.mark.parametrize("request_bytes", AMBIGUOUS_LENGTHS.values(), ids=AMBIGUOUS_LENGTHS)
def test_ambiguous_length_is_refused(proxied, request_bytes):
    client, origin = proxied
    client.send(request_bytes + SMUGGLED)
    assert_refused(client, origin)


@pytest.mark.parametrize("request_bytes", MALFORMED_HEADS.values(), ids=MALFORMED_HEADS)
def test_malformed_head_is_refused(proxied, request_bytes):
    client, origin = proxied
    client.send(request_bytes + SMUGGLED)
    assert_refused(client, origin)


@pytest.mark.parametrize("body", BAD_CHUNKS.values(), ids=BAD_CHUNKS)
def test_malformed_chunks_are_refused(proxied, body):
    client, origin = proxied
    client.send(POST + CHUNKED + b"\r\n" + body + SMUGGLED)
    assert_refused(client, origin)


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"xchunked", b"deflate", b"\"chunked\"", b"chunked;q=1"])
def test_unknown_transfer_coding_is_refused(proxied, coding):
    client, origin = proxied
    client.send(POST + b"Transfer-Encoding: " + coding + b"\r\n\r\n" + EMPTY + SMUGGLED)
    response = client.read_response()
    assert response.status in (400, 501)
    client.assert_closed()
    assert origin.received == b""


def test_refused_after_a_good_request_on_the_same_connection(proxied):
    client, origin = proxied
    client.send(b"GET /good HTTP/1.1\r\nHost: a.test\r\n\r\n" + AMBIGUOUS_LENGTHS["cl-te"] + SMUGGLED)
    assert client.read_response().status == 200
    assert client.read_response().status == 400
    client.assert_closed()
    assert [request.target for request in origin.requests] == ["/good"]


@pytest.mark.parametrize("body", BAD_CHUNKS.values(), ids=BAD_CHUNKS)
def test_malformed_chunks_after_a_good_one_never_look_whole(start_prox, upstream, body):
    """The head and a first chunk are already forwarded here, so the upstream must see a cut request."""
    origin = upstream(answer())
    client = start_prox({**proxy_to(origin), "process": {"workers": 1}}).connect()
    client.send(POST + CHUNKED + b"\r\n3\r\nabc\r\n")
    connection = origin.wait_connection()
    client.send(body + SMUGGLED)
    assert client.read_response().status == 400
    client.assert_closed()
    assert connection.ended.wait(5)
    assert origin.requests == []
    assert b"smuggled" not in origin.received


def test_body_that_looks_like_a_request_is_only_a_body(proxied):
    client, origin = proxied
    client.send(POST + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED)
    assert client.read_response().status == 200
    assert [(request.method, request.body) for request in origin.requests] == [("POST", SMUGGLED)]


def test_body_of_get_is_not_taken_for_the_next_request(proxied):
    client, origin = proxied
    client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED)
    assert client.read_response().status == 200
    client.assert_quiet()
    assert [request.body for request in origin.requests] == [SMUGGLED]


def test_one_equal_content_length_twice_is_never_forwarded_twice(proxied):
    """RFC 9110 §8.6 allows to refuse it or to merge it; here the connection must stay unambiguous."""
    client, origin = proxied
    client.send(POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc")
    assert client.read_response().status == 400
    client.assert_closed()
    assert origin.received == b""


def test_response_splitting_bytes_after_a_response_are_not_passed_on(start_prox, upstream):
    def script(connection):
        connection.read_request()
        connection.send(response_bytes(b"good") + response_bytes(b"evil"))
        connection.read_request()

    client = start_prox({**proxy_to(upstream(script)), "process": {"workers": 1}}).connect()
    assert client.exchange().body == b"good"
    client.assert_quiet()
