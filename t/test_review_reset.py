"""Bytes and the reset behind them that are seen at once: the reset is not lost."""

import threading

import pytest

from lib import http1, procfs
from lib.prox import proxy_to
from lib.upstream import response_bytes
from lib.waits import Stopwatch, wait_for

SOON = 3  # seconds; the limits that would end the wait otherwise are 10 s and more


@pytest.fixture
def resetting(start_prox, upstream):
    """Starts prox before an origin that answers with some bytes and a reset."""

    def start(data):
        running = []

        def script(connection):
            connection.read_request()
            with procfs.held(running[0].workers()[0]):
                connection.send(data)
                connection.reset()

        prox = start_prox({**proxy_to(upstream(script)), "process": {"workers": 1}})
        running.append(prox)
        return prox

    return start


@pytest.mark.parametrize("data", [b"H", b"HTTP/1.1 200 OK\r\nContent-Le"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_upstream_that_resets_behind_part_of_a_head_is_502_at_once(resetting, method, data):
    with Stopwatch() as watch:
        assert resetting(data).fetch(method=method, body=b"x" if method == "POST" else None).status == 502
    assert watch.seconds < SOON


@pytest.mark.parametrize("fields", [b"Content-Length: 100\r\n", b"Transfer-Encoding: chunked\r\n", b""])
def test_upstream_that_resets_behind_part_of_a_body_cuts_it_at_once(resetting, fields):
    data = b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n" + b"5\r\nhello\r\n"
    client = resetting(data).connect()
    client.send_request()
    with pytest.raises(http1.Truncated):
        client.read_response(deadline=SOON)


@pytest.mark.parametrize("sent", [b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n",
                                  b"POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf"])
def test_client_that_resets_behind_its_request_frees_the_upstream_at_once(start_prox, upstream, sent):
    def script(connection):
        head = connection.read_head()
        if head is not None and head.target == "/ping":
            connection.send(response_bytes(b"pong", fields=[("Connection", "close")]))
        elif head is not None:
            connection.wait_closed()

    origin = upstream(script)
    prox = start_prox({**proxy_to(origin), "process": {"workers": 1}})
    client = prox.connect()
    wait_for(lambda: procfs.socket_owners(prox.port, client.port) & set(prox.workers()), what="it is accepted")
    with procfs.held(prox.workers()[0]):
        client.send(sent)
        client.reset()
    assert prox.fetch("/ping").body == b"pong"  # so the worker has seen the other one
    wait_for(lambda: all(connection.ended.is_set() for connection in origin.connections), SOON, "the upstream is free")


def test_client_that_resets_while_its_upload_is_held_back_frees_the_upstream(start_prox, upstream):
    done = threading.Event()

    def script(connection):
        connection.read_head()
        connection.wait(done)

    prox = start_prox({**proxy_to(upstream(script)), "process": {"workers": 1}})
    worker = prox.workers()[0]
    before = procfs.descriptor_count(worker)
    client = prox.connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n")
    with pytest.raises(TimeoutError):
        client.stream.send(bytes(32 * 1024 * 1024), deadline=0.5)
    client.reset()
    wait_for(lambda: procfs.descriptor_count(worker) == before, SOON, "both connections are closed")
    done.set()
