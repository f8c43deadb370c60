"""Malformed HTTP/2 (RFC 9113): refused on its stream or its connection, and never forwarded, in whatever form."""

import struct
import threading

import pytest

from lib.http2 import Codes, frames, is_refused
from lib.prox import proxy_to
from lib.upstream import response_bytes, serve

GET = [(":method", "GET"), (":scheme", "http"), (":authority", "a.test"), (":path", "/")]
POST = [(":method", "POST"), *GET[1:]]


def replaced(name, value):
    return [(key, value if key == name else old) for key, old in GET]


def without(name):
    return [field for field in GET if field[0] != name]


@pytest.fixture
def origin(upstream):
    return upstream(serve(lambda request: response_bytes(b"seen")))


# RFC 9113 §8.2 and §8.3: heads that no server may take.
HEADS = {
    "upper-case name": [*GET, ("X-Upper", "1")],
    "space in a name": [*GET, ("x bad", "1")],
    "colon in a name": [*GET, ("x:bad", "1")],
    "empty name": [*GET, ("", "1")],
    "line end in a name": [*GET, ("x\r\nevil: 1", "1")],
    "CR in a value": [*GET, ("x", "a\rb")],
    "LF in a value": [*GET, ("x", "a\nb")],
    "NUL in a value": [*GET, ("x", "a\0b")],
    "space before a value": [*GET, ("x", " a")],
    "space behind a value": [*GET, ("x", "a ")],
    "connection": [*GET, ("connection", "close")],
    "keep-alive": [*GET, ("keep-alive", "timeout=1")],
    "proxy-connection": [*GET, ("proxy-connection", "close")],
    "transfer-encoding": [*GET, ("transfer-encoding", "chunked")],
    "upgrade": [*GET, ("upgrade", "h2c")],
    "te other than trailers": [*GET, ("te", "gzip")],
    "no method": without(":method"),
    "no scheme": without(":scheme"),
    "no path": without(":path"),
    "no authority and no host": without(":authority"),
    "two methods": [*GET, (":method", "GET")],
    "two paths": [(":path", "/a"), *GET],
    "two authorities": [(":authority", "b.test"), *GET],
    "two hosts": [*without(":authority"), ("host", "a.test"), ("host", "a.test")],
    "pseudo field behind a regular one": [*GET[:3], ("x", "1"), GET[3]],
    "unknown pseudo field": [*GET, (":unknown", "1")],
    "pseudo field of a response": [*GET, (":status", "200")],
    "protocol without CONNECT": [*GET, (":protocol", "websocket")],
    "host that differs": [*GET, ("host", "b.test")],
    "empty path": replaced(":path", ""),
    "path without a slash": replaced(":path", "a"),
    "absolute target": replaced(":path", "http://b.test/"),
    "asterisk with GET": replaced(":path", "*"),
    "space in the path": replaced(":path", "/a b"),
    "line end in the path": replaced(":path", "/ HTTP/1.1\r\nHost: evil\r\n\r\nGET /evil"),
    "fragment in the path": replaced(":path", "/a#b"),
    "space in the method": replaced(":method", "GET /evil HTTP/1.1"),
    "line end in the method": replaced(":method", "GET\r\n"),
    "user in the authority": replaced(":authority", "user@a.test"),
    "line end in the authority": replaced(":authority", "a.test\r\nX: y"),
    "comma in the authority": replaced(":authority", "a.test,b.test"),
    "port out of range": replaced(":authority", "a.test:99999"),
    "bad length": [*POST, ("content-length", "x")],
    "negative length": [*POST, ("content-length", "-1")],
    "signed length": [*POST, ("content-length", "+1")],
    "two lengths": [*POST, ("content-length", "1"), ("content-length", "1")],
    "list of lengths": [*POST, ("content-length", "1, 1")],
    "huge length": [*POST, ("content-length", "99999999999999999999")],
    "length without a body": [*POST, ("content-length", "5")],
    "connect with a path": [(":method", "CONNECT"), (":authority", "a.test:1"), (":path", "/")],
    "connect without an authority": [(":method", "CONNECT"), ("host", "a.test:1")],
    "connect without a port": [(":method", "CONNECT"), (":authority", "a.test")],
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_malformed_heads_are_refused(start_prox, origin, head):
    client = start_prox(proxy_to(origin)).connect_h2()
    assert is_refused(client, client.begin_with(head))
    if not client.goaways:
        assert client.fetch("/next").body == b"seen"
    assert b"evil" not in origin.received
    assert len(origin.requests) <= 1


@pytest.mark.parametrize("body", [b"", b"1234", b"123456"], ids=["none", "less", "more"])
def test_a_body_that_is_not_as_long_as_it_says(start_prox, origin, body):
    client = start_prox(proxy_to(origin)).connect_h2()
    stream_id = client.begin("POST", fields=[("content-length", "5")])
    client.h2.send_data(stream_id, body, end_stream=True)
    client.flush()
    response = client.read_end(stream_id)
    assert (response.status, response.reset) == (0, Codes.PROTOCOL_ERROR)
    assert client.fetch("/next").body == b"seen"
    assert [request.target for request in origin.requests] == ["/next"]


TRAILERS = {
    "pseudo field": [(":path", "/evil")],
    "content-length": [("content-length", "3")],
    "host": [("host", "evil")],
    "transfer-encoding": [("transfer-encoding", "chunked")],
    "connection": [("connection", "x")],
    "upper case": [("X-Sum", "1")],
    "line end": [("x", "a\r\nevil: 1")],
    "too large": [("x", "y" * 9000)],
}


@pytest.mark.parametrize("trailers", TRAILERS.values(), ids=TRAILERS.keys())
def test_malformed_trailers_are_refused(start_prox, origin, trailers):
    client = start_prox(proxy_to(origin)).connect_h2()
    stream_id = client.begin("POST")
    client.send_data(stream_id, b"abc")
    client.send_trailers(stream_id, trailers)
    assert is_refused(client, stream_id)
    assert not origin.requests
    assert b"evil" not in origin.received


def test_trailers_that_do_not_end_the_stream_are_refused(start_prox, origin):
    client = start_prox(proxy_to(origin)).connect_h2()
    stream_id = client.begin("POST")
    block = client.h2.encoder.encode([("x", "y")])
    client.send_frame(frames.HeadersFrame(stream_id, block, flags=["END_HEADERS"]))
    assert is_refused(client, stream_id)
    assert not origin.requests


def header(length, kind, flags=0, stream_id=0):
    return struct.pack(">I", length)[1:] + bytes([kind, flags]) + struct.pack(">I", stream_id)


DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)

# RFC 9113 §4 to §6: frames that end the connection, and how.
FRAMES = {
    "too large": (header(16385, DATA, 0, 1) + bytes(16385), Codes.FRAME_SIZE_ERROR),
    "DATA on stream 0": (header(1, DATA) + b"x", Codes.PROTOCOL_ERROR),
    "DATA on an idle stream": (header(1, DATA, 0, 101) + b"x", Codes.PROTOCOL_ERROR),
    "HEADERS on stream 0": (header(1, HEADERS, 5) + b"\x82", Codes.PROTOCOL_ERROR),
    "HEADERS on an even stream": (header(1, HEADERS, 5, 2) + b"\x82", Codes.PROTOCOL_ERROR),
    "undecodable HEADERS": (header(1, HEADERS, 5, 101) + b"\xff", Codes.COMPRESSION_ERROR),
    "index outside the table": (header(2, HEADERS, 5, 101) + b"\xff\x7f", Codes.COMPRESSION_ERROR),
    "frame between HEADERS and CONTINUATION": (header(1, HEADERS, 0, 101) + b"\x82" + header(8, PING) + bytes(8),
                                               Codes.PROTOCOL_ERROR),
    "CONTINUATION on its own": (header(1, CONTINUATION, 4, 101) + b"\x82", Codes.PROTOCOL_ERROR),
    "CONTINUATION of another stream": (header(1, HEADERS, 0, 101) + b"\x82" + header(1, CONTINUATION, 4, 103) + b"\x84",
                                       Codes.PROTOCOL_ERROR),
    "padding longer than the frame": (header(1, HEADERS, 0xd, 101) + b"\x09", Codes.PROTOCOL_ERROR),
    "RST_STREAM on stream 0": (header(4, RST_STREAM) + bytes(4), Codes.PROTOCOL_ERROR),
    "RST_STREAM on an idle stream": (header(4, RST_STREAM, 0, 101) + bytes(4), Codes.PROTOCOL_ERROR),
    "short RST_STREAM": (header(3, RST_STREAM, 0, 1) + bytes(3), Codes.FRAME_SIZE_ERROR),
    "SETTINGS on a stream": (header(0, SETTINGS, 0, 1), Codes.PROTOCOL_ERROR),
    "SETTINGS of 5 bytes": (header(5, SETTINGS) + bytes(5), Codes.FRAME_SIZE_ERROR),
    "SETTINGS acknowledgement with a payload": (header(6, SETTINGS, 1) + bytes(6), Codes.FRAME_SIZE_ERROR),
    "ENABLE_PUSH of 2": (header(6, SETTINGS) + struct.pack(">HI", 2, 2), Codes.PROTOCOL_ERROR),
    "window above 2^31-1": (header(6, SETTINGS) + struct.pack(">HI", 4, 1 << 31), Codes.FLOW_CONTROL_ERROR),
    "frame size below 16384": (header(6, SETTINGS) + struct.pack(">HI", 5, 16383), Codes.PROTOCOL_ERROR),
    "PUSH_PROMISE from a client": (header(5, PUSH_PROMISE, 4, 1) + struct.pack(">I", 2) + b"\x82", Codes.PROTOCOL_ERROR),
    "PING on a stream": (header(8, PING, 0, 1) + bytes(8), Codes.PROTOCOL_ERROR),
    "PING of 7 bytes": (header(7, PING) + bytes(7), Codes.FRAME_SIZE_ERROR),
    "GOAWAY on a stream": (header(8, GOAWAY, 0, 1) + bytes(8), Codes.PROTOCOL_ERROR),
    "WINDOW_UPDATE of 0 on the connection": (header(4, WINDOW_UPDATE) + bytes(4), Codes.PROTOCOL_ERROR),
    "WINDOW_UPDATE of 3 bytes": (header(3, WINDOW_UPDATE) + bytes(3), Codes.FRAME_SIZE_ERROR),
    "WINDOW_UPDATE on an idle stream": (header(4, WINDOW_UPDATE, 0, 101) + b"\0\0\0\1", Codes.PROTOCOL_ERROR),
    "connection window above 2^31-1": (header(4, WINDOW_UPDATE) + b"\x7f\xff\xff\xff", Codes.FLOW_CONTROL_ERROR),
}


@pytest.mark.parametrize("data,code", FRAMES.values(), ids=FRAMES.keys())
def test_connection_errors_end_in_goaway(start_prox, origin, data, code):
    prox = start_prox(proxy_to(origin))
    client = prox.connect_h2()
    assert client.fetch().status == 200
    client.send_frame(data)
    assert client.read_until_closed() == code
    assert prox.fetch().status == 200


def test_frames_that_must_be_put_up_with(start_prox, origin):
    """Unknown types, flags and settings, PRIORITY for anything, frames of streams that have just been closed."""
    client = start_prox(proxy_to(origin)).connect_h2()
    client.fetch()
    client.send_frame(header(3, 0xfa, 0xff, 1) + b"abc" + header(0, 0xfb))
    client.send_frame(header(6, SETTINGS, 0xfe) + struct.pack(">HI", 0x99, 7))
    client.send_frame(header(5, PRIORITY, 0, 301) + struct.pack(">IB", 1, 3))
    client.send_frame(header(4, WINDOW_UPDATE, 0, 1) + b"\0\0\0\1" + header(4, RST_STREAM, 0, 1) + bytes(4))
    client.send_frame(header(8, PING, 0xfe) + bytes(8))
    assert client.fetch().body == b"seen"
    assert not client.goaways


@pytest.mark.parametrize("after", [b"", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", bytes(100)], ids=["nothing", "http1", "zeros"])
def test_what_follows_the_preface_must_be_settings(start_prox, origin, after):
    prox = start_prox(proxy_to(origin, {"read_timeout": "200ms", "idle_timeout": "200ms"}))
    client = prox.connect()
    client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + after)
    client.read_until_closed()
    assert not origin.requests


def test_more_streams_than_allowed_are_refused_and_may_come_again(start_prox, upstream):
    """RFC 9113 §5.1.2, §8.7; the others go on."""
    go_on = threading.Event()

    def script(connection):
        while connection.read_request():
            connection.wait(go_on)
            connection.send(response_bytes(b"done"))

    origin = upstream(script)
    client = start_prox(proxy_to(origin, {"max_streams": 2})).connect_h2()
    client.settle()
    assert client.h2.remote_settings.max_concurrent_streams == 2
    client.h2.remote_settings._settings[3].append(100)  # pylint: disable=protected-access  # ours to break
    client.h2.remote_settings.acknowledge()
    first, second, third, fourth = (client.begin(ends=True) for _ in range(4))
    assert client.read_end(third).reset == client.read_end(fourth).reset == Codes.REFUSED_STREAM
    client.settle()
    assert not client.goaways and len(origin.connections) <= 2
    go_on.set()
    assert [client.read_response(each).body for each in (first, second)] == [b"done", b"done"]
    assert client.fetch().body == b"done"
