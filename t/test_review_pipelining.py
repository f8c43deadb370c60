"""Pipelined requests of a client that reads slowly, and upstreams that are slow to connect to."""

import socket

import pytest

from lib import http1
from lib.ports import LOOPBACK
from lib.prox import service, static
from lib.upstream import response_bytes, serve
from lib.waits import wait_for

BIG = b"x" * (8 * 1024 * 1024)


@pytest.fixture
def deaf():
    """An address whose queue is full: connecting to it takes until somebody gives up."""
    listener = socket.socket()
    listener.bind((LOOPBACK, 0))
    listener.listen(0)
    fillers = [socket.socket() for _ in range(2)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
    yield f"{LOOPBACK}:{listener.getsockname()[1]}"
    for each in [listener, *fillers]:
        each.close()


def test_response_that_drains_while_the_next_request_connects(start_prox, upstream, deaf):
    """The second request, whose connection is still being opened, is answered before the third, if only with 504."""
    origin = upstream(serve(lambda request: response_bytes(BIG)))
    proxy = lambda to: {"type": "proxy", "upstream": to, "timeout": "2s"}
    prox = start_prox({"process": {"workers": 1}, "services": {"web": service([
        {"match": {"path": "/big"}, "action": proxy(origin.address)},
        {"match": {"path": "/deaf"}, "action": proxy(deaf)},
        {"match": {"path": "/last"}, "action": static("last")}])}})
    client = prox.connect(receive_buffer=4096)
    for path in ("/big", "/deaf", "/last"):
        client.send_request(target=path)
    # Read in small sips, so that the rest of the first response leaves while the second request connects.
    client.read_head()
    body = 0
    while body < len(BIG):
        body += len(client.stream.read_exactly(min(4096, len(BIG) - body)))
    second = client.read_response()
    assert (second.status, second.body) == (504, b"Gateway Timeout\n")
    assert client.read_response().body == b"last"
