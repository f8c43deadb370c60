"""Slow peers of fast ones: memory comes to rest at once, over TLS and without, with both versions of HTTP on either side."""

import threading

import h2.events
import pytest

from lib import procfs
from lib.http2 import H2Client, Settings
from lib.prox import service
from lib.tls import TlsClient, tls_service
from lib.upstream import response_bytes
from lib.waits import DEADLINE, SANITIZED, spread

MIB = 1024 * 1024
SIZE = 64 * MIB
BLOCK = bytes(range(256)) * 256  # 64 KiB
BODY = BLOCK * (SIZE // len(BLOCK))
# 100 kB a second, for long enough to see that nothing grows.
PIECE, PIECES, SECONDS = 10_000, 60, 6
LEAST = PIECES * PIECE * 0.7  # pieces do not end where frames and records do
RESIDENT_LIMIT = 32 * MIB
# What of both bodies may be under way: for each the kernel's buffers of two pairs of sockets, up to 32 MiB in one of them, and prox's own.
UNDER_WAY_LIMIT = 2 * 48 * MIB
NO_TIME_LIMITS = {"read_timeout": 0, "write_timeout": 0, "response_header_timeout": 0}


class Pace:
    """Lets threads take PIECE bytes at a time, when the test says so."""

    def __init__(self):
        self._pieces = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._owed = 0  # bytes that were taken and not paid for; below 0, the rest of a piece

    def allow(self):
        self._pieces.release()

    def allow_all(self):
        self._pieces.release(1 << 20)

    def take(self, size):
        """Waits until `size` bytes are allowed."""
        with self._lock:
            pieces = max(0, -(-(self._owed + size) // PIECE))
            self._owed += size - pieces * PIECE
        for _ in range(pieces):
            assert self._pieces.acquire(timeout=DEADLINE)


@pytest.fixture
def prox(start_prox, ca, upstream, h2_origin):
    """Starts a prox of one worker, with a plain and a TLS service, before an origin of either version of HTTP, /1 and /2."""

    def make(script, h2_script, **options):
        origins = upstream(script), h2_origin(h2_script, **options)
        routes = [{"match": {"path": "/1"}, "action": {"type": "proxy", "upstream": origins[0].address}},
                  {"match": {"path": "/2"}, "action": {"type": "proxy", "upstream": origins[1].address, "proto": "h2"}}]
        services = {"plain": service(routes, config=NO_TIME_LIMITS),
                    "secure": tls_service(ca.issue("localhost"), routes, config=NO_TIME_LIMITS)}
        return start_prox({"services": services, "process": {"workers": 1}})

    return make


@pytest.fixture
def connect(ca):
    """Connects HTTP/2 clients to both services of a prox, with a small socket buffer and open windows."""
    made = []

    def make(prox):
        context = ca.client_context()
        context.set_alpn_protocols(["h2"])
        secure = TlsClient(prox.ports[1], context, "localhost", receive_buffer=65536).socket
        for port, sock in (prox.ports[0], None), (prox.ports[1], secure):
            client = H2Client(port, {Settings.INITIAL_WINDOW_SIZE: SIZE}, reads_all=False, receive_buffer=65536, sock=sock)
            client.h2.increment_flow_control_window(SIZE)
            client.flush()
            made.append(client)
        return made

    yield make
    for client in made:
        client.close()


def check_plateau(prox, each_piece):
    """Calls `each_piece` for every piece, by the clock; the worker's memory stays small, and what it was half-way."""
    (worker,) = prox.workers()
    peaks = [0, 0]
    for number in spread(PIECES, SECONDS):
        each_piece()
        half = number * 2 // PIECES
        peaks[half] = max(peaks[half], procfs.resident_bytes(worker))
    if not SANITIZED:  # which keeps what is freed
        assert max(peaks) < RESIDENT_LIMIT, f"{max(peaks) / MIB:.1f} MiB resident"
        assert peaks[1] - peaks[0] < MIB, f"{peaks[0] / MIB:.1f} MiB grew to {peaks[1] / MIB:.1f} MiB"


@pytest.mark.parametrize("target", ["/1", "/2"], ids=["from-http1", "from-h2"])
def test_downloads_to_http2_clients_that_read_100_kb_a_second(prox, connect, target):
    sent = []

    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        for _ in range(SIZE // len(BLOCK)):
            connection.socket.sendall(BLOCK)
            sent.append(len(BLOCK))

    def h2_script(connection, event):
        if isinstance(event, h2.events.RequestReceived):
            connection.begin(event.stream_id)
            connection.send(event.stream_id, BODY, ends=True)
        unsent = connection.unsent.values()
        sent[:] = [SIZE * len(unsent) - sum(len(body) for body, *_ in unsent)]

    clients = connect(running := prox(script, h2_script))
    responses = [client.responses[client.begin(target=target, ends=True)] for client in clients]

    def each_piece():
        for client in clients:
            end = len(client.stream.received) + PIECE
            while (missing := end - len(client.stream.received)) > 0:
                client.read_some(at_most=missing)

    check_plateau(running, each_piece)
    read = [len(response.body) for response in responses]
    assert all(LEAST < size <= PIECES * PIECE for size in read)
    assert all(response.body == BODY[:size] for response, size in zip(responses, read))
    assert sum(sent) - sum(read) < UNDER_WAY_LIMIT


class Upload(threading.Thread):
    """Sends BODY on a stream as fast as it goes."""

    def __init__(self, client, stream_id):
        super().__init__(daemon=True)
        self._client, self._stream_id = client, stream_id
        self.start()

    def run(self):
        self._client.send_data(self._stream_id, BODY, ends=True, deadline=5 * DEADLINE)

    @property
    def sent(self):
        return len(self._client.stream.sent)


@pytest.mark.parametrize("target", ["/1", "/2"], ids=["to-http1", "to-h2"])
def test_uploads_to_upstreams_that_read_100_kb_a_second(prox, connect, target):
    pace, bodies = Pace(), []

    def script(connection):
        connection.read_head()
        bodies.append(body := bytearray(connection.stream.unread()))
        while len(body) < SIZE:
            pace.take(PIECE)
            body += connection.socket.recv(PIECE)
        connection.send(response_bytes(b"all"))

    def h2_script(connection, event):
        if isinstance(event, h2.events.RequestReceived):
            connection.h2.increment_flow_control_window(SIZE)
            bodies.append(connection.bodies[event.stream_id])
        elif isinstance(event, h2.events.DataReceived):
            pace.take(len(event.data))
        elif isinstance(event, h2.events.StreamEnded):
            connection.answer(event.stream_id, b"all")

    clients = connect(running := prox(script, h2_script, settings={Settings.INITIAL_WINDOW_SIZE: SIZE}))
    streams = [client.begin("POST", target, [("content-length", str(SIZE))]) for client in clients]
    uploads = [Upload(client, stream_id) for client, stream_id in zip(clients, streams)]

    def each_piece():
        for _ in uploads:
            pace.allow()

    check_plateau(running, each_piece)
    assert sum(map(len, bodies)) > LEAST * len(uploads)
    assert sum(upload.sent for upload in uploads) - sum(map(len, bodies)) < UNDER_WAY_LIMIT
    pace.allow_all()
    for upload, client, stream_id in zip(uploads, clients, streams):
        upload.join(5 * DEADLINE)
        assert client.read_response(stream_id, 5 * DEADLINE).body == b"all"
    assert bodies == [BODY] * len(uploads)
