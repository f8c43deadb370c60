"""HTTP/1 messages read strictly (RFC 9112): what is not exactly right is an error, never repaired."""

import dataclasses
import re
import socket
import time

from .waits import DEADLINE, DeadlinePassed

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) (\d{3}) ([\t\x20-\x7e\x80-\xff]*)")
_REQUEST_LINE = re.compile(rf"({_TOKEN}) (\S+) HTTP/1\.([01])".encode())
_FIELD_LINE = re.compile(rf"({_TOKEN}):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*".encode("latin-1"))
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
_READ_BYTES = 65536


class Truncated(AssertionError):
    """The peer ended the connection in the middle of a message."""


class ConnectionReset(Truncated):
    """The peer ended the connection with a reset."""


class Malformed(AssertionError):
    """The peer sent what HTTP/1 does not allow."""


class ByteStream:
    """A socket that keeps every byte of both directions, and reads with a deadline."""

    def __init__(self, sock):
        self.socket = sock
        self.received = bytearray()
        self.sent = bytearray()
        self._consumed = 0

    def send(self, data, deadline=DEADLINE):
        self.sent += data
        self.socket.settimeout(deadline)
        self.socket.sendall(data)

    def unread(self):
        """Bytes received and not yet consumed."""
        return bytes(self.received[self._consumed:])

    def fill(self, deadline=DEADLINE, at_most=_READ_BYTES):
        """Receives once. False at the end of the stream."""
        self.socket.settimeout(max(deadline, 0.001))
        try:
            data = self.socket.recv(at_most)
        except TimeoutError as error:
            raise DeadlinePassed(f"no byte within {deadline:g} s; unread: {self.unread()[:200]!r}") from error
        except ConnectionError as error:
            raise ConnectionReset(f"{error}; unread: {self.unread()[:200]!r}") from error
        self.received += data
        return bool(data)

    def read_until(self, mark, deadline=DEADLINE):
        """All up to and with `mark`. None when the stream ends before its first byte."""
        end = time.monotonic() + deadline
        searched = self._consumed
        while (at := self.received.find(mark, searched)) < 0:
            searched = max(self._consumed, len(self.received) - len(mark) + 1)
            if not self.fill(end - time.monotonic()):
                if len(self.received) == self._consumed:
                    return None
                raise Truncated(f"end of stream before {mark!r}, after {self.unread()[:200]!r}")
        return self._take(at + len(mark) - self._consumed)

    def read_exactly(self, size, deadline=DEADLINE):
        end = time.monotonic() + deadline
        while len(self.received) - self._consumed < size:
            if not self.fill(end - time.monotonic()):
                missing = size - (len(self.received) - self._consumed)
                raise Truncated(f"end of stream {missing} of {size} bytes early")
        return self._take(size)

    def read_to_end(self, deadline=DEADLINE):
        """The rest of the stream; a reset is an error."""
        end = time.monotonic() + deadline
        while self.fill(end - time.monotonic()):
            pass
        return self._take(len(self.received) - self._consumed)

    def _take(self, size):
        taken = bytes(self.received[self._consumed:self._consumed + size])
        self._consumed += size
        return taken


@dataclasses.dataclass
class Message:
    """What requests and responses share. `fields` and `trailers` are (name, value) in wire order."""

    version: str
    fields: list
    body: bytes = b""
    trailers: list = dataclasses.field(default_factory=list)
    framing: str = "none"  # "none", "length", "chunked" or "close"

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name):
        """The value of a field that may occur once; None when absent."""
        values = self.all(name)
        if len(values) > 1:
            raise Malformed(f"{name} occurs {len(values)} times: {values}")
        return values[0] if values else None

    def tokens(self, name):
        """The comma-separated, lower-cased items of a list field."""
        return [item.strip().lower() for value in self.all(name) for item in value.split(",")]


@dataclasses.dataclass
class Request(Message):
    method: str = ""
    target: str = ""


@dataclasses.dataclass
class Response(Message):
    status: int = 0
    reason: str = ""
    interim: list = dataclasses.field(default_factory=list)  # the 1xx responses before this one

    @property
    def closes(self):
        """True when the sender said that the connection ends after this response."""
        return self.framing == "close" or "close" in self.tokens("Connection")


def read_request_head(stream, deadline=DEADLINE):
    """The next request without its body; None at a clean end of the stream."""
    block = stream.read_until(b"\r\n\r\n", deadline)
    if block is None:
        return None
    start, fields = _split_head(block)
    line = _REQUEST_LINE.fullmatch(start)
    if not line:
        raise Malformed(f"request line {start!r}")
    method, target, minor = (part.decode("latin-1") for part in line.groups())
    request = Request(f"1.{minor}", fields, method=method, target=target)
    request.framing = _declared_framing(request) or "none"
    return request


def read_request(stream, deadline=DEADLINE):
    request = read_request_head(stream, deadline)
    if request is not None:
        read_body(stream, request, deadline)
    return request


def read_response_head(stream, method="GET", deadline=DEADLINE):
    """The next response head, 1xx included; None at a clean end of the stream."""
    block = stream.read_until(b"\r\n\r\n", deadline)
    if block is None:
        return None
    start, fields = _split_head(block)
    line = _STATUS_LINE.fullmatch(start)
    if not line:
        raise Malformed(f"status line {start!r}")
    response = Response(f"1.{line[1].decode()}", fields, status=int(line[2]), reason=line[3].decode("latin-1"))
    declared = _declared_framing(response)
    if response.status < 200 or response.status == 204:
        if declared:
            raise Malformed(f"body framing on a {response.status} response: {fields}")
    if method == "HEAD" or response.status < 200 or response.status in (204, 304):
        response.framing = "none"
    else:
        response.framing = declared or "close"
    return response


def read_response(stream, method="GET", deadline=DEADLINE):
    """The next final response, with those 1xx before it; Truncated when the stream ends first."""
    interim = []
    while True:
        response = read_response_head(stream, method, deadline)
        if response is None:
            raise Truncated("end of stream instead of a response")
        if response.status >= 200:
            break
        interim.append(response)
    response.interim = interim
    read_body(stream, response, deadline)
    return response


def read_body(stream, message, deadline=DEADLINE):
    if message.framing == "length":
        message.body = stream.read_exactly(int(message.get("Content-Length")), deadline)
    elif message.framing == "chunked":
        message.body, message.trailers = _read_chunked(stream, deadline)
    elif message.framing == "close":
        message.body = stream.read_to_end(deadline)


def encode_chunked(pieces, trailers=()):
    """`pieces` in chunked coding, one chunk each, with the last chunk and `trailers`."""
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return chunks + b"0\r\n" + encode_fields(trailers) + b"\r\n"


def encode_fields(fields):
    return b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in fields)


def _split_head(block):
    start, *lines = block[:-4].split(b"\r\n")
    return start, [_parse_field(line) for line in lines]


def _parse_field(line):
    match = _FIELD_LINE.fullmatch(line)
    if not match:
        raise Malformed(f"field line {line!r}")
    return match[1].decode("latin-1"), match[2].decode("latin-1")


def _declared_framing(message):
    length, codings = message.get("Content-Length"), message.tokens("Transfer-Encoding")
    if length is not None and codings:
        raise Malformed("both Content-Length and Transfer-Encoding")
    if length is not None and not re.fullmatch(r"[0-9]+", length):
        raise Malformed(f"Content-Length {length!r}")
    if codings and codings != ["chunked"]:
        raise Malformed(f"Transfer-Encoding {codings}")
    return "chunked" if codings else "length" if length is not None else None


def _read_chunked(stream, deadline):
    body = bytearray()
    while True:
        line = stream.read_until(b"\r\n", deadline)
        match = line and _CHUNK_LINE.fullmatch(line[:-2])
        if line is None:
            raise Truncated("end of stream instead of a chunk")
        if not match:
            raise Malformed(f"chunk line {line!r}")
        size = int(match[1], 16)
        if size == 0:
            return bytes(body), _read_trailers(stream, deadline)
        data = stream.read_exactly(size + 2, deadline)
        if not data.endswith(b"\r\n"):
            raise Malformed(f"chunk data ends with {data[-2:]!r}")
        body += data[:-2]


def _read_trailers(stream, deadline):
    trailers = []
    while (line := stream.read_until(b"\r\n", deadline)) != b"\r\n":
        if line is None:
            raise Truncated("end of stream in the trailers")
        trailers.append(_parse_field(line[:-2]))
    return trailers


def reset_on_close(sock):
    """Makes the next close() of `sock` send a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
