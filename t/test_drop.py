"""Requests that a `drop` route leaves without an answer."""

import pytest

from lib import procfs
from lib.client import RawClient
from lib.http2 import Codes, Response
from lib.prox import service, static
from lib.waits import LATE, SANITIZED, Stopwatch, wait_for

BEHIND = b"\r\nHost: a.test\r\n\r\n"


def dropping(mode=None, settings=None, **process):
    """Everything below /drop is dropped, the rest answered."""
    action = {"type": "drop", **({"mode": mode} if mode else {})}
    routes = [{"match": {"path": "/drop"}, "action": action}, {"action": static()}]
    return {"services": {"web": service(routes, config=settings or {})}, "process": {"workers": 1, **process}}


def test_hang_is_the_default_and_ends_at_write_timeout(start_prox):
    prox = start_prox(dropping(settings={"write_timeout": "1s"}))
    client = prox.connect()
    client.send_request(target="/drop")
    seconds, rest = client.seconds_until_closed()
    assert rest == b""
    assert 0.9 <= seconds <= 1 + LATE


def test_hang_without_write_timeout_goes_on(start_prox):
    client = start_prox(dropping("hang", {"write_timeout": 0})).connect()
    client.send_request(target="/drop")
    client.assert_quiet(1.0)


def test_close_is_at_once(start_prox):
    client = start_prox(dropping("close")).connect()
    client.send_request(target="/drop")
    with Stopwatch() as watch:
        client.assert_closed()
    assert watch.seconds < LATE


def test_close_resets_a_stream_and_leaves_the_others(start_prox):
    client = start_prox(dropping("close")).connect_h2()
    dropped, kept = client.begin(target="/drop", ends=True), client.begin(ends=True)
    assert client.read_end(dropped) == Response(reset=Codes.CANCEL)
    assert client.read_response(kept).body == b"hello"
    assert client.fetch().body == b"hello"


def test_hang_leaves_a_stream_open_until_write_timeout_and_the_others_alone(start_prox):
    client = start_prox(dropping("hang", {"write_timeout": "1s"})).connect_h2()
    with Stopwatch() as watch:
        dropped = client.begin(target="/drop", ends=True)
        assert client.fetch().body == b"hello"
        response = client.read_end(dropped)
    assert response == Response(reset=Codes.CANCEL)
    assert 0.9 <= watch.seconds <= 1 + LATE
    assert client.fetch().body == b"hello"


@pytest.mark.parametrize("mode", ["hang", "close"])
def test_answers_before_a_dropped_request_arrive_whole(start_prox, mode):
    client = start_prox(dropping(mode, {"write_timeout": "500ms"})).connect()
    client.send(b"GET /a HTTP/1.1" + BEHIND + b"GET /drop HTTP/1.1" + BEHIND + b"GET /b HTTP/1.1" + BEHIND)
    assert client.read_response().body == b"hello"
    client.assert_closed()


def test_a_body_that_hangs_is_not_read(start_prox):
    prox = start_prox(dropping())
    client = prox.connect()
    client.send_request("POST", "/drop", [("Content-Length", 1 << 30)])
    worker, = prox.workers()
    before = procfs.resident_bytes(worker)
    client.socket.settimeout(0.5)
    with pytest.raises(TimeoutError):
        while True:
            client.socket.send(bytes(1 << 20))
    assert prox.fetch("/").status == 200
    assert SANITIZED or procfs.resident_bytes(worker) - before < 2 << 20


def test_a_hung_client_does_not_hold_up_a_stop_or_a_reload(start_prox):
    prox = start_prox(dropping(settings={"write_timeout": "50s"}, shutdown_timeout="40s"))
    first, second = prox.connect(), prox.connect()
    old = prox.workers()
    first.send_request(target="/drop")
    first.assert_quiet()
    prox.reload_ok()
    first.assert_closed()
    prox.wait_workers(1, without=old)
    second = prox.connect()
    second.send_request(target="/drop")
    second.assert_quiet()
    with Stopwatch() as watch:
        assert prox.stop() == 0
    assert watch.seconds < 5 + LATE
    second.assert_closed()


def test_max_hung_closes_the_oldest(start_prox):
    prox = start_prox(dropping(max_hung=2))
    clients = [prox.connect() for _ in range(3)]
    for client in clients:
        client.send_request(target="/drop")
        client.assert_quiet(0.1)
    clients.append(prox.connect())
    clients[3].send_request(target="/drop")
    clients[1].assert_closed()
    clients[2].assert_quiet(0.1)
    clients[3].assert_quiet(0.1)


def test_max_hung_0_closes_at_once(start_prox):
    client = start_prox(dropping(max_hung=0)).connect()
    client.send_request(target="/drop")
    client.assert_closed()


def test_connections_of_hung_streams_go_when_descriptors_run_short(start_prox):
    """A stream has no descriptor; its connection has, though it would hang for long."""
    prox = start_prox(dropping(settings={"write_timeout": "50s"}, rlimit_nofile=64))
    hung = [prox.connect_h2() for _ in range(40)]
    streams = [client.begin(target="/drop", ends=True) for client in hung]
    hung[-1].settle()
    more = [prox.connect() for _ in range(30)]
    assert all(client.exchange().status == 200 for client in more)
    prox.wait_log("cannot accept: pausing")
    assert hung[0].read_end(streams[0]).reset == Codes.CANCEL


def test_hung_clients_go_first_when_descriptors_run_short(start_prox):
    prox = start_prox(dropping(settings={"write_timeout": "50s"}, rlimit_nofile=64))
    hung = [prox.connect() for _ in range(20)]
    for client in hung:
        client.send_request(target="/drop")
    kept = prox.connect()
    assert kept.exchange().status == 200
    more = [RawClient(prox.port) for _ in range(40)]
    try:
        prox.wait_log("cannot accept: pausing")
        wait_for(lambda: all(client.exchange().status == 200 for client in more[-1:]), what="the last one is served")
        hung[0].assert_closed()
        assert kept.exchange().status == 200
    finally:
        for client in more:
            client.close()
