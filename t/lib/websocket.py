"""A WebSocket echo server and clients (python3-websockets), each set on a loop of its own."""

import asyncio
import threading

import websockets

from .ports import LOOPBACK
from .waits import DEADLINE

# What one message may have; the library's own limit is 1 MiB.
_MAX_BYTES = 4 << 20


class EchoServer:
    """Sends every message back. `handshakes` are the headers of the clients' requests, `closes` (code, reason) of those that ended."""

    def __init__(self):
        self.handshakes = []
        self.closes = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._call(self._serve())
        self.port = self._server.sockets[0].getsockname()[1]
        self.address = f"{LOOPBACK}:{self.port}"

    async def _serve(self):
        return await websockets.serve(self._echo, LOOPBACK, 0, max_size=_MAX_BYTES, ping_interval=None,
                                      compression=None, backlog=1024, close_timeout=0.2)

    async def _echo(self, socket):
        self.handshakes.append(socket.request_headers)
        try:
            async for message in socket:
                await socket.send(message)
        except websockets.ConnectionClosedError:
            pass
        self.closes.append((socket.close_code, socket.close_reason))

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(DEADLINE)

    async def _close(self):
        self._server.close()
        await self._server.wait_closed()

    def stop(self):
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE)
        self._loop.close()

    def describe(self):
        return [(f"WebSocket server {self.port}", f"handshakes {len(self.handshakes)}, closes {self.closes[-4:]}")]


def run(session, limit=DEADLINE * 3):
    """Runs a coroutine to its end."""
    return asyncio.run(asyncio.wait_for(session, limit))


def connect(url, **options):
    """`async with connect(url) as socket`, without pings and compression, which would hide what prox does."""
    defaults = {"max_size": _MAX_BYTES, "ping_interval": None, "compression": None, "open_timeout": DEADLINE * 2}
    return websockets.connect(url, **{**defaults, **options})


def frame(message, opcode=2, mask=b"\x5a\x01\xff\x10"):
    """One frame as a client sends it (RFC 6455 §5.2), for streams that no library speaks WebSocket on."""
    size = len(message)
    if size < 126:
        head = bytes([0x80 | opcode, 0x80 | size])
    elif size < 65536:
        head = bytes([0x80 | opcode, 0x80 | 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([0x80 | opcode, 0x80 | 127]) + size.to_bytes(8, "big")
    key = (mask * (size // 4 + 1))[:size]
    return head + mask + (int.from_bytes(message, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")


def unframe(data):
    """The messages of a server's frames, and the bytes of the last one that is not complete."""
    messages = []
    while len(data) >= 2:
        size, at = data[1], 2
        if size >= 126:
            at = 4 if size == 126 else 10
            if len(data) < at:
                break
            size = int.from_bytes(data[2:at], "big")
        if len(data) < at + size:
            break
        messages.append(bytes(data[at:at + size]))
        data = data[at + size:]
    return messages, bytes(data)
