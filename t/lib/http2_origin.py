"""An HTTP/2 origin on python-h2 (prior knowledge): one thread for each connection, and a script that sees its events.

A script is a function of one `H2Origin` connection and one event of python-h2. Without one every request is echoed: its body comes
back as it comes, with `x-*` fields of the request, and its trailers as trailers.
"""

import re
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from .origin import Origin
from .waits import wait_for

_PING_ANSWER = re.compile(rb"\0\0\x08\x06\x01\0\0\0\0.{8}", re.DOTALL)

Codes = h2.errors.ErrorCodes
Settings = h2.settings.SettingCodes


class OriginConnection:
    """One accepted connection. The script answers through `h2`, and calls `flush` when others than it have written."""

    def __init__(self, sock, number, script, settings, reads_all):
        self.socket, self.number = sock, number
        self.script, self.reads_all = script, reads_all
        config = h2.config.H2Configuration(client_side=False, header_encoding="latin-1",
                                           validate_outbound_headers=False, normalize_outbound_headers=False)
        self.h2 = h2.connection.H2Connection(config)
        if settings:
            self.h2.local_settings = h2.settings.Settings(client=False, initial_values=settings)
        self.lock = threading.RLock()
        self.events = []
        self.requests = {}  # stream id → fields
        self.bodies = {}  # stream id → bytearray
        self.trailers = {}
        self.resets = {}  # stream id → error code
        self.unsent = {}  # stream id → [bytes, ends, trailers]
        self.answers_pings = True
        self.closed = False

    def field(self, stream_id, name):
        return dict(self.requests[stream_id]).get(name)

    def run(self, received=b""):
        """Serves the connection to its end; `received`: what was read from it already."""
        with self.lock:
            self.h2.initiate_connection()
            self.flush()
        data = received or self._receive()
        while data:
            with self.lock:
                for event in self.h2.receive_data(data):
                    self._take(event)
                    self.script(self, event)
                self._send_unsent()
                self.flush()
            data = self._receive()
        self.closed = True

    def _receive(self):
        try:
            return self.socket.recv(65536)
        except OSError:
            return b""

    def _take(self, event):
        self.events.append(event)
        stream_id = getattr(event, "stream_id", None)
        if isinstance(event, h2.events.RequestReceived):
            self.requests[stream_id] = event.headers
            self.bodies[stream_id] = bytearray()
        elif isinstance(event, h2.events.DataReceived):
            self.bodies[stream_id] += event.data
            if self.reads_all and event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            self.trailers[stream_id] = event.headers
        elif isinstance(event, h2.events.StreamReset):
            self.resets[stream_id] = event.error_code

    def flush(self):
        data = self.h2.data_to_send()
        if not self.answers_pings:
            data = _PING_ANSWER.sub(b"", data)
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def begin(self, stream_id, fields=(), status=200, ends=False):
        with self.lock:
            self.h2.send_headers(stream_id, [(":status", str(status)), *fields], end_stream=ends)
            self.flush()

    def send(self, stream_id, data=b"", ends=False, trailers=None):
        """Sends a part of a body, as the windows allow; the rest follows when they open."""
        with self.lock:
            unsent = self.unsent.setdefault(stream_id, [bytearray(), False, None])
            unsent[0] += data
            unsent[1] = ends or trailers is not None
            unsent[2] = trailers
            self._send_unsent()
            self.flush()

    def answer(self, stream_id, body=b"hello", fields=(), status=200):
        self.begin(stream_id, fields, status)
        self.send(stream_id, body, ends=True)

    def reset(self, stream_id, code):
        with self.lock:
            self.h2.reset_stream(stream_id, code)
            self.flush()

    def go_away(self, code=Codes.NO_ERROR, last_stream_id=None):
        """GOAWAY, without python-h2's closing of the connection."""
        frame = last_stream_id.to_bytes(4, "big") + int(code).to_bytes(4, "big")
        with self.lock:
            self.flush()
            self.socket.sendall(len(frame).to_bytes(3, "big") + b"\x07\0\0\0\0\0" + frame)

    def _send_unsent(self):
        for stream_id, unsent in list(self.unsent.items()):
            try:
                self._send_stream(stream_id, unsent)
            except (h2.exceptions.StreamClosedError, h2.exceptions.NoSuchStreamError, h2.exceptions.ProtocolError):
                del self.unsent[stream_id]

    def _send_stream(self, stream_id, unsent):
        while unsent[0]:
            room = min(self.h2.local_flow_control_window(stream_id), self.h2.max_outbound_frame_size)
            if room == 0:
                return
            part = bytes(unsent[0][:room])
            del unsent[0][:room]
            self.h2.send_data(stream_id, part, end_stream=unsent[1] and not unsent[0] and unsent[2] is None)
            if not unsent[0] and unsent[1] and unsent[2] is None:
                del self.unsent[stream_id]
                return
        if unsent[1] and unsent[2] is not None:
            self.h2.send_headers(stream_id, unsent[2], end_stream=True)
            del self.unsent[stream_id]
        elif unsent[1]:
            self.h2.end_stream(stream_id)
            del self.unsent[stream_id]


def echo(connection, event):
    """The script that sends everything back."""
    stream_id = getattr(event, "stream_id", None)
    if isinstance(event, h2.events.RequestReceived):
        fields = [(name, value) for name, value in event.headers if name.startswith("x-")]
        connection.begin(stream_id, [("x-path", dict(event.headers)[":path"]), *fields])
    elif isinstance(event, h2.events.DataReceived):
        connection.send(stream_id, event.data)
    elif isinstance(event, h2.events.StreamEnded):
        connection.send(stream_id, ends=True, trailers=connection.trailers.get(stream_id))


class H2Origin(Origin):
    """Listens on loopback. `reads_all=False`: no window is opened but by the test."""

    def __init__(self, script=echo, settings=None, reads_all=True):
        self._script, self._settings, self._reads_all = script, settings, reads_all
        super().__init__()

    def _open(self, sock, number):
        return OriginConnection(sock, number, self._script, self._settings, self._reads_all)

    def _serve(self, connection):
        connection.run()

    def wait_stream(self, number=0, connection=0):
        """(connection, stream id) of a request, once its head is there."""
        one = self.wait_connection(connection)
        wait_for(lambda: len(one.requests) > number, what=f"request {number} of the HTTP/2 origin")
        return one, sorted(one.requests)[number]

    def requests(self):
        return sum(len(connection.requests) for connection in self.connections)

    def describe(self):
        return [(f"HTTP/2 origin {self.port}, connection {one.number}", "\n".join(map(repr, one.events[-20:])))
                for one in self.connections[-4:]]
