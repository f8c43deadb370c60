"""An HTTP/2 client on python3-h2: many streams on one connection, and any frame that a test wants to send."""

import dataclasses
import time

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings
from hyperframe import frame as frames

from . import http1
from .client import connect
from .waits import DEADLINE, DeadlinePassed

Codes = h2.errors.ErrorCodes
Settings = h2.settings.SettingCodes


@dataclasses.dataclass
class Response:
    """What has come on one stream."""

    status: int = 0
    fields: list = dataclasses.field(default_factory=list)
    interim: list = dataclasses.field(default_factory=list)  # statuses
    body: bytes = b""
    trailers: list = dataclasses.field(default_factory=list)
    ended: bool = False
    reset: int | None = None  # the error code of RST_STREAM

    def all(self, name):
        return [value for key, value in self.fields if key == name.lower()]

    def get(self, name):
        values = self.all(name)
        if len(values) > 1:
            raise http1.Malformed(f"{name} occurs {len(values)} times: {values}")
        return values[0] if values else None


class H2Client:
    """One connection by prior knowledge, or on a socket that has agreed on h2 (`sock`).

    What has come on a stream is in `responses[stream_id]`. With `reads_all` every DATA frame is
    acknowledged at once; without, the test opens windows by `acknowledge`.
    """

    def __init__(self, port, settings=None, reads_all=True, receive_buffer=None, sock=None, starts=True):
        self.socket = sock = sock or connect(port, receive_buffer)
        self.port = sock.getsockname()[1]
        self.stream = http1.ByteStream(sock)
        # Tests send what is wrong; what comes is still checked.
        config = h2.config.H2Configuration(client_side=True, header_encoding="latin-1", normalize_outbound_headers=False,
                                           validate_outbound_headers=False)
        self.h2 = h2.connection.H2Connection(config)
        # For python-h2 a GOAWAY ends all streams; those that are open go on (RFC 9113 §6.8).
        machine, state = self.h2.state_machine, h2.connection.ConnectionState.CLIENT_OPEN
        goaway = {(state, h2.connection.ConnectionInputs.RECV_GOAWAY): (None, state)}
        machine._transitions = {**machine._transitions, **goaway}  # pylint: disable=protected-access
        self.responses = {}
        self.events = []  # all that have come
        self.reads_all = reads_all
        self.goaways = []  # (error code, last stream id)
        self.closed = False
        if settings:
            self.h2.local_settings = h2.settings.Settings(client=True, initial_values=settings)
        self.h2.initiate_connection()
        if starts:
            self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.close()

    def close(self):
        self.socket.close()

    # Sending

    def flush(self):
        self.stream.send(self.h2.data_to_send())

    def send_frame(self, frame):
        """Sends any frame of hyperframe, or bytes, behind python-h2's back."""
        self.stream.send(frame if isinstance(frame, bytes) else frame.serialize())

    def head(self, method="GET", target="/", fields=(), host="prox.test", scheme="http"):
        return [(":method", method), (":scheme", scheme), (":authority", host), (":path", target), *fields]

    def begin(self, method="GET", target="/", fields=(), ends=False, flush=True, **more):
        """Sends a request's head; returns the stream's id."""
        return self.begin_with(self.head(method, target, fields, **more), ends, flush)

    def begin_with(self, fields, ends=True, flush=True):
        """A head of exactly these fields."""
        stream_id = self.h2.get_next_available_stream_id()
        self.responses[stream_id] = Response()
        self.h2.send_headers(stream_id, fields, end_stream=ends)
        if flush:
            self.flush()
        return stream_id

    def send_data(self, stream_id, data, ends=False, deadline=DEADLINE):
        """Sends a part of a body as the windows allow."""
        end = time.monotonic() + deadline
        data = memoryview(data)
        while True:
            room = min(self.h2.local_flow_control_window(stream_id), self.h2.max_outbound_frame_size, len(data))
            if room or not data:
                self.h2.send_data(stream_id, bytes(data[:room]), end_stream=ends and room == len(data))
                self.flush()
            data = data[room:]
            if not data:
                return
            if self.h2.local_flow_control_window(stream_id) == 0:
                assert self.read_some(end - time.monotonic()), "the connection ended within a body"

    def send_trailers(self, stream_id, fields):
        self.h2.send_headers(stream_id, fields, end_stream=True)
        self.flush()

    def reset(self, stream_id, code=Codes.CANCEL):
        self.h2.reset_stream(stream_id, code)
        self.flush()

    def acknowledge(self, stream_id, size):
        """Opens the windows of a stream and of the connection by so many bytes."""
        self.h2.increment_flow_control_window(size, stream_id)
        self.h2.increment_flow_control_window(size)
        self.flush()

    # Receiving

    def read_some(self, deadline=DEADLINE, **more):
        """Receives once and takes in what came. False at the end of the connection."""
        try:
            more = self.stream.fill(deadline, **more)
        except http1.ConnectionReset:
            more = False
        if not more:
            self.closed = True
            return False
        data = self.stream.unread()
        self.stream.read_exactly(len(data))
        for event in self.h2.receive_data(data):
            self._take(event)
        self.flush_quietly()
        return True

    def flush_quietly(self):
        """Sends what is due, if the other side still listens."""
        try:
            self.flush()
        except OSError:
            pass

    def _take(self, event):
        self.events.append(event)
        response = self.responses.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ConnectionTerminated):
            self.goaways.append((event.error_code, event.last_stream_id))
        elif response is None:
            return
        elif isinstance(event, h2.events.InformationalResponseReceived):
            response.interim.append(int(dict(event.headers)[":status"]))
        elif isinstance(event, h2.events.ResponseReceived):
            response.status = int(dict(event.headers)[":status"])
            response.fields = [(name, value) for name, value in event.headers if not name.startswith(":")]
        elif isinstance(event, h2.events.DataReceived):
            response.body += event.data
            if self.reads_all and event.flow_controlled_length:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            response.trailers = list(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            response.ended = True
        elif isinstance(event, h2.events.StreamReset):
            response.reset = event.error_code

    def read_until(self, predicate, deadline=DEADLINE, what="what the test waits for"):
        """Reads until `predicate()` holds; fails at the end of the connection, or of the time."""
        end = time.monotonic() + deadline
        while not predicate():
            if time.monotonic() >= end:
                raise DeadlinePassed(f"{what}: not within {deadline:g} s")
            if not self.read_some(end - time.monotonic()):
                assert predicate(), f"the connection ended before {what}; GOAWAY: {self.goaways}"

    def read_response(self, stream_id, deadline=DEADLINE):
        """Waits until the stream is over; a reset fails."""
        response = self.read_end(stream_id, deadline)
        assert response.ended, f"stream {stream_id} was reset with {response.reset}"
        return response

    def read_end(self, stream_id, deadline=DEADLINE):
        """Waits until the stream is over, in whatever way."""
        response = self.responses[stream_id]
        self.read_until(lambda: response.ended or response.reset is not None, deadline, f"the end of stream {stream_id}")
        return response

    def read_until_closed(self, deadline=DEADLINE):
        """Reads to the end of the connection; returns the error code of the last GOAWAY, or None."""
        self.read_until(lambda: self.closed, deadline, "the end of the connection")
        return self.goaways[-1][0] if self.goaways else None

    def fetch(self, target="/", method="GET", fields=(), body=None, **more):
        """One request and its response."""
        stream_id = self.begin(method, target, fields, ends=body is None, **more)
        if body is not None:
            self.send_data(stream_id, body, ends=True)
        return self.read_response(stream_id)

    def settle(self):
        """A PING and its answer: all that was sent before has been taken in."""
        before = len(self.events)
        self.h2.ping(b"settled!")
        self.flush()
        self.read_until(lambda: any(isinstance(event, h2.events.PingAckReceived) for event in self.events[before:]),
                        what="the answer to a PING")


def is_refused(client, stream_id):
    """Whether a request came to nothing: its stream or its connection ended with an error, and no response came."""
    response = client.responses[stream_id]
    client.read_until(lambda: response.ended or response.reset is not None or client.goaways or client.closed)
    return not response.status and (response.reset is not None or bool(client.goaways))


__all__ = ["Codes", "H2Client", "Response", "Settings", "frames", "is_refused"]
