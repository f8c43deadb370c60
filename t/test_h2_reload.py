"""A reload while HTTP/2 is in use: what is open ends as it would have, and only then the connection."""

import concurrent.futures
import threading

import grpc
import pytest

from lib import websocket
from lib.http2 import Codes, H2Client
from lib.prox import proxy_to, service
from lib.tls import TlsClient, tls_service
from lib.waits import DEADLINE
from test_grpc import Handlers


@pytest.mark.parametrize("is_secure", [False, True], ids=["plain", "tls"])
def test_an_upload_and_a_websocket_go_on_over_a_reload(start_prox, ca, echo, echo_server, is_secure):
    pair = ca.issue("localhost")

    def config(mark, **listen):
        routes = [{"match": {"path": "/chat"}, "action": {"type": "proxy", "upstream": echo_server.address}},
                  {"action": {"type": "proxy", "upstream": echo.address, "headers": {"X-Mark": mark}}}]
        made = tls_service(pair, routes) if is_secure else service(routes)
        return {"services": {"web": {**made, **listen}}, "process": {"shutdown_timeout": "30s"}}

    prox = start_prox(config("old"))
    scheme, sock = "http", None
    if is_secure:
        context = ca.client_context()
        context.set_alpn_protocols(["h2"])
        scheme, sock = "https", TlsClient(prox.port, context, "localhost").socket
    client = H2Client(prox.port, sock=sock)
    chat = client.begin_with([(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", scheme),
                              (":authority", "localhost"), (":path", "/chat"), ("sec-websocket-version", "13")], ends=False)
    upload = client.begin("POST", "/upload", scheme=scheme)
    client.send_data(upload, b"a" * 100_000)
    client.read_until(lambda: client.responses[chat].status == 200, what="the WebSocket is open")

    before = prox.workers()
    prox.reload_ok(config("new", listen=f"127.0.0.1:{prox.port}"))
    client.read_until(lambda: client.goaways, what="GOAWAY")
    client.settle()
    client.send_data(upload, b"b" * 200_000, ends=True)
    response = client.read_response(upload)
    assert b'"body_length": 300000' in response.body and b'"old"' in response.body
    client.send_data(chat, websocket.frame(b"still here"))
    client.read_until(lambda: b"still here" in client.responses[chat].body, what="the message comes back")
    client.send_data(chat, websocket.frame((4000).to_bytes(2, "big") + b"done", opcode=8))
    client.read_until(lambda: client.responses[chat].ended, what="the server's end")
    client.send_data(chat, b"", ends=True)
    assert client.read_until_closed() == Codes.NO_ERROR
    assert echo_server.closes == [(4000, "done")]
    prox.wait_workers(2, without=before)
    client.close()


def test_a_grpc_conversation_goes_on_over_a_reload(start_prox):
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers([Handlers().generic()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    prox = start_prox({**proxy_to(f"127.0.0.1:{port}", proto="h2"), "process": {"shutdown_timeout": "30s"}})
    before, may_go_on, answers = prox.workers(), threading.Semaphore(1), []

    def messages():
        for number in range(30):
            assert may_go_on.acquire(timeout=DEADLINE)
            yield b"%d" % number

    with grpc.insecure_channel(f"127.0.0.1:{prox.port}") as channel:
        for answer in channel.stream_stream("/test.Echo/Chat")(messages(), timeout=2 * DEADLINE):
            answers.append(answer)
            if len(answers) == 10:
                prox.reload_ok()
            may_go_on.release()
        assert answers == [b"%d" % number for number in range(30)]
        assert len(list(channel.unary_stream("/test.Echo/Spread")(b"50", timeout=DEADLINE))) == 50
        prox.wait_workers(2, without=before)
    server.stop(None).wait(DEADLINE)
