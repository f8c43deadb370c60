"""A raw HTTP/1 client: sends the bytes it is given and reads exactly what comes."""

import select
import socket

from . import http1
from .ports import LOOPBACK
from .waits import DEADLINE, Stopwatch


def connect(port, receive_buffer=None):
    """A socket that is connected to this port of the machine, and sends at once."""
    sock = socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(DEADLINE)
    sock.connect((LOOPBACK, port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class RawClient:
    """One connection. Use it in a `with` block, or through `Prox.connect`, which closes it."""

    def __init__(self, port, receive_buffer=None):
        self.socket = sock = connect(port, receive_buffer)
        self.port = sock.getsockname()[1]
        self.stream = http1.ByteStream(sock)

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.close()

    def send(self, data):
        self.stream.send(data)

    def send_request(self, method="GET", target="/", fields=(), body=None, host="prox.test", version="1.1"):
        """Sends a request; `body` (bytes) goes with Content-Length. `host=None` leaves Host out."""
        head = [] if host is None else [("Host", host)]
        head += fields
        if body is not None:
            head.append(("Content-Length", len(body)))
        line = f"{method} {target} HTTP/{version}\r\n".encode("latin-1")
        self.send(line + http1.encode_fields(head) + b"\r\n" + (body or b""))

    def read_response(self, method="GET", deadline=DEADLINE):
        return http1.read_response(self.stream, method, deadline)

    def read_head(self, method="GET", deadline=DEADLINE):
        """The next response head alone, 1xx included."""
        head = http1.read_response_head(self.stream, method, deadline)
        if head is None:
            raise http1.Truncated("end of stream instead of a response head")
        return head

    def exchange(self, method="GET", target="/", fields=(), body=None, **more):
        self.send_request(method, target, fields, body, **more)
        return self.read_response(method)

    def read_some(self, deadline=DEADLINE):
        """The bytes that come next; none at the end of the stream."""
        before = len(self.stream.received)
        self.stream.fill(deadline)
        return bytes(self.stream.received[before:])

    def read_until_closed(self, deadline=DEADLINE):
        """Everything that still comes until the peer closes; a reset counts as closed."""
        before = len(self.stream.received)
        unread = self.stream.unread()
        try:
            self.stream.read_to_end(deadline)
        except http1.ConnectionReset:
            pass
        return unread + bytes(self.stream.received[before:])

    def seconds_until_closed(self, deadline=DEADLINE):
        """(seconds until the peer closed, bytes that came before)."""
        with Stopwatch() as watch:
            rest = self.read_until_closed(deadline)
        return watch.seconds, rest

    def assert_closed(self):
        """The peer closes, and sends nothing more."""
        assert self.read_until_closed() == b""

    def assert_quiet(self, seconds=0.2):
        """Neither a byte nor a close comes for `seconds`."""
        assert self.stream.unread() == b""
        ready, _, _ = select.select([self.socket], [], [], seconds)
        assert not ready, f"unexpected: {self.socket.recv(200, socket.MSG_PEEK)!r}"

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.socket.close()

    def reset(self):
        http1.reset_on_close(self.socket)
        self.socket.close()


def fetch(port, target="/", method="GET", fields=(), body=None, **more):
    """One request on a connection of its own."""
    with RawClient(port) as client:
        return client.exchange(method, target, fields, body, **more)
