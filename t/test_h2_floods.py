"""Floods on HTTP/2 connections: each ends in GOAWAY with ENHANCE_YOUR_CALM, costs little, and honest clients are served meanwhile."""

import struct
import threading

import pytest

from lib import http1, procfs
from lib.http2 import Codes
from lib.prox import proxy_to, service
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


class Attackers:
    """Clients that flood prox over and over, each on a connection after another, until they are told to stop."""

    def __init__(self, prox, flood, count=2):
        self._prox, self._flood = prox, flood
        self._stop = threading.Event()
        self.codes = []  # of the GOAWAYs that floods have ended in
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(count)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exc):
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * DEADLINE)

    def _run(self):
        while not self._stop.is_set():
            self.codes.append(flood_once(self._prox, self._flood))


@pytest.fixture
def site(start_prox, upstream):
    origin = upstream(serve(lambda request: response_bytes(b"x" * 5000 if request.target == "/large" else b"ok")))
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


def flood_once(prox, flood):
    """Sends a flood on a connection of its own; the error code that the connection ends with."""
    with prox.connect_h2(starts=False) as client:
        sender = threading.Thread(target=send_all, args=(client, client.h2.data_to_send() + flood), daemon=True)
        sender.start()
        code = read_goaway(client)
        sender.join(DEADLINE)
    return code


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_a_flood_ends_in_goaway_and_costs_little(site, flood):
    (worker,) = site.workers()
    spent = procfs.cpu_seconds(worker)
    assert flood_once(site, flood) == Codes.ENHANCE_YOUR_CALM
    site.wait_log("HTTP/2 flood: connection closed")
    if not SANITIZED:
        assert procfs.cpu_seconds(worker) - spent < 0.5  # what is seen without optimisation: 0.03
        assert procfs.resident_bytes(worker) < 32 * MIB


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_others_are_served_while_clients_flood(site, flood):
    """By the one worker that the floods go to, on a connection that was there before, and on new ones."""
    (worker,) = site.workers()
    with site.connect_h2() as old, Attackers(site, flood) as attackers:
        while len(attackers.codes) < 5:
            with site.connect_h2() as new:
                assert [client.fetch("/honest").body for client in (old, new)] == [b"ok"] * 2
    assert set(attackers.codes) == {Codes.ENHANCE_YOUR_CALM}
    assert SANITIZED or procfs.resident_bytes(worker) < 32 * MIB


def test_a_body_that_is_drawn_byte_by_byte_ends_in_goaway(site):
    """A window that opens by one makes a frame of a byte (CVE-2019-9511)."""
    client = site.connect_h2(settings={4: 0}, reads_all=False)
    stream_id = client.begin(target="/large", ends=True)
    response = client.responses[stream_id]
    while not client.closed:
        size = len(response.body)
        assert size < 2000, "nobody minds"
        client.h2.increment_flow_control_window(1, stream_id)
        client.flush_quietly()
        client.read_until(lambda: client.closed or len(response.body) > size)  # pylint: disable=cell-var-from-loop
    assert client.goaways[-1][0] == Codes.ENHANCE_YOUR_CALM
    site.wait_log("HTTP/2 flood: connection closed .*of=\"tiny windows\"")
    assert site.connect_h2().fetch("/honest").body == b"ok"


# What origins send. A head of a response, by the static index: `:status 200`.
ORIGINS = {
    "CONTINUATION": frame(HEADERS, b"\x88", 0, 1) + frame(CONTINUATION, b"", 0, 1) * MANY,
    "SETTINGS": FLOODS["SETTINGS"],
    "PING": FLOODS["PING"],
    "empty DATA": frame(HEADERS, b"\x88", 4, 1) + frame(DATA, b"", 0, 1) * MANY,
    "PRIORITY": FLOODS["PRIORITY"],
    "WINDOW_UPDATE": FLOODS["WINDOW_UPDATE"],
}


@pytest.mark.parametrize("flood", ORIGINS.values(), ids=ORIGINS.keys())
def test_an_origin_that_floods_is_let_go_and_others_are_served(start_prox, upstream, h2_origin, flood):
    def script(connection):
        connection.stream.fill()
        try:
            connection.socket.sendall(frame(SETTINGS) + flood)
            while connection.stream.fill():
                pass
        except (OSError, http1.ConnectionReset):
            pass

    routes = [{"match": {"path": path}, "action": {"type": "proxy", "upstream": origin.address, "proto": "h2"}}
              for path, origin in {"/flood": upstream(script), "/honest": h2_origin()}.items()]
    prox = start_prox({"services": {"web": service(routes)}, "process": {"workers": 1}})
    (worker,) = prox.workers()
    spent = procfs.cpu_seconds(worker)
    for _ in range(5):
        client = prox.connect_h2()
        flooded, honest = client.begin(target="/flood", ends=True), client.begin(target="/honest", ends=True)
        assert client.read_response(honest).status == 200
        response = client.read_end(flooded)
        assert response.status == 502 or response.reset == Codes.INTERNAL_ERROR  # the second where a head had come
    if not SANITIZED:
        assert procfs.cpu_seconds(worker) - spent < 0.5
        assert procfs.resident_bytes(worker) < 32 * MIB


def test_a_window_of_zero_ends_with_the_time_for_the_response(start_prox, upstream):
    prox = start_prox(proxy_to(upstream(serve(lambda request: response_bytes(b"x" * 100_000))), {"write_timeout": "300ms"}))
    client = prox.connect_h2(settings={4: 0})
    response = client.read_end(client.begin(ends=True))
    assert (response.status, response.body, response.reset) == (200, b"", Codes.CANCEL)
    client.settle()

