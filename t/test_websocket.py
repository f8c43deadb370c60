"""WebSocket with other people's clients and servers on both ends; over HTTP/2 (RFC 8441) on streams of python-h2."""

import asyncio
import base64
import hashlib
import os
import pathlib
import random
import subprocess

import pytest
import websockets

from lib import websocket
from lib.http2 import Codes
from lib.prox import proxy_to
from lib.tls import tls_site
from lib.waits import DEADLINE, wait_for

_CLIENT = pathlib.Path(__file__).parent / "data" / "websocket_client.js"
SESSIONS = 500
MESSAGES = 12


@pytest.fixture
def url(start_prox, echo_server):
    return f"ws://127.0.0.1:{start_prox(proxy_to(f'ws://{echo_server.address}')).port}/chat?room=1"


def test_messages_come_back_and_the_close_is_passed_on_with_its_code(url, echo_server):
    async def session():
        async with websocket.connect(url, extra_headers={"X-Own": "1"}, subprotocols=["chat"]) as socket:
            for size in [0, 1, 125, 126, 65535, 65536, 1 << 20]:
                message = random.randbytes(size)
                await socket.send(message)
                assert await socket.recv() == message
            await socket.close(4000, "done")
            return socket.close_code, socket.close_reason

    assert websocket.run(session()) == (4000, "done")
    wait_for(lambda: echo_server.closes, what="the server sees the close")
    assert echo_server.closes == [(4000, "done")]
    headers = echo_server.handshakes[0]
    assert headers["X-Own"] == "1" and headers["X-Forwarded-Proto"] == "http"
    assert headers["Sec-WebSocket-Protocol"] == "chat"


def test_the_servers_close_is_passed_on(start_prox, started):
    async def scenario():
        async def handler(socket):
            await socket.close(4321, "server first")

        async with websockets.serve(handler, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            prox = await asyncio.to_thread(start_prox, proxy_to(f"127.0.0.1:{port}"))
            async with websocket.connect(f"ws://127.0.0.1:{prox.port}/") as socket:
                with pytest.raises(websockets.ConnectionClosed):
                    await socket.recv()
                return socket.close_code, socket.close_reason

    assert websocket.run(scenario()) == (4321, "server first")


def test_many_messages_one_after_another_keep_their_order(url):
    async def session():
        async with websocket.connect(url) as socket:
            count = 5000
            sender = asyncio.create_task(_send_all(socket, count))
            for i in range(count):
                assert await socket.recv() == f"message {i}"
            await sender

    async def _send_all(socket, count):
        for i in range(count):
            await socket.send(f"message {i}")

    websocket.run(session())


@pytest.mark.parametrize("protocol", ["http1", "h2"])
@pytest.mark.parametrize("sessions, messages", [(1, 100), (SESSIONS, MESSAGES // 2)])
def test_node_ws_gets_every_message_back(start_prox, ca, echo_server, protocol, sessions, messages):
    prox = start_prox(tls_site(ca.issue("localhost"), [{"action": {"type": "proxy", "upstream": echo_server.address}}]))
    command = ["node", _CLIENT, f"wss://localhost:{prox.port}/chat?room=1", protocol, str(sessions), str(messages)]
    done = subprocess.run(command, timeout=DEADLINE * 3, capture_output=True, text=True, check=False,
                          env={**os.environ, "NODE_PATH": "/usr/share/nodejs", "NODE_EXTRA_CA_CERTS": str(ca.cert)})
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{2 * messages} 4001 enough x {sessions}\n"
    assert len(echo_server.handshakes) == sessions


def test_many_sessions_side_by_side_carry_every_message(url, echo_server):
    async def session(seed):
        numbers = random.Random(seed)
        async with websocket.connect(url) as socket:
            for _ in range(MESSAGES):
                message = numbers.randbytes(numbers.choice([10, 1000, 20_000]))
                await socket.send(message)
                assert await socket.recv() == message
            everyone.release()
            await all_done.wait()  # so that all are open at once
            await socket.send(b"last")
            assert await socket.recv() == b"last"

    async def all_sessions():
        tasks = [asyncio.create_task(session(seed)) for seed in range(SESSIONS)]
        for _ in tasks:
            await everyone.acquire()
        all_done.set()
        await asyncio.gather(*tasks)

    everyone, all_done = asyncio.Semaphore(0), asyncio.Event()
    websocket.run(all_sessions(), 55)
    assert len(echo_server.handshakes) == SESSIONS


# Over HTTP/2


def begin_websocket(client, target="/chat", flush=True, fields=()):
    head = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":authority", "prox.test"),
            (":path", target), ("sec-websocket-version", "13"), ("x-own", "1"), *fields]
    return client.begin_with(head, ends=False, flush=flush)


def accept_of(key):
    """The proof that a server has read the key (RFC 6455 §4.2.2)."""
    return base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())


def open_websocket(client):
    stream_id = begin_websocket(client)
    client.read_until(lambda: client.responses[stream_id].status, what="the handshake's answer")
    assert client.responses[stream_id].status == 200
    return stream_id


def receive(client, stream_id, count):
    """The next messages of a stream."""
    response = client.responses[stream_id]
    client.read_until(lambda: len(websocket.unframe(response.body)[0]) >= count, what=f"{count} messages")
    messages, response.body = websocket.unframe(response.body)
    return messages


def test_over_http2_it_reaches_an_http1_server(start_prox, echo_server):
    client = start_prox(proxy_to(echo_server)).connect_h2()
    stream_id = open_websocket(client)
    response = client.responses[stream_id]
    assert response.get("sec-websocket-accept") is None and response.get("upgrade") is None
    message = random.randbytes(1 << 20)
    client.send_data(stream_id, websocket.frame(message))
    assert receive(client, stream_id, 1) == [message]
    client.send_data(stream_id, websocket.frame((4000).to_bytes(2, "big") + b"done", opcode=8))
    client.read_until(lambda: response.ended, what="the end of the stream")
    assert receive(client, stream_id, 1) == [(4000).to_bytes(2, "big") + b"done"]
    wait_for(lambda: echo_server.closes, what="the server sees the close")
    assert echo_server.closes == [(4000, "done")]
    assert echo_server.handshakes[0]["X-Own"] == "1"


def test_over_http2_the_handshakes_proof_is_proxs_own(start_prox, upstream):
    """A key that the client sends all the same is not passed on (RFC 8441 §5), and a proof of that is none."""

    def script(connection):
        connection.requests.append(connection.read_head())
        connection.send(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "
                        + accept_of("dGhlIHNhbXBsZSBub25jZQ==") + b"\r\n\r\n")
        connection.wait_closed()

    origin = upstream(script)
    client = start_prox(proxy_to(origin)).connect_h2()
    stream_id = begin_websocket(client, fields=[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")])
    assert client.read_response(stream_id).status == 502
    (key,) = origin.requests[0].all("Sec-WebSocket-Key")
    assert key != "dGhlIHNhbXBsZSBub25jZQ==" and len(base64.b64decode(key)) == 16


def test_over_http2_a_reset_stream_ends_the_servers_side(start_prox, echo_server):
    client = start_prox(proxy_to(echo_server)).connect_h2()
    stays, leaves = open_websocket(client), open_websocket(client)
    client.reset(leaves, Codes.CANCEL)
    wait_for(lambda: echo_server.closes, what="the server sees the end")
    client.send_data(stays, websocket.frame(b"still here"))
    assert receive(client, stays, 1) == [b"still here"]


def test_over_http2_the_servers_half_close_leaves_the_clients_direction_open(start_prox, upstream):
    def script(connection):
        key = connection.read_request().get("Sec-WebSocket-Key")
        connection.send(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "
                        + accept_of(key) + b"\r\n\r\nbye")
        connection.half_close()
        connection.wait_closed()

    origin = upstream(script)
    client = start_prox(proxy_to(origin, {"max_body_bytes": 1000})).connect_h2()
    stream_id = open_websocket(client)
    response = client.responses[stream_id]
    client.read_until(lambda: response.ended, what="the server's end")
    assert response.body == b"bye"
    client.send_data(stream_id, b"x" * 100_000)
    wait_for(lambda: origin.received.endswith(b"x" * 100_000), what="the server still hears the client")
    client.send_data(stream_id, b"", ends=True)
    wait_for(origin.connections[0].ended.is_set, what="the server sees the end")


def test_over_http2_many_sessions_side_by_side_carry_every_message(start_prox, echo_server):
    prox = start_prox(proxy_to(echo_server))
    numbers = random.Random(1)
    connections = [prox.connect_h2() for _ in range(10)]
    streams = [(client, begin_websocket(client, flush=False)) for client in connections
               for _ in range(SESSIONS // len(connections))]
    for client in connections:
        client.flush()
    for client, stream_id in streams:
        client.read_until(lambda: client.responses[stream_id].status == 200, what="the handshake's answer")
    for _ in range(MESSAGES // 2):
        sent = [numbers.randbytes(numbers.choice([10, 500, 3000])) for _ in streams]
        for (client, stream_id), message in zip(streams, sent):
            client.send_data(stream_id, websocket.frame(message))
        for (client, stream_id), message in zip(streams, sent):
            assert receive(client, stream_id, 1) == [message]
    assert len(echo_server.handshakes) == SESSIONS
