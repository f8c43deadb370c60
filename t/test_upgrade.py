"""Upgrade on HTTP/1.1: WebSocket and any other protocol become a tunnel, byte for byte."""

import threading

import pytest

from lib import procfs
from lib.ports import blackhole_port
from lib.prox import proxy_to, service, static
from lib.upstream import answer, response_bytes
from lib.waits import LATE, SANITIZED, Stopwatch, wait_for

ASK = [("Connection", "Upgrade"), ("Upgrade", "example/1")]
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: example/1\r\nX-Mine: yes\r\n\r\n"


def switch(then):
    """A script that agrees to the upgrade, and goes on with `then(connection)`."""

    def script(connection):
        connection.read_request()
        connection.send(SWITCH)
        then(connection)

    return script


def echo_bytes(connection):
    while connection.stream.fill(30):
        connection.send(connection.stream.read_exactly(len(connection.stream.unread())))


def read(client, count):
    return client.stream.read_exactly(count)


@pytest.fixture
def ask(start_prox, upstream):
    """Starts prox before a script, and asks for an upgrade; returns prox, the origin and the client."""

    def make(script, settings=None, **action):
        origin = upstream(script)
        prox = start_prox(proxy_to(origin, settings, **action))
        client = prox.connect()
        client.send_request(target="/x?y", fields=ASK + [("X-Own", "1")], host="chat.test")
        return prox, origin, client

    return make


def test_the_upgrade_is_asked_for_and_its_answer_passed_back(ask):
    _, origin, client = ask(switch(echo_bytes), headers={"X-Set": "2"})
    head = client.read_head()
    assert (head.status, head.reason) == (101, "Switching Protocols")
    assert (head.get("Connection"), head.get("Upgrade"), head.get("X-Mine")) == ("Upgrade", "example/1", "yes")
    assert head.get("Date") is None
    request = origin.wait_request()
    assert (request.method, request.target) == ("GET", "/x?y")
    assert request.get("Connection") == "Upgrade" and request.get("Upgrade") == "example/1"
    assert request.get("X-Own") == "1" and request.get("X-Set") == "2"
    assert request.get("X-Forwarded-For") == "127.0.0.1"
    assert request.get("X-Forwarded-Host") == "chat.test" and request.get("X-Forwarded-Proto") == "http"
    client.send(b"GET / HTTP/1.1\r\n\r\n\0\xff")
    assert read(client, 20) == b"GET / HTTP/1.1\r\n\r\n\0\xff"


def test_bytes_right_behind_the_101_are_not_lost(ask):
    def script(connection):
        connection.read_request()
        connection.send(SWITCH + b"at once")
        echo_bytes(connection)

    _, _, client = ask(script)
    assert client.read_head().status == 101
    assert read(client, 7) == b"at once"


def test_bytes_right_behind_the_request_are_not_lost(start_prox, upstream):
    origin = upstream(switch(echo_bytes))
    client = start_prox(proxy_to(origin)).connect()
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: example/1\r\n\r\nat once")
    assert client.read_head().status == 101
    assert read(client, 7) == b"at once"


def test_the_clients_half_close_is_passed_on_and_the_answer_still_comes(ask):
    def script(connection):
        connection.wait_closed()  # reads to the client's end
        connection.send(b"got %d" % (len(connection.received)))
        connection.close()

    _, origin, client = ask(switch(script))
    assert client.read_head().status == 101
    client.send(b"x" * 1000)
    client.half_close()
    assert client.read_until_closed().startswith(b"got ")
    assert origin.received.endswith(b"x" * 1000)


def test_the_targets_half_close_is_passed_on_and_the_client_still_heard(ask):
    def script(connection):
        connection.send(b"bye")
        connection.half_close()
        connection.wait_closed()

    prox, origin, client = ask(switch(script))
    assert client.read_head().status == 101
    assert client.read_until_closed() == b"bye"
    client.send(b"not yet")
    wait_for(lambda: origin.received.endswith(b"not yet"), what="the target hears the client")
    assert not origin.connections[0].ended.is_set()
    client.half_close()
    wait_for(origin.connections[0].ended.is_set, what="the target sees the end")
    wait_for(lambda: not procfs.socket_owners(prox.port, client.port), what="prox lets the connection go")


def test_a_reset_of_the_target_resets_the_client(ask):
    _, _, client = ask(switch(lambda connection: connection.reset()))
    assert client.read_head().status == 101
    with pytest.raises(ConnectionResetError):
        client.socket.recv(10)


def test_a_reset_of_the_client_resets_the_target(ask):
    _, origin, client = ask(switch(echo_bytes))
    assert client.read_head().status == 101
    client.reset()
    wait_for(lambda: origin.connections[0].cut is not None, what="the target is reset")


def test_a_rejection_is_passed_back_as_it_is_and_the_connection_kept(ask):
    rejection = response_bytes(b"not you", 403, [("X-Why", "closed")])
    _, origin, client = ask(lambda connection: [connection.read_request() and connection.send(rejection)
                                                for _ in range(2)])
    response = client.read_response()
    assert (response.status, response.body, response.get("X-Why")) == (403, b"not you", "closed")
    assert client.exchange(target="/next").status == 403
    assert len(origin.connections) == 1


@pytest.mark.parametrize("protocol", ["h2c", "TLS/1.0", "websocket, other"])
def test_some_protocols_never_pass(start_prox, echo, protocol):
    response = start_prox(proxy_to(echo)).fetch(fields=[("Connection", "Upgrade"), ("Upgrade", protocol)])
    assert response.status == 200
    assert b'"Upgrade"' not in response.body


def test_an_upgrade_with_a_body_switches_behind_it(start_prox, upstream):
    origin = upstream(switch(echo_bytes))
    client = start_prox(proxy_to(origin)).connect()
    client.send_request("POST", fields=ASK, body=b"{}")
    assert client.read_head().status == 101
    assert origin.wait_request().body == b"{}"
    client.send(b"raw")
    assert read(client, 3) == b"raw"


def test_a_101_for_another_protocol_is_502(ask):
    _, _, client = ask(lambda connection: connection.read_request() and connection.send(
        b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n"))
    assert client.read_response().status == 502


def test_an_upgrade_is_an_ordinary_request_to_a_static_route(start_prox):
    prox = start_prox({"services": {"web": service([{"action": static("plain")}])}})
    client = prox.connect()
    for _ in range(2):
        assert client.exchange(fields=ASK).body == b"plain"


def test_no_time_limit_holds_after_the_switch(ask):
    limits = {name: "400ms" for name in ["read_timeout", "header_timeout", "write_timeout", "idle_timeout",
                                         "response_header_timeout", "dial_timeout"]}
    _, _, client = ask(switch(echo_bytes), limits)
    assert client.read_head().status == 101
    client.assert_quiet(1.2)
    client.send(b"late")
    assert read(client, 4) == b"late"
    client.assert_quiet(0.8)


def test_a_handshake_that_is_not_answered_is_504(ask):
    _, _, client = ask(lambda connection: connection.wait_closed(), {"response_header_timeout": "400ms"})
    with Stopwatch() as watch:
        assert client.read_response().status == 504
    assert 0.3 <= watch.seconds <= 0.4 + LATE


def test_a_target_that_cannot_be_reached_in_time_is_504(start_prox):
    with blackhole_port() as port:
        prox = start_prox(proxy_to(f"127.0.0.1:{port}", {"dial_timeout": "400ms"}))
        with Stopwatch() as watch:
            assert prox.fetch(fields=ASK).status == 504
    assert watch.seconds <= 0.4 + LATE


def test_a_target_that_refuses_is_502(start_prox, upstream):
    origin = upstream(answer())
    origin.stop_listening()
    assert start_prox(proxy_to(origin)).fetch(fields=ASK).status == 502


def test_a_tunnel_goes_on_over_a_reload_and_ends_with_the_drain_limit(start_prox, upstream):
    origin = upstream(switch(echo_bytes))
    config = {**proxy_to(origin), "process": {"drain_timeout": "1s"}}
    prox = start_prox(config)
    client = prox.connect()
    client.send_request(fields=ASK)
    assert client.read_head().status == 101
    old = prox.worker_of(client)
    prox.reload_ok()
    client.send(b"still here")
    assert read(client, 10) == b"still here"
    assert old in prox.workers()
    client.read_until_closed()
    prox.wait_workers(2, without=[old])


def test_a_stop_does_not_wait_longer_than_its_limit(start_prox, upstream):
    origin = upstream(switch(echo_bytes))
    prox = start_prox({**proxy_to(origin), "process": {"shutdown_timeout": "500ms"}})
    client = prox.connect()
    client.send_request(fields=ASK)
    assert client.read_head().status == 101
    with Stopwatch() as watch:
        assert prox.stop() == 0
    assert watch.seconds <= 0.5 + 2 * LATE


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_reader_that_stops_stops_its_sender_and_memory_stays_flat(start_prox, upstream, direction):
    go_on = threading.Event()
    total, block = 32 << 20, bytes(range(256)) * 256
    sent = []

    def pump(send):
        for _ in range(total // len(block)):
            send(block)
            sent.append(len(block))

    def script(connection):
        if direction == "down":
            return pump(connection.send)
        connection.wait(go_on)
        return connection.stream.read_exactly(total, 30)

    origin = upstream(switch(script))
    prox = start_prox({**proxy_to(origin), "process": {"workers": 1}})
    client = prox.connect()
    client.send_request(fields=ASK)
    assert client.read_head().status == 101
    if direction == "up":
        thread = threading.Thread(target=pump, args=(client.send,), daemon=True)
        thread.start()
    wait_for(lambda: len(sent) > 4, what="bytes flow")
    client.assert_quiet(0.5) if direction == "up" else None
    before = len(sent)
    resident = procfs.resident_bytes(prox.workers()[0])
    assert SANITIZED or resident < 32 << 20
    go_on.set()
    if direction == "down":
        assert read(client, total) == block * (total // len(block))
    else:
        thread.join(30)
    wait_for(origin.connections[0].ended.is_set, what="all is there")
    assert before < total // len(block), "the sender was never stopped"
    assert sum(sent) == total
