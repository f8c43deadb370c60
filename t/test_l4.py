"""Connections that are decided by their ClientHello: passed on unopened, dropped, or taken to HTTP."""

import hashlib
import socket
import threading

import pytest

from lib import procfs
from lib.hello import client_hello, in_records
from lib.http1 import ConnectionReset
from lib.ports import LOOPBACK, blackhole_port, free_port
from lib.prox import service, static
from lib.waits import DEADLINE, LATE, SANITIZED, Stopwatch, wait_for, wait_until_still


def dispatching(*upstreams, settings=None, routes=(), **process):
    """Names below cdn<N>.test are passed to the Nth upstream, bad.test is dropped, the rest is HTTP."""
    passes = [{"match": {"domain": f"*.cdn{number}.test"}, "action": {"type": "pass", "upstream": address(upstream)}}
              for number, upstream in enumerate(upstreams)]
    rest = [{"match": {"domain": "bad.test"}, "action": {"type": "drop"}},
            {"match": {"domain": "*.test"}, "action": static("from prox")}]
    return {"services": {"web": service([*routes, *passes, *rest], config=settings or {})}, "process": process}


def address(upstream):
    return getattr(upstream, "address", upstream)


def keeps(connection):
    """An origin that reads whatever comes, until its peer ends."""
    connection.wait_closed()


def echoes(connection):
    """An origin that sends back what it gets, and the end too."""
    while connection.stream.fill(300.0):
        connection.send(connection.stream.read_exactly(len(connection.stream.unread())))
    connection.half_close()


def hello_arrives(origin, hello, number=0):
    connection = origin.wait_connection(number)
    wait_for(lambda: connection.received == hello, what="the untouched hello reaches the origin")
    return connection


# Decisions


def test_a_passed_connection_reaches_its_upstream_untouched(start_prox, upstream):
    first, second = upstream(echoes), upstream(echoes)
    prox = start_prox(dispatching(first, second))
    for number, origin in enumerate([first, second]):
        hello = client_hello(f"A.cdn{number}.test")
        client = prox.connect()
        client.send(hello)
        assert client.stream.read_exactly(len(hello)) == hello
        hello_arrives(origin, hello)
        client.send(b"more")
        assert client.stream.read_exactly(4) == b"more"
    prox.wait_log(r"ClientHello service=web client=127.0.0.1 sni=A.cdn0.test route=web:0 peeks=1")


def test_a_dropped_name_is_closed_without_a_byte(start_prox, upstream):
    prox = start_prox(dispatching(upstream(keeps)))
    client = prox.connect()
    client.send(client_hello("bad.test"))
    with Stopwatch() as watch:
        client.assert_closed()
    assert watch.seconds < LATE


@pytest.mark.parametrize("name", ["BAD.test", "bad.TEST."])
def test_a_dropped_name_in_other_words(start_prox, upstream, name):
    # OpenSSL sends a name as it is given.
    client = start_prox(dispatching(upstream(keeps))).connect()
    client.send(client_hello(name))
    client.assert_closed()


@pytest.mark.parametrize("before", [
    b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10" + bytes(37),  # SSLv2 (RFC 6101 appendix E)
    b"\x15\x03\x01\x00\x02\x01\x00",  # an alert
    b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
    b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12),
])
def test_a_hello_behind_something_else_is_not_relayed(start_prox, upstream, before):
    origin = upstream(keeps)
    client = start_prox(dispatching(origin)).connect()
    client.send(before + client_hello("a.cdn0.test"))
    client.read_until_closed()
    assert not origin.connections


def test_plain_http_on_a_service_with_pass_routes(start_prox, upstream):
    prox = start_prox(dispatching(upstream(keeps)))
    assert prox.fetch("/", host="b.test").body == b"from prox"
    client = prox.connect()
    for _ in range(3):
        assert client.exchange(host="b.test").body == b"from prox"
    assert client.exchange(host="other.org").status == 404


def test_a_request_for_a_passed_name_is_misdirected(start_prox, upstream):
    client = start_prox(dispatching(upstream(keeps))).connect()
    response = client.exchange(host="a.cdn0.test")
    assert (response.status, response.body) == (421, b"Misdirected Request\n")
    assert client.exchange(host="b.test").status == 200


def test_a_catch_all_before_a_pass_route_does_not_hide_it(start_prox, upstream):
    origin = upstream(keeps)
    prox = start_prox(dispatching(origin, routes=[{"match": {"path": "/*"}, "action": static("all")}]))
    hello = client_hello("a.cdn0.test")
    client = prox.connect()
    client.send(hello)
    hello_arrives(origin, hello)
    assert prox.fetch("/").body == b"all"


def test_an_earlier_http_route_with_the_same_domain_wins(start_prox, upstream):
    origin = upstream(keeps)
    first = {"match": {"domain": "x.cdn0.test", "path": "/only/*"}, "action": static("http")}
    prox = start_prox(dispatching(origin, routes=[first]))
    client = prox.connect()
    client.send(client_hello("x.cdn0.test"))
    assert client.read_until_closed().startswith(b"HTTP/1.1 400 ")  # the service speaks no TLS itself
    assert not origin.connections


def test_alpn_is_a_condition_of_a_pass_route(start_prox, upstream):
    acme, named, other = upstream(keeps), upstream(keeps), upstream(keeps)
    prox = start_prox({"services": {"web": service([
        {"match": {"domain": "a.test", "alpn": ["acme-tls/1", "x"]}, "action": {"type": "pass", "upstream": acme.address}},
        {"match": {"domain": "a.test"}, "action": {"type": "pass", "upstream": named.address}},
        {"match": {"alpn": ["h9"]}, "action": {"type": "pass", "upstream": other.address}},
        {"match": {"domain": "b.test"}, "action": static()},
    ])}})
    for origin, hello in [(acme, client_hello("a.test", ["h2", "acme-tls/1"])), (named, client_hello("a.test", ["h2"])),
                          (other, client_hello("else.test", ["h9"])), (named, client_hello("a.test", ["h9"]))]:
        before = len(origin.connections)
        prox.connect().send(hello)
        hello_arrives(origin, hello, before)


def test_the_clients_address_is_a_condition_of_a_pass_route(start_prox, upstream):
    near, far = upstream(keeps), upstream(keeps)
    prox = start_prox({"services": {"web": service([
        {"match": {"domain": "a.test", "client": ["127.0.0.2/32"]}, "action": {"type": "pass", "upstream": near.address}},
        {"match": {"domain": "a.test"}, "action": {"type": "pass", "upstream": far.address}},
    ])}})
    hello = client_hello("a.test")
    for address, origin in [("127.0.0.2", near), ("127.0.0.3", far)]:
        client = socket.create_connection((LOOPBACK, prox.port), DEADLINE, (address, 0))
        client.sendall(hello)
        hello_arrives(origin, hello)
        client.close()


def test_a_route_chosen_by_alpn_does_not_hide_http_routes_behind_it(start_prox, upstream):
    origin = upstream(keeps)
    alpn = {"match": {"domain": "b.test", "alpn": ["acme-tls/1"]}, "action": {"type": "pass", "upstream": origin.address}}
    assert start_prox(dispatching(origin, routes=[alpn])).fetch("/", host="b.test").body == b"from prox"


def test_set_variables_name_the_upstream(start_prox, upstream):
    origin = upstream(keeps)
    prox = start_prox({"services": {"web": service([
        {"match": {"domain": "a.test"}, "set": {"port": str(origin.port)},
         "action": {"type": "pass", "upstream": "localhost:{port}"}}])}})
    hello = client_hello("a.test")
    prox.connect().send(hello)
    hello_arrives(origin, hello)


# Hellos


def looks(prox):
    """How often the last hello was looked at."""
    return int(prox.wait_log(r"peeks=(\d+)").group(1))


def test_a_hello_byte_by_byte_is_looked_at_a_few_times(start_prox, upstream):
    origin = upstream(keeps)
    prox = start_prox(dispatching(origin))
    hello = client_hello("a.cdn0.test", ["h2", "http/1.1"])
    client = prox.connect()
    for at in range(len(hello)):
        client.send(hello[at:at + 1])
    hello_arrives(origin, hello)
    assert looks(prox) <= 4


def test_a_hello_in_three_segments_and_two_records(start_prox, upstream):
    origin = upstream(keeps)
    prox = start_prox(dispatching(origin))
    hello = in_records(client_hello("a.cdn0.test"), 150)
    client = prox.connect()
    for part in (hello[:3], hello[3:160], hello[160:]):
        client.send(part)
        client.assert_quiet(0.1)
    hello_arrives(origin, hello)
    assert looks(prox) <= 4


def test_a_name_cannot_hide_behind_the_first_record(start_prox, upstream):
    prox = start_prox(dispatching(upstream(keeps)))
    client = prox.connect()
    client.send(in_records(client_hello("bad.test"), 1))
    client.assert_closed()


def test_what_is_no_hello_is_closed(start_prox, upstream):
    prox = start_prox(dispatching(upstream(keeps)))
    hello = client_hello("a.cdn0.test")
    for data in (hello[:3] + b"\xff\xff" + hello[5:], b"\x16\x03\x01\x00\x02\x02\x00", b"\x16\x09" + hello[2:]):
        client = prox.connect()
        client.send(data)
        client.assert_closed()
    client = prox.connect()
    client.send(hello[:100])
    client.half_close()
    client.assert_closed()


def test_a_silent_client_is_cut_at_peek_timeout(start_prox, upstream):
    prox = start_prox(dispatching(upstream(keeps), settings={"peek_timeout": "700ms"}))
    hello = client_hello("a.cdn0.test")
    for data in (b"", hello[:1], hello[:-1]):
        client = prox.connect()
        client.send(data)
        seconds, rest = client.seconds_until_closed()
        assert rest == b""
        assert 0.6 <= seconds <= 0.7 + LATE


def test_peek_timeout_is_5_s_by_default(start_prox, upstream):
    prox = start_prox(dispatching(upstream(keeps)))
    seconds, rest = prox.connect().seconds_until_closed()
    assert rest == b"" and 4.8 <= seconds <= 5 + LATE


def test_max_peeking_sheds_the_oldest(start_prox, upstream):
    prox = start_prox(dispatching(upstream(keeps), max_peeking=2, workers=1))
    clients = [prox.connect() for _ in range(3)]
    clients[0].assert_closed()
    clients[1].assert_quiet()
    clients[2].assert_quiet()


def test_clients_whose_hello_has_come_are_not_shed(start_prox, upstream):
    prox = start_prox(dispatching(upstream(echoes), max_peeking=2, workers=1))
    hello = client_hello("a.cdn0.test")
    with procfs.held(prox.workers()[0]):
        clients = [prox.connect() for _ in range(16)]
        for client in clients:
            client.send(hello)
    for client in clients:
        assert client.stream.read_exactly(len(hello)) == hello


def test_silent_clients_cost_little_and_delay_nobody(start_prox, upstream):
    origin = upstream(echoes)
    prox = start_prox(dispatching(origin, settings={"peek_timeout": "60s"}, workers=1, max_peeking=1000))
    worker, = prox.workers()
    hello = client_hello("a.cdn0.test")
    with prox.connect() as client:
        client.send(hello)
        client.stream.read_exactly(len(hello))
    before = procfs.resident_bytes(worker)
    silent = [prox.connect() for _ in range(1000)]
    for client in silent:
        client.send(hello[:-1])
    wait_for(lambda: procfs.descriptor_count(worker) >= 1000, what="all are accepted")
    with Stopwatch() as watch:
        with prox.connect() as client:
            client.send(hello)
            assert client.stream.read_exactly(len(hello)) == hello
    assert watch.seconds < LATE
    assert SANITIZED or (procfs.resident_bytes(worker) - before) / len(silent) < 4096


# Relays


def relay(prox, origin, hello):
    """A client whose connection was passed on, and the origin's side of it."""
    client = prox.connect()
    number = len(origin.connections)
    client.send(hello)
    return client, hello_arrives(origin, hello, number)


def test_the_client_half_closes(start_prox, upstream):
    hello = client_hello("a.cdn0.test")
    ended = threading.Event()

    def answers_after_the_end(connection):
        connection.wait_closed()
        ended.set()
        connection.send(b"answer")
        connection.close()

    origin = upstream(answers_after_the_end)
    prox = start_prox({**dispatching(origin), "logging": {"access_log": "access.log"}})
    client, connection = relay(prox, origin, hello)
    client.send(b"question")
    client.half_close()
    assert ended.wait(10)
    assert client.read_until_closed() == b"answer"
    assert connection.received == hello + b"question"
    assert "error" not in prox.wait_line(proto="tls-pass", bytes_in=len(hello) + 8, bytes_out=6)


def test_the_upstream_half_closes(start_prox, upstream):
    hello = client_hello("a.cdn0.test")

    def says_all_at_once(connection):
        connection.send(b"all I have")
        connection.half_close()
        connection.wait_closed()

    origin = upstream(says_all_at_once)
    client, connection = relay(start_prox(dispatching(origin)), origin, hello)
    assert client.read_until_closed() == b"all I have"
    client.send(b"still listening?")
    wait_for(lambda: connection.received == hello + b"still listening?", what="the other direction goes on")
    client.close()
    assert connection.ended.wait(10)


def test_a_reset_of_the_client_is_a_reset_for_the_upstream(start_prox, upstream):
    resets = []

    def expects_a_reset(connection):
        try:
            while connection.stream.fill(300.0):
                pass
        except ConnectionReset as error:
            resets.append(error)

    origin = upstream(expects_a_reset)
    client, connection = relay(start_prox(dispatching(origin)), origin, client_hello("a.cdn0.test"))
    client.reset()
    assert connection.ended.wait(10)
    assert resets


def test_a_reset_of_the_upstream_is_a_reset_for_the_client(start_prox, upstream):
    go = threading.Event()

    def resets(connection):
        connection.stream.fill()
        connection.wait(go)
        connection.reset()

    origin = upstream(resets)
    client, _ = relay(start_prox(dispatching(origin)), origin, client_hello("a.cdn0.test"))
    go.set()
    with pytest.raises(ConnectionReset):
        client.stream.read_exactly(1)


def test_much_comes_through_whole_both_ways(start_prox, upstream):
    size = 1 << 30
    prox = start_prox(dispatching(upstream(sends_back_hash(size))))
    client = prox.connect()
    hello = client_hello("a.cdn0.test")
    client.send(hello)
    up, down = hashlib.sha256(), hashlib.sha256()
    tail = []
    reader = threading.Thread(target=lambda: tail.append(read_all(client.socket, down, size)))
    reader.start()
    for block in blocks(size, b"up"):
        up.update(block)
        client.socket.sendall(block)
    reader.join(60)
    expected = hashlib.sha256()
    for block in blocks(size, b"down"):
        expected.update(block)
    assert down.digest() == expected.digest()
    assert tail[0] == up.digest()


def blocks(size, seed):
    """`size` bytes in blocks, none like another."""
    block = hashlib.sha256(seed).digest() * (1 << 11)
    for number in range(size // len(block)):
        yield number.to_bytes(32, "big") + block[32:]


def read_all(sock, digest, size):
    """Reads `size` bytes into the digest; returns the 32 behind them."""
    left = size
    while left:
        data = sock.recv(min(left, 1 << 20))
        assert data, "the stream ended early"
        digest.update(data)
        left -= len(data)
    tail = b""
    while len(tail) < 32:
        tail += sock.recv(32 - len(tail))
    return tail


def sends_back_hash(size):
    """An origin that takes `size` bytes behind the hello while it sends as many, then the SHA-256 of what it got."""

    def script(connection):
        hello = len(client_hello("a.cdn0.test"))
        sock = connection.socket
        sock.settimeout(60)
        sender = threading.Thread(target=lambda: [sock.sendall(block) for block in blocks(size, b"down")])
        sender.start()
        left = hello
        while left:
            left -= len(sock.recv(left))
        digest, left = hashlib.sha256(), size
        while left:
            data = sock.recv(min(left, 1 << 20))
            digest.update(data)
            left -= len(data)
        sender.join(60)
        sock.sendall(digest.digest())

    return script


def test_a_slow_reader_holds_memory_flat(start_prox, upstream):
    stop = threading.Event()

    def floods(connection):
        connection.stream.fill()
        connection.socket.settimeout(0.2)
        while not stop.is_set():
            try:
                connection.socket.send(bytes(1 << 20))
            except TimeoutError:
                pass

    origin = upstream(floods)
    prox = start_prox(dispatching(origin, workers=1))
    worker, = prox.workers()
    client, _ = relay(prox, origin, client_hello("a.cdn0.test"))
    wait_until_still(lambda: procfs.resident_bytes(worker), what="memory")
    before = procfs.resident_bytes(worker)
    with Stopwatch() as watch:
        while watch.running < 1:
            client.socket.recv(1000)
    assert SANITIZED or procfs.resident_bytes(worker) - before < 256 * 1024
    stop.set()


def test_an_idle_relay_has_no_time_limit_and_keep_alive_on_both_sides(start_prox, upstream):
    origin = upstream(echoes)
    settings = {name: "300ms" for name in ("read_timeout", "write_timeout", "idle_timeout", "header_timeout")}
    prox = start_prox(dispatching(origin, settings={**settings, "keep_alive": "1s"}))
    client, connection = relay(prox, origin, client_hello("a.cdn0.test"))
    client.stream.read_exactly(len(connection.received))
    client.assert_quiet(1.0)
    to_prox = connection.socket.getpeername()[1]
    for ports in ((prox.port, client.port), (to_prox, origin.port)):
        # Armed when the silence is that long for the first time.
        wait_for(lambda ports=ports: procfs.keepalive_timer(*ports) is not None, what="keep-alive probes")
        assert procfs.keepalive_timer(*ports) <= 1
    client.send(b"still here")
    assert client.stream.read_exactly(10) == b"still here"


def test_an_upstream_that_refuses_closes_the_client(start_prox):
    prox = start_prox(dispatching(f"127.0.0.1:{free_port()}"))
    client = prox.connect()
    client.send(client_hello("a.cdn0.test"))
    client.assert_closed()
    prox.wait_log(r"WRN connect_failed while connecting to the target service=web route=web:0 .* sni=a.cdn0.test")


def test_a_name_without_an_address_closes_the_client(start_prox):
    prox = start_prox(dispatching("no.such.host.invalid:443"))
    client = prox.connect()
    client.send(client_hello("a.cdn0.test"))
    client.assert_closed()
    prox.wait_log(r"WRN resolve_failed while .* upstream=no.such.host.invalid:443")


def test_timeout_limits_the_connect(start_prox):
    with blackhole_port() as port:
        prox = start_prox({"services": {"web": service([
            {"match": {"domain": "a.test"},
             "action": {"type": "pass", "upstream": f"127.0.0.1:{port}", "timeout": "700ms"}}])}})
        client = prox.connect()
        client.send(client_hello("a.test"))
        seconds, rest = client.seconds_until_closed()
    assert rest == b"" and 0.6 <= seconds <= 0.7 + LATE


def test_relays_go_on_while_descriptors_are_short_and_come_again_after(start_prox, upstream):
    origin = upstream(echoes)
    prox = start_prox(dispatching(origin, workers=1, rlimit_nofile=64, max_peeking=1000))
    hello = client_hello("a.cdn0.test")

    def is_relayed(client):
        client.send(hello)
        return client.stream.fill() and client.stream.read_exactly(len(hello)) == hello

    early = prox.connect()
    assert is_relayed(early)
    many = [prox.connect() for _ in range(60)]
    for client in many:
        client.send(hello)
    prox.wait_log(r"Too many open files")
    much = bytes(range(256)) * 1024
    early.send(much)
    assert early.stream.read_exactly(len(much)) == much
    for client in many:
        client.close()

    def new_ones_are_relayed():
        with prox.connect() as client:
            try:
                return is_relayed(client)
            except OSError:
                return False

    wait_for(new_ones_are_relayed, what="new connections are relayed again")


# Reload and stop


def test_relays_survive_a_reload_and_new_connections_see_the_new_table(start_prox, upstream):
    first, second = upstream(echoes), upstream(echoes)
    config = dispatching(first, workers=1)
    prox = start_prox(config)
    hello = client_hello("a.cdn0.test")
    client, _ = relay(prox, first, hello)
    client.stream.read_exactly(len(hello))
    waiting = prox.connect()
    waiting.send(hello[:-1])
    waiting.assert_quiet(0.1)
    config["services"]["web"]["routes"][0]["action"]["upstream"] = second.address
    config["services"]["web"]["routes"][-1]["action"] = static("new")
    prox.reload_ok(config)
    waiting.send(hello[-1:])  # nothing of it was taken: the new generation decides
    hello_arrives(second, hello)
    assert prox.fetch("/", host="b.test").body == b"new"
    client.send(b"as before")
    assert client.stream.read_exactly(9) == b"as before"
    client.half_close()
    assert client.read_until_closed() == b""
    prox.wait_workers(1)


def test_a_reload_may_take_pass_routes_away_and_bring_them_back(start_prox, upstream):
    origin = upstream(echoes)
    with_pass, without = dispatching(origin), dispatching()
    without["services"]["web"]["listen"] = with_pass["services"]["web"]["listen"]
    prox = start_prox(without)
    assert prox.fetch("/", host="b.test").status == 200
    prox.reload_ok(with_pass)
    hello = client_hello("a.cdn0.test")
    relay(prox, origin, hello)
    prox.reload_ok(without)
    client = prox.connect()
    client.send(hello)
    assert client.read_until_closed().startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("limits, ends", [({"shutdown_timeout": "1s"}, "stop"), ({"drain_timeout": "1s"}, "reload")])
def test_relays_end_with_the_limit_of_a_drain(start_prox, upstream, limits, ends):
    origin = upstream(echoes)
    prox = start_prox(dispatching(origin, workers=1, **limits))
    hello = client_hello("a.cdn0.test")
    client, _ = relay(prox, origin, hello)
    client.stream.read_exactly(len(hello))
    with Stopwatch() as watch:
        if ends == "stop":
            assert prox.stop() == 0
        else:
            prox.reload_ok()
        client.assert_closed()
    assert 0.9 <= watch.seconds <= 1 + 2 * LATE
