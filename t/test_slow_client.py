"""Clients that are slow, or many: they cost little, and are served in the end."""

import pytest

from lib import procfs
from lib.prox import proxy_to, static_site
from lib.upstream import Echoed, answer, response_bytes, serve
from lib.waits import SANITIZED, wait_for

MANY = 500
MIB = 1024 * 1024


def trickle(client, data, pause=0.0):
    """Sends `data` byte by byte, in a segment each, and `pause` seconds apart."""
    for byte in data:
        client.send(bytes([byte]))
        client.assert_quiet(pause)


def test_request_byte_by_byte(start_prox, echo):
    client = start_prox(proxy_to(echo)).connect()
    for number in range(2):
        trickle(client, b"POST /%d HTTP/1.1\r\nHost: a.test\r\nX-Y: z\r\nContent-Length: 4\r\n\r\nbod" % number)
        client.send(b"y")
        seen = Echoed(client.read_response())
        assert (seen.target, seen.get("X-Y"), seen.body_length) == (f"/{number}", "z", 4)


def test_chunked_request_byte_by_byte(start_prox, echo):
    client = start_prox(proxy_to(echo)).connect()
    trickle(client, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"3;x=y\r\nabc\r\n0A\r\n0123456789\r\n0\r\nT: v\r\n\r")
    client.send(b"\n")
    seen = Echoed(client.read_response())
    assert (seen.body_length, seen.trailers) == (13, [("T", "v")])


@pytest.mark.slow
def test_a_byte_a_second_within_the_time_limits(start_prox, upstream):
    client = start_prox(proxy_to(upstream(answer()))).connect()
    client.send(b"GET / HTTP/1.1\r\nHost: a.tes")
    trickle(client, b"t\r\n", pause=1.0)
    client.send(b"\r\n")
    assert client.read_response().body == b"hello"


def test_pipelined_requests_split_at_every_byte(start_prox, upstream):
    origin = upstream(serve(lambda request: response_bytes(request.target.encode())))
    prox = start_prox(proxy_to(origin))
    both = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n"
    for at in range(1, len(both)):
        with prox.connect() as client:
            client.send(both[:at])
            client.send(both[at:])
            assert [client.read_response().body for _ in range(2)] == [b"/a", b"/b"], at


def test_slow_clients_do_not_hold_up_others(start_prox, upstream):
    prox = start_prox({**proxy_to(upstream(answer())), "process": {"workers": 1}})
    slow = [prox.connect() for _ in range(50)]
    for client in slow:
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
    assert [prox.fetch().status for _ in range(20)] == [200] * 20
    for client in slow:
        client.send(b"second")
        assert client.read_response().status == 200


def test_reader_byte_by_byte_gets_every_byte(start_prox, upstream):
    body = bytes(range(256)) * 8
    client = start_prox(proxy_to(upstream(answer(body)))).connect(receive_buffer=2048)
    client.send_request()
    assert client.read_head().status == 200
    read = client.stream.unread()
    while len(read) < len(body):
        read += client.socket.recv(1)
    assert read == body


def test_many_idle_connections_are_cheap_and_usable(start_prox):
    prox = start_prox({**static_site(), "process": {"workers": 1}})
    (worker,) = prox.wait_workers(1)
    assert prox.fetch().status == 200
    before = procfs.resident_bytes(worker)
    crowd = [prox.connect() for _ in range(MANY)]
    for client in crowd:
        assert client.exchange().status == 200
    if not SANITIZED:
        assert procfs.resident_bytes(worker) - before < 3 * MIB  # an idle connection holds no block
    assert prox.fetch().status == 200
    assert all(client.exchange().status == 200 for client in crowd)


def test_many_idle_connections_survive_a_reload(start_prox):
    prox = start_prox(static_site("old"))
    crowd = [prox.connect() for _ in range(MANY)]
    for client in crowd:
        assert client.exchange().body == b"old"
    prox.reload_ok(static_site("new", prox.port))
    assert {client.exchange().body for client in crowd} == {b"new"}


def test_many_clients_at_once(start_prox, upstream):
    prox = start_prox(proxy_to(upstream(answer())))
    crowd = [prox.connect() for _ in range(MANY)]
    for client in crowd:
        client.send_request()
    assert [client.read_response().body for client in crowd] == [b"hello"] * MANY


def test_clients_that_vanish_in_every_state_leave_no_descriptor(start_prox, upstream):
    prox = start_prox({**proxy_to(upstream(answer())), "process": {"workers": 1}})
    (worker,) = prox.wait_workers(1)
    assert prox.fetch().status == 200
    before = procfs.descriptor_count(worker)
    whole = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
    for at in range(len(whole) + 1):
        for end in ("close", "reset"):
            client = prox.connect()
            client.send(whole[:at])
            getattr(client, end)()
    # The pool may have grown by a connection or two.
    wait_for(lambda: procfs.descriptor_count(worker) <= before + 2, what="their descriptors are closed")
    assert prox.fetch().status == 200
