"""Back-pressure: whatever a peer does, the memory of a worker stays flat."""

import threading

import pytest

from lib import http1, procfs
from lib.http2 import Settings
from lib.prox import proxy_to
from lib.tls import TlsClient, tls_site
from lib.upstream import answer, response_bytes
from lib.waits import DEADLINE, SANITIZED, wait_for, wait_until_still

MIB = 1024 * 1024
SIZE = 64 * MIB
BLOCK = bytes(range(256)) * 256  # 64 KiB
RESIDENT_LIMIT = 32 * MIB
# What a sender may be able to push into a stopped path: both pairs of kernel buffers, and prox's own.
STUCK_LIMIT = 48 * MIB
NO_TIME_LIMITS = {"read_timeout": 0, "write_timeout": 0, "response_header_timeout": 0, "min_rate": 0}


class Sender(threading.Thread):
    """Sends SIZE bytes of BLOCKs through a socket, chunked or plain; `sent` says how many went."""

    def __init__(self, sock, chunked=False):
        super().__init__(daemon=True)
        self._socket, self._chunked = sock, chunked
        self.sent = 0

    def run(self):
        self._socket.settimeout(DEADLINE * 3)
        piece = b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK) if self._chunked else BLOCK
        for _ in range(SIZE // len(BLOCK)):
            self._socket.sendall(piece)
            self.sent += len(BLOCK)
        if self._chunked:
            self._socket.sendall(b"0\r\n\r\n")


class PeakMemory(threading.Thread):
    """Follows the resident memory of workers in the background, and keeps the highest value."""

    def __init__(self, prox):
        super().__init__(daemon=True)
        self._prox, self._ended = prox, threading.Event()
        self.peak = 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_exc):
        self._ended.set()
        self.join()

    def run(self):
        workers = self._prox.workers()
        while not self._ended.wait(0.02):
            self.peak = max([self.peak, *map(procfs.resident_bytes, workers)])

    def check(self):
        assert self.peak > 0
        if not SANITIZED:
            assert self.peak < RESIDENT_LIMIT, f"{self.peak / MIB:.1f} MiB resident"


def drain(sock, offset=0):
    """Reads the rest of SIZE bytes, and checks that they are the BLOCKs that a Sender sends."""
    sock.settimeout(DEADLINE)
    while offset < SIZE:
        data = sock.recv(min(len(BLOCK), SIZE - offset))
        assert data, f"ended after {offset} bytes"
        assert data == (BLOCK * 2)[offset % len(BLOCK):][:len(data)]
        offset += len(data)


@pytest.fixture
def one_worker(start_prox):
    return lambda origin: start_prox({**proxy_to(origin, NO_TIME_LIMITS), "process": {"workers": 1}})


@pytest.mark.parametrize("clients", [1, 4])
def test_64_mib_down_to_a_reader_that_stops(one_worker, upstream, clients):
    senders = []

    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        senders.append(Sender(connection.socket))
        senders[-1].run()

    prox = one_worker(upstream(script))
    readers = [prox.connect(receive_buffer=65536) for _ in range(clients)]
    with PeakMemory(prox) as memory:
        for reader in readers:
            reader.send_request()
            assert reader.read_head().get("Content-Length") == str(SIZE)
        wait_until_still(lambda: sum(sender.sent for sender in senders), what="what the upstreams can send")
        assert all(sender.sent < STUCK_LIMIT for sender in senders)
        begun = readers[0].stream.unread()
        assert begun == (BLOCK * 2)[:len(begun)]
        drain(readers[0].socket, len(begun))
    memory.check()


def test_64_mib_down_chunked_to_a_reader_that_stops(one_worker, upstream):
    senders = []

    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        senders.append(Sender(connection.socket, chunked=True))
        senders[-1].run()

    prox = one_worker(upstream(script))
    client = prox.connect(receive_buffer=65536)
    with PeakMemory(prox) as memory:
        client.send_request()
        response = client.read_head()
        wait_until_still(lambda: sum(sender.sent for sender in senders), what="what the upstream can send")
        assert senders[0].sent < STUCK_LIMIT
        http1.read_body(client.stream, response, DEADLINE * 3)
    assert response.body == BLOCK * (SIZE // len(BLOCK))
    memory.check()


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_64_mib_up_to_an_upstream_that_stops(one_worker, upstream, chunked):
    read_on = threading.Event()

    def script(connection):
        head = connection.read_head()
        connection.wait(read_on)
        if chunked:
            http1.read_body(connection.stream, head, DEADLINE * 3)
            assert head.body == BLOCK * (SIZE // len(BLOCK))
        else:
            drain(connection.socket, len(connection.stream.unread()))
        connection.send(response_bytes(b"all"))

    prox = one_worker(upstream(script))
    client = prox.connect()
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % SIZE
    with PeakMemory(prox) as memory:
        client.send(b"POST / HTTP/1.1\r\nHost: a.test\r\n" + framing + b"\r\n\r\n")
        sender = Sender(client.socket, chunked)
        sender.start()
        wait_until_still(lambda: sender.sent, what="what the client can send")
        assert sender.sent < STUCK_LIMIT
        read_on.set()
        assert client.read_response(deadline=DEADLINE * 3).body == b"all"
    memory.check()


def test_pipelined_requests_of_a_client_that_reads_nothing(one_worker, upstream):
    """Answers that nobody reads must stop the reading of more requests."""
    prox = one_worker(upstream(answer(b"x" * 60000)))
    client = prox.connect(receive_buffer=4096)
    client.socket.settimeout(1)
    request = b"GET / HTTP/1.1\r\nHost: a.test\r\nX-Pad: " + b"p" * 8000 + b"\r\n\r\n"
    with PeakMemory(prox) as memory, pytest.raises(TimeoutError):
        for _ in range(20000):
            client.socket.sendall(request)
    memory.check()


@pytest.mark.parametrize("window", [64 * 1024, 256 * MIB], ids=["small-window", "open-window"])
def test_64_mib_down_on_each_http2_stream_to_a_reader_that_stops(one_worker, upstream, window):
    """The windows of its streams stop it, or the socket where they are open."""
    senders = []

    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        senders.append(Sender(connection.socket))
        senders[-1].run()

    prox = one_worker(upstream(script))
    client = prox.connect_h2(settings={Settings.INITIAL_WINDOW_SIZE: window}, reads_all=False, receive_buffer=65536)
    client.h2.increment_flow_control_window(256 * MIB)
    with PeakMemory(prox) as memory:
        responses = [client.responses[client.begin(ends=True)] for _ in range(4)]
        wait_for(lambda: len(senders) == 4, what="all upstreams send")
        wait_until_still(lambda: sum(sender.sent for sender in senders), what="what the upstreams can send")
        assert all(sender.sent < STUCK_LIMIT for sender in senders)
        for stream_id in client.responses:
            client.h2.increment_flow_control_window(MIB, stream_id)
        client.flush()
        client.read_until(lambda: all(len(response.body) >= MIB for response in responses), 3 * DEADLINE)
        assert all(response.body == (BLOCK * (len(response.body) // len(BLOCK) + 1))[:len(response.body)] for response in responses)
    memory.check()


# The same over TLS, whose buffers must not grow either.


@pytest.fixture
def tls_worker(start_prox, ca):
    """Starts a prox with one worker that passes everything from TLS clients on to an origin; returns a client of it, too."""

    def make(origin):
        action = {"type": "proxy", "upstream": origin.address}
        site = tls_site(ca.issue("a.test"), [{"action": action}], config=NO_TIME_LIMITS)
        prox = start_prox({**site, "process": {"workers": 1}})
        return prox, TlsClient(prox.port, ca.client_context(), "a.test", receive_buffer=65536)

    return make


def test_64_mib_down_to_a_tls_reader_that_stops(tls_worker, upstream):
    senders = []

    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        senders.append(Sender(connection.socket))
        senders[-1].run()

    prox, client = tls_worker(upstream(script))
    with client, PeakMemory(prox) as memory:
        client.send_request()
        assert client.read_head().get("Content-Length") == str(SIZE)
        wait_until_still(lambda: sum(sender.sent for sender in senders), what="what the upstream can send")
        assert senders[0].sent < STUCK_LIMIT
        begun = client.stream.unread()
        assert begun == (BLOCK * 2)[:len(begun)]
        drain(client.socket, len(begun))
    memory.check()


def test_64_mib_up_over_tls_to_an_upstream_that_stops(tls_worker, upstream):
    read_on = threading.Event()

    def script(connection):
        connection.read_head()
        connection.wait(read_on)
        drain(connection.socket, len(connection.stream.unread()))
        connection.send(response_bytes(b"all"))

    prox, client = tls_worker(upstream(script))
    with client, PeakMemory(prox) as memory:
        client.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % SIZE)
        sender = Sender(client.socket)
        sender.start()
        wait_until_still(lambda: sender.sent, what="what the client can send")
        assert sender.sent < STUCK_LIMIT
        read_on.set()
        sender.join(DEADLINE * 3)
        assert client.read_response(deadline=DEADLINE * 3).body == b"all"
    memory.check()
