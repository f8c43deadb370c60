"""Floods on HTTP/2 connections: each ends in GOAWAY with ENHANCE_YOUR_CALM, costs little, and honest clients are served meanwhile."""

import struct
import threading

import pytest

from lib import http1, procfs
from lib.http2 import Codes, H2Client
from lib.prox import proxy_to
from lib.upstream import response_bytes, serve
from lib.waits import DEADLINE, SANITIZED

MIB = 1024 * 1024
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, _, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
PRIORITY_UPDATE = 0x10
MANY = 50_000


def frame(kind, payload=b"", flags=0, stream_id=0):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream_id) + payload


# :method GET, :scheme http, :path /, :authority x, by static index and a literal.
HEAD = b"\x82\x86\x84\x01\x01x"


def resets():
    return b"".join(frame(HEADERS, HEAD, 5, id_) + frame(RST_STREAM, struct.pack(">I", 8), 0, id_)
                    for id_ in range(1, 2 * 5000, 2))


def provoked_resets():
    """Streams that the server has to reset: their windows overflow (CVE-2025-8671)."""
    return b"".join(frame(HEADERS, HEAD, 5, id_) + frame(WINDOW_UPDATE, b"\x7f\xff\xff\xff", 0, id_)
                    for id_ in range(1, 2 * 5000, 2))


def empty_heads():
    return b"".join(frame(HEADERS, b"", 5, id_) for id_ in range(1, 2 * 5000, 2))


def hpack_bomb():
    """A field of 4 KB in the dynamic table, and 50,000 references to it of a byte each."""
    block = HEAD + b"\x40\x01a\x7f\x81\x1e" + b"b" * 4000 + b"\xbe" * 50_000
    pieces = [block[at:at + 16384] for at in range(0, len(block), 16384)]
    return frame(HEADERS, pieces[0], 1, 1) + b"".join(
        frame(CONTINUATION, piece, 4 if piece is pieces[-1] else 0, 1) for piece in pieces[1:])


FLOODS = {
    "rapid reset": resets(),
    "provoked resets": provoked_resets(),
    "empty HEADERS": empty_heads(),
    "CONTINUATION": frame(HEADERS, HEAD, 1, 1) + frame(CONTINUATION, b"", 0, 1) * MANY,
    "large CONTINUATION": frame(HEADERS, HEAD, 1, 1) + frame(CONTINUATION, b"\x82" * 16384, 0, 1) * 200,
    "SETTINGS": frame(SETTINGS, struct.pack(">HI", 4, 65535)) * MANY,
    "PING": frame(PING, bytes(8)) * MANY,
    "empty DATA": frame(HEADERS, b"\x83" + HEAD[1:], 4, 1) + frame(DATA, b"", 0, 1) * MANY,
    "padded empty DATA": frame(HEADERS, b"\x83" + HEAD[1:], 4, 1) + frame(DATA, b"\x03\0\0\0", 8, 1) * MANY,
    "PRIORITY": frame(PRIORITY, struct.pack(">IB", 0, 3), 0, 1) * MANY,
    "PRIORITY_UPDATE": frame(PRIORITY_UPDATE, struct.pack(">I", 1) + b"u=1") * MANY,
    "WINDOW_UPDATE": frame(WINDOW_UPDATE, struct.pack(">I", 1)) * MANY,
    "HPACK bomb": hpack_bomb(),
}


class Honest(threading.Thread):
    """Asks for something again and again on a connection of its own, until it is told to stop."""

    def __init__(self, prox):
        super().__init__(daemon=True)
        self._prox, self._ended = prox, threading.Event()
        self.served = 0
        self.failure = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_exc):
        self._ended.set()
        self.join()

    def run(self):
        try:
            with H2Client(self._prox.port) as client:
                while not self._ended.is_set() or not self.served:
                    assert client.fetch("/honest").body == b"ok"
                    self.served += 1
        except AssertionError as error:
            self.failure = error


@pytest.fixture
def site(start_prox, upstream):
    origin = upstream(serve(lambda request: response_bytes(b"ok")))
    return start_prox({**proxy_to(origin, {"idle_timeout": "30s"}), "process": {"workers": 1}})


def send_all(client, data):
    """Sends until the other side has had enough."""
    try:
        client.socket.settimeout(DEADLINE)
        client.socket.sendall(data)
    except OSError:
        pass


def read_goaway(client):
    """Reads to the end of the connection; the error code of the last GOAWAY. python-h2 knows nothing of what a flood has sent."""
    try:
        client.stream.read_to_end()
    except http1.ConnectionReset:
        pass
    code, at, data = None, 0, client.stream.received
    while at + 9 <= len(data):
        size = int.from_bytes(data[at:at + 3], "big")
        if data[at + 3] == GOAWAY:
            code = int.from_bytes(data[at + 13:at + 17], "big")
        at += 9 + size
    return code


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_a_flood_ends_in_goaway_and_others_are_served(site, flood):
    (worker,) = site.workers()
    spent = procfs.cpu_seconds(worker)
    with Honest(site) as honest:
        client = site.connect_h2(starts=False)
        sender = threading.Thread(target=send_all, args=(client, client.h2.data_to_send() + flood), daemon=True)
        sender.start()
        assert read_goaway(client) == Codes.ENHANCE_YOUR_CALM
        sender.join(DEADLINE)
    assert honest.failure is None
    assert honest.served > 0
    site.wait_log("HTTP/2 flood: connection closed")
    if not SANITIZED:
        assert procfs.cpu_seconds(worker) - spent < 2.0
        assert procfs.resident_bytes(worker) < 32 * MIB


def test_a_window_of_zero_ends_with_the_time_for_the_response(start_prox, upstream):
    prox = start_prox(proxy_to(upstream(serve(lambda request: response_bytes(b"x" * 100_000))), {"write_timeout": "300ms"}))
    client = prox.connect_h2(settings={4: 0})
    response = client.read_end(client.begin(ends=True))
    assert (response.status, response.body, response.reset) == (200, b"", Codes.CANCEL)
    client.settle()

