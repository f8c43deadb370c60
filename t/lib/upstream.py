"""Origins on loopback that do exactly what a test tells them, and remember what they got.

A script is a function of one `UpstreamConnection`, run in a thread for each connection. It may raise
Truncated or OSError when the proxy hangs up (kept as `connection.cut`); any other exception fails the
test when the fixture ends.
"""

import hashlib
import json
import socket
import threading

from . import http1
from .origin import Origin
from .waits import DEADLINE, DeadlinePassed, wait_for


# How long an origin waits for the next request: longer than any test, since the test decides when it ends.
_PATIENCE = 300.0


class UpstreamConnection:
    """One accepted connection, from the origin's side."""

    def __init__(self, sock, number):
        self.socket = sock
        self.number = number  # 0 for the first connection of its upstream
        self.stream = http1.ByteStream(sock)
        self.requests = []  # requests read whole, by read_request or read_rest
        self.cut = None  # the exception by which the proxy ended the script, if it did
        self.ended = threading.Event()  # the script has returned

    @property
    def received(self):
        return bytes(self.stream.received)

    def start_tls(self, context):
        """Shakes hands as a server. A handshake that fails ends the script, as the proxy's hanging up does."""
        self.socket.settimeout(DEADLINE)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.stream = http1.ByteStream(self.socket)

    def read_head(self):
        """The next request head; its body stays unread. None when the proxy closed instead."""
        return http1.read_request_head(self.stream, _PATIENCE)

    def read_rest(self, request):
        """Reads the body that belongs to a head from read_head."""
        http1.read_body(self.stream, request)
        self.requests.append(request)
        return request

    def read_request(self):
        request = http1.read_request(self.stream, _PATIENCE)
        if request is not None:
            self.requests.append(request)
        return request

    def send(self, data):
        self.stream.send(data)

    def wait(self, event):
        """Waits for an event of the test, so that the test decides the order of things."""
        if not event.wait(DEADLINE):
            raise DeadlinePassed("the test did not set the event its upstream waits for")

    def wait_closed(self):
        """Reads until the proxy closes or resets the connection."""
        try:
            self.stream.read_to_end(_PATIENCE)
        except http1.ConnectionReset:
            pass

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.socket.close()

    def reset(self):
        http1.reset_on_close(self.socket)
        self.socket.close()


class ScriptedUpstream(Origin):
    """Listens on loopback and runs `script(connection)` for each connection."""

    def __init__(self, script):
        self._script = script
        super().__init__()

    @property
    def requests(self):
        return [request for connection in self.connections for request in connection.requests]

    @property
    def received(self):
        return b"".join(connection.received for connection in self.connections)

    def wait_request(self, number=0):
        """The request with this number (over all connections), once it was read whole."""
        wait_for(lambda: len(self.requests) > number, what=f"upstream request {number}")
        return self.requests[number]

    def describe(self):
        return [(f"upstream {self.port}, connection {connection.number}", transcript(connection.stream))
                for connection in self.connections[-4:]]

    def _open(self, sock, number):
        return UpstreamConnection(sock, number)

    def _serve(self, connection):
        try:
            self._script(connection)
        except (http1.Truncated, OSError) as error:
            connection.cut = error
        finally:
            connection.ended.set()


class EchoUpstream(ScriptedUpstream):
    """Answers every request with a JSON description of what it received."""

    def __init__(self):
        super().__init__(serve(echo))


def serve(respond):
    """A script that answers each request of a connection with the bytes of `respond(request)`."""

    def script(connection):
        while request := connection.read_request():
            connection.send(respond(request))

    return script


def answer(body=b"hello", status=200, fields=()):
    """A script that gives every request this answer, and keeps the connection."""
    return serve(lambda request: response_bytes(body, status, fields, request.method))


def never_answers(connection):
    """A script that takes a request and leaves it at that, until prox gives up."""
    connection.read_request()
    connection.wait_closed()


def response_bytes(body=b"", status=200, fields=(), method="GET"):
    head = f"HTTP/1.1 {status} Scripted\r\n".encode() + http1.encode_fields(fields)
    if status != 204 and status >= 200:
        head += b"Content-Length: %d\r\n" % len(body)
    has_body = method != "HEAD" and status not in (204, 304) and status >= 200
    return head + b"\r\n" + (body if has_body else b"")


def echo(request):
    seen = {
        "method": request.method,
        "target": request.target,
        "version": request.version,
        "fields": request.fields,
        "framing": request.framing,
        "trailers": request.trailers,
        "body_length": len(request.body),
        "body_sha256": hashlib.sha256(request.body).hexdigest(),
    }
    return response_bytes(json.dumps(seen).encode(), fields=[("Content-Type", "application/json")],
                          method=request.method)


class Echoed(http1.Request):
    """What an EchoUpstream saw, out of the response that came back through the proxy."""

    def __init__(self, response):
        assert response.status == 200, f"{response.status} {response.body[:200]!r}"
        seen = json.loads(response.body)
        super().__init__(seen["version"], [tuple(field) for field in seen["fields"]], framing=seen["framing"],
                         trailers=[tuple(field) for field in seen["trailers"]],
                         method=seen["method"], target=seen["target"])
        self.body_length = seen["body_length"]
        self.body_sha256 = seen["body_sha256"]


def transcript(stream, limit=2000):
    """The last bytes of both directions, to be printed when a test fails."""
    return (f"sent {len(stream.sent)} bytes, last: {bytes(stream.sent[-limit:])!r}\n"
            f"received {len(stream.received)} bytes, last: {bytes(stream.received[-limit:])!r}")
