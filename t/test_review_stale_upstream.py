"""An upstream connection that has ended, or on which something came that nobody asked for, serves no other request."""

import socket

import pytest

from lib.prox import proxy_to
from lib.upstream import response_bytes

ONE_WORKER = {"process": {"workers": 1}}
QUICK = {"response_header_timeout": "2s"}
LARGE_BLOCK = 32768 - 24  # what one read of an upstream takes at most


def send_with_fin(connection, data):
    """The answer and the end of the stream in one segment, so that the reader learns of both at once."""
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    connection.send(data)
    connection.half_close()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("closes", [True, False], ids=["closed", "half_closed"])
def test_upstream_that_ends_with_its_answer_is_not_asked_again(start_prox, upstream, method, closes):
    def script(connection):
        connection.read_request()
        send_with_fin(connection, response_bytes(b"ok"))
        if closes:
            connection.close()
        else:
            connection.wait_closed()

    origin = upstream(script)
    client = start_prox({**proxy_to(origin, QUICK), **ONE_WORKER}).connect()
    for _ in range(10):
        response = client.exchange(method, body=b"x" if method == "POST" else None)
        assert (response.status, response.body) == (200, b"ok")
    assert len(origin.connections) == 10


@pytest.mark.parametrize("size", [LARGE_BLOCK, 2 * LARGE_BLOCK])
def test_bytes_behind_an_answer_that_fills_a_read_are_no_answer(start_prox, upstream, size):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %05d\r\n\r\n"

    def script(connection):
        while request := connection.read_request():
            if request.target == "/more":
                body = size - len(head % 0)
                connection.send(head % body + bytes(body) + response_bytes(b"not yours"))
            else:
                connection.send(response_bytes(b"yours"))

    prox = start_prox({**proxy_to(upstream(script)), **ONE_WORKER})
    assert prox.fetch("/more").status == 200
    assert prox.fetch("/next").body == b"yours"
