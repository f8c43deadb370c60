"""Responses that are not all delivered when something ends: a limit, or prox itself."""

import signal
import threading
import time

import pytest

from lib import http1, procfs
from lib.prox import proxy_to, static_site
from lib.waits import Stopwatch

ONE_WORKER = {"process": {"workers": 1}}
MIB = 1024 * 1024
SIP = 16 * 1024


@pytest.mark.slow
def test_idle_timeout_does_not_run_while_a_response_is_being_delivered(start_prox):
    body = "z" * (12 * MIB)
    settings = {"idle_timeout": "500ms", "write_timeout": 0}
    prox = start_prox({**static_site(body, settings=settings), **ONE_WORKER})
    client = prox.connect(receive_buffer=4096)
    client.send_request()
    length = int(client.read_head().get("Content-Length"))
    begun = time.monotonic()
    with Stopwatch() as watch:
        for at in range(0, length, SIP):
            client.stream.read_exactly(min(SIP, length - at))
            if time.monotonic() - begun < 3:
                procfs.listening_ports()  # a look at the machine takes some ms, or many where other tests have sockets, too
    assert watch.seconds > 1, "this reader was not slow enough to tell"


@pytest.mark.parametrize("how", ["stop", "reload"])
def test_response_cut_by_the_end_of_a_drain_never_looks_whole(start_prox, upstream, how):
    """Close-delimited: only a reset tells an HTTP/1.0 client that something is missing."""
    end = threading.Event()

    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\nthe first part")
        connection.wait(end)

    limits = {"shutdown_timeout": "300ms", "drain_timeout": "300ms"}
    prox = start_prox({**proxy_to(upstream(script)), "process": {"workers": 1, **limits}})
    client = prox.connect()
    client.send_request(version="1.0")
    assert client.read_head().framing == "close"
    assert client.stream.read_exactly(14) == b"the first part"
    if how == "stop":
        prox.signal(signal.SIGTERM)
    else:
        prox.reload_ok()
    with pytest.raises(http1.ConnectionReset):
        client.stream.read_to_end()
    end.set()
