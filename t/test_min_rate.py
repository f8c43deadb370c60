"""`min_rate`: clients that trickle are let go after 5 s, if it is them that is waited for."""

import contextlib
import select
import threading

import pytest

from lib.http2 import Codes, H2Client, Settings
from lib.prox import service
from lib.tls import TlsClient, tls_service
from lib.upstream import response_bytes
from lib.waits import DEADLINE, LATE, DeadlinePassed, Stopwatch, spread

RATE = 2000
PERIOD = 5
NO_TIME_LIMITS = {"read_timeout": 0, "write_timeout": 0, "response_header_timeout": 0}
LONG = 64 << 20


def upstream_script(resume):
    """/down sends for ever, /up reads for ever; /late sends half of an answer, and the rest on `resume`, when /hold begins to read."""

    def script(connection):
        while head := connection.read_head():
            if head.target == "/down":
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LONG)
                while True:
                    connection.socket.sendall(bytes(65536))
            if head.target == "/up":
                return connection.wait_closed()
            if head.target == "/late":
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
            connection.wait(resume)
            if head.target == "/late":
                connection.send(b"rest")
                continue
            if head.get("Expect"):
                connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.send(response_bytes(connection.read_rest(head).body))

    return script


@pytest.fixture
def resume():
    return threading.Event()


@pytest.fixture
def prox(start_prox, ca, upstream, resume):
    """A plain and a TLS service before such an upstream."""
    settings = {**NO_TIME_LIMITS, "min_rate": RATE}
    routes = [{"action": {"type": "proxy", "upstream": upstream(upstream_script(resume)).address}}]
    services = {"plain": service(routes, config=settings), "secure": tls_service(ca.issue("localhost"), routes, config=settings)}
    return start_prox({"services": services, "logging": {"access_log": "access.log"}})


def wait_errors(prox, status, count):
    """Waits for the lines of requests that were too slow; no other request has such a line."""
    for line in prox.wait_lines(count):
        assert (line["status"], line["error"]) == (status, "min_rate")


@pytest.fixture
def connect_tls(prox, ca):
    """A TLS client: of HTTP/1, or of HTTP/2 with these options."""
    with contextlib.ExitStack() as stack:

        def make(h2=None):
            context = ca.client_context()
            if h2 is not None:
                context.set_alpn_protocols(["h2"])
            client = stack.enter_context(TlsClient(prox.ports[1], context, "localhost", receive_buffer=4096))
            return client if h2 is None else H2Client(prox.ports[1], sock=client.socket, **h2)

        yield make


OPEN_WINDOWS = {"settings": {Settings.INITIAL_WINDOW_SIZE: LONG}, "reads_all": False}


def open_h2(client):
    client.h2.increment_flow_control_window(LONG)
    stream_id = client.begin(target="/down", ends=True)
    client.read_until(lambda: client.responses[stream_id].status)
    return client


def is_cut(sock):
    """Whether the connection has ended; what came before stays unread, so that the sender sees a reader that does not read."""
    poll = select.poll()
    poll.register(sock, select.POLLRDHUP)
    return bool(poll.poll(0))


def test_readers_that_trickle_are_reset_and_others_are_not(prox, connect_tls):
    slow = [prox.connect(receive_buffer=4096), connect_tls()]
    for client in slow:
        client.send_request(target="/down")
        assert client.read_head().status == 200
    slow += [open_h2(prox.connect_h2(receive_buffer=4096, **OPEN_WINDOWS)), open_h2(connect_tls(OPEN_WINDOWS))]
    fast = prox.connect(receive_buffer=4096)
    fast.send_request(target="/down")
    assert fast.read_head().status == 200
    ends = {}
    with Stopwatch() as watch:
        for _ in spread(100, PERIOD + LATE + 1):
            assert fast.socket.recv(5 * RATE // 10)
            for client in slow:
                if client not in ends and is_cut(client.socket):
                    ends[client] = watch.running
    assert len(ends) == len(slow)
    wait_errors(prox, 200, len(slow))
    assert all(PERIOD * 0.9 <= end <= PERIOD + LATE for end in ends.values()), ends.values()


@pytest.mark.parametrize("tls", [False, True], ids=["h2c", "tls"])
def test_a_stream_whose_own_window_trickles_is_reset_alone(prox, connect_tls, tls):
    client = connect_tls({"reads_all": False}) if tls else prox.connect_h2(reads_all=False)
    client.h2.increment_flow_control_window(LONG)
    slow, fast = (client.begin(target="/down", ends=True) for _ in range(2))
    client.read_until(lambda: all(len(client.responses[each].body) == 65535 for each in (slow, fast)), what="both windows are used up")
    reset_at = None
    with Stopwatch() as watch:
        for _ in spread(2 * (PERIOD + 3), PERIOD + 3):
            client.h2.increment_flow_control_window(RATE, fast)
            if client.responses[slow].reset is None:
                client.h2.increment_flow_control_window(300, slow)
            client.settle()
            if client.responses[slow].reset is not None:
                reset_at = reset_at or watch.running
    assert PERIOD * 0.9 <= reset_at <= PERIOD + LATE
    assert (client.responses[slow].reset, client.responses[fast].reset) == (Codes.CANCEL, None)
    wait_errors(prox, 200, 1)


def test_streams_that_share_a_slow_connection_are_no_slow_readers(prox):
    """Each is below the rate, all together are not."""
    client = prox.connect_h2(settings={Settings.INITIAL_WINDOW_SIZE: LONG}, reads_all=False)
    streams = [client.begin(target="/down", ends=True) for _ in range(10)]
    for _ in spread(2 * (PERIOD + 3), PERIOD + 3):
        client.h2.increment_flow_control_window(2 * RATE)
        client.flush()
        client.read_some()
    client.settle()
    assert [client.responses[each].reset for each in streams] == [None] * len(streams)


HEAD = b"POST /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000\r\n\r\n"
CHUNKED = b"POST /up HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_bodies_that_trickle_are_408_and_others_are_not(prox, connect_tls):
    plain, chunked, secure, fast = prox.connect(), prox.connect(), connect_tls(), prox.connect()
    for client, head in (plain, HEAD), (chunked, CHUNKED), (secure, HEAD), (fast, HEAD):
        client.send(head)
    h2 = prox.connect_h2()
    stream_id = h2.begin("POST", "/up")
    pieces = {plain: b"x" * 10, chunked: b"a\r\n" + b"x" * 10 + b"\r\n", secure: b"x" * 10}
    ends = {}
    with Stopwatch() as watch:
        for _ in spread(100, PERIOD + LATE + 1):
            fast.send(b"x" * (2 * RATE // 10))
            for client in pieces:
                if client in ends:
                    continue
                client.send(pieces[client])
                with contextlib.suppress(DeadlinePassed):
                    client.stream.fill(0.001)
                    ends[client] = watch.running
            if h2 not in ends and select.select([h2.socket], [], [], 0)[0]:
                h2.read_some()
                if h2.responses[stream_id].status:
                    ends[h2] = watch.running
            if h2 not in ends:
                h2.send_data(stream_id, b"x" * 10)
    assert {client.read_response().status for client in pieces} == {408}
    assert h2.responses[stream_id].status == 408
    assert len(ends) == 4 and all(PERIOD * 0.9 <= end <= PERIOD + LATE for end in ends.values()), ends.values()
    fast.assert_quiet()
    wait_errors(prox, 408, 4)


def echo_tunnel(connection):
    connection.read_head()
    connection.send(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
    connection.wait_closed()


def test_what_is_no_fault_of_the_client_does_not_count(prox, resume, start_prox, upstream):
    """The upstream pauses; the upstream does not read; the client waits for leave to send; a tunnel rests; a body behind its answer."""
    late, held, expecting = prox.connect(), prox.connect(), prox.connect()
    late.send_request(target="/late")
    assert late.read_head().status == 200
    held.send(HEAD.replace(b"/up", b"/hold"))
    filler = threading.Thread(target=held.send, args=(b"x" * 1000000,), daemon=True)
    filler.start()
    expecting.send(b"POST /hold HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    h2 = prox.connect_h2()
    h2_late = h2.begin(target="/late", ends=True)
    h2_expecting = h2.begin("POST", "/hold", [("expect", "100-continue"), ("content-length", "4")])
    tunnel = start_prox({"services": {"web": service([{"action": {"type": "proxy", "upstream": upstream(echo_tunnel).address}}],
                                                     config={**NO_TIME_LIMITS, "min_rate": RATE})}}).connect()
    tunnel.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
    assert tunnel.read_head().status == 101
    tunnel.assert_quiet(PERIOD + LATE)
    resume.set()
    assert late.stream.read_exactly(8) == b"halfrest"
    filler.join(DEADLINE)
    assert held.read_response().body == b"x" * 1000000
    assert expecting.read_head().status == 100
    expecting.send(b"body")
    assert expecting.read_response().body == b"body"
    assert h2.read_response(h2_late).body == b"halfrest"
    h2.read_until(lambda: h2.responses[h2_expecting].interim == [100])
    h2.send_data(h2_expecting, b"body", ends=True)
    assert h2.read_response(h2_expecting).body == b"body"


def test_a_body_that_the_connections_window_holds_up_is_not_slow(start_prox, upstream, resume):
    """Another body, whose upstream does not read, has taken all of the window."""

    def script(connection):
        head = connection.read_head()
        if head.target == "/hold":
            connection.wait(resume)
        connection.send(response_bytes(connection.read_rest(head).body[:4]))

    settings = {**NO_TIME_LIMITS, "min_rate": RATE, "h2_conn_window": 65536, "h2_stream_window": 1 << 20}
    routes = [{"action": {"type": "proxy", "upstream": upstream(script).address}}]
    client = start_prox({"services": {"web": service(routes, config=settings)}}).connect_h2()
    held = client.begin("POST", "/hold")
    with contextlib.suppress(AssertionError):
        client.send_data(held, bytes(LONG), deadline=1)
    assert client.h2.outbound_flow_control_window == 0
    due = client.begin("POST", "/due")
    with contextlib.suppress(DeadlinePassed):
        client.read_until(lambda: client.responses[due].status, deadline=PERIOD + LATE)
    assert client.responses[due].status == 0
    resume.set()
    client.send_data(due, b"body", ends=True)
    assert client.read_response(due).body == b"body"


def test_zero_is_no_limit(start_prox, upstream, resume):
    origin = upstream(upstream_script(resume))
    prox = start_prox({"services": {"web": service([{"action": {"type": "proxy", "upstream": origin.address}}],
                                                   config={**NO_TIME_LIMITS, "min_rate": 0})}})
    reader, sender = prox.connect(receive_buffer=4096), prox.connect()
    reader.send_request(target="/down")
    assert reader.read_head().status == 200
    sender.send(HEAD)
    sender.assert_quiet(PERIOD + LATE)
    assert not is_cut(reader.socket)
