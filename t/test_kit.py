"""The kit itself: what the other tests believe of it has to be true."""

import os
import socket
import ssl
import threading

import pytest

from lib import http1, procfs
from lib.certs import Authority, server_context
from lib.client import RawClient, fetch
from lib.ports import blackhole_port, free_port, taken_port
from lib.prox import proxy_to
from lib.upstream import Echoed, answer
from lib.waits import DeadlinePassed, Stopwatch, wait_for, wait_until_still

pytestmark = pytest.mark.kit


def respond_with(raw):
    """A script that sends `raw` after one request, and closes."""

    def script(connection):
        connection.read_request()
        connection.send(raw)
        connection.close()

    return script


def test_wait_for_returns_the_value_and_names_what_is_missing():
    values = iter([None, 0, "there"])
    assert wait_for(lambda: next(values)) == "there"
    with pytest.raises(DeadlinePassed, match="moon rises"):
        wait_for(lambda: False, deadline=0.02, what="moon rises")


def test_wait_until_still_returns_the_last_value():
    values = iter([1, 2, 3] + [4] * 100000)
    assert wait_until_still(lambda: next(values), still_seconds=0.05) == 4


def test_free_ports_differ_and_are_free():
    ports = {free_port() for _ in range(50)}
    assert len(ports) == 50
    assert not ports & procfs.listening_ports()


def test_taken_port_is_listened_on():
    with taken_port() as port:
        assert port in procfs.listening_ports()


def test_blackhole_port_neither_accepts_nor_refuses():
    with blackhole_port() as port, Stopwatch() as watch, pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", port), timeout=0.3)
    assert watch.seconds >= 0.29


def test_upstream_records_every_byte_and_answers_in_order(upstream):
    origin = upstream(answer(b"one"))
    with RawClient(origin.port) as client:
        client.send(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi")
        assert [client.read_response().body for _ in range(2)] == [b"one", b"one"]
    assert [request.target for request in origin.requests] == ["/a", "/b"]
    assert origin.requests[1].body == b"hi"
    assert origin.received.endswith(b"\r\n\r\nhi")


def test_upstream_order_is_decided_by_events(upstream):
    go = threading.Event()

    def script(connection):
        connection.read_request()
        connection.wait(go)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    origin = upstream(script)
    with RawClient(origin.port) as client:
        client.send_request()
        origin.wait_request()
        client.assert_quiet(0.05)
        go.set()
        assert client.read_response().status == 200


def test_upstream_tells_failures_of_its_script(upstream):
    def script(_connection):
        raise ValueError("in the script")

    origin = upstream(script)
    with RawClient(origin.port):
        assert origin.wait_connection().ended.wait(5)
    with pytest.raises(ValueError, match="in the script"):
        origin.check()
    origin.failures.clear()


def test_upstream_keeps_how_the_peer_cut_it(upstream):
    origin = upstream(answer())
    with RawClient(origin.port) as client:
        client.send(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf")
    connection = origin.wait_connection()
    assert connection.ended.wait(5)
    assert isinstance(connection.cut, http1.Truncated)
    assert origin.requests == []


def test_upstream_that_stops_listening_refuses(upstream):
    origin = upstream(answer())
    origin.stop_listening()
    with pytest.raises(ConnectionRefusedError):
        RawClient(origin.port)


def test_echo_describes_the_request(echo):
    seen = Echoed(fetch(echo.port, "/x?y", "POST", [("A", "1"), ("a", "2")], b"body"))
    assert (seen.method, seen.target, seen.body_length, seen.all("A")) == ("POST", "/x?y", 4, ["1", "2"])


@pytest.mark.parametrize("raw, framing, body", [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "length", b"abc"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\nT: v\r\n\r\n", "chunked", b"abc"),
    (b"HTTP/1.1 200 OK\r\n\r\nabc", "close", b"abc"),
    (b"HTTP/1.0 204 None\r\n\r\n", "none", b""),
    (b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "length", b""),
])
def test_client_reads_each_framing(upstream, raw, framing, body):
    response = fetch(upstream(respond_with(raw)).port)
    assert (response.framing, response.body) == (framing, body)


@pytest.mark.parametrize("raw", [
    b"",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
])
def test_client_never_takes_a_cut_response_for_a_whole_one(upstream, raw):
    with pytest.raises(http1.Truncated):
        fetch(upstream(respond_with(raw)).port)


@pytest.mark.parametrize("raw", [
    b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
    b"HTTP/2 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
    b"HTTP/1.1 204 None\r\nContent-Length: 0\r\n\r\n",
])
def test_client_repairs_nothing(upstream, raw):
    with pytest.raises(http1.Malformed):
        fetch(upstream(respond_with(raw)).port)


def test_client_tells_a_reset_from_an_end(upstream):
    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\npart")
        connection.read_request()  # the client has read the part
        connection.reset()

    with RawClient(upstream(script).port) as client:
        client.send_request()
        client.read_head()
        client.stream.read_exactly(4)
        client.send_request()
        with pytest.raises(http1.ConnectionReset):
            client.stream.read_to_end()


def test_client_read_has_a_deadline(upstream):
    with RawClient(upstream(lambda connection: connection.wait_closed()).port) as client:
        with pytest.raises(DeadlinePassed):
            client.read_response(deadline=0.05)


def test_keepalive_timer_and_owner_of_a_connection(upstream):
    origin = upstream(lambda connection: connection.wait_closed())
    with RawClient(origin.port) as client:
        assert procfs.keepalive_timer(client.port, origin.port) is None
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 700)
        assert 600 < procfs.keepalive_timer(client.port, origin.port) <= 700
        assert procfs.socket_owners(client.port, origin.port) == {os.getpid()}


def test_nginx_serves_files_and_the_small_text(nginx):
    (nginx.site / "file").write_bytes(b"x" * 1000)
    assert fetch(nginx.port, "/file").body == b"x" * 1000
    assert fetch(nginx.port, "/small").body == b"hello from nginx\n"


def test_wrk_counts_requests_and_failures(nginx, load):
    good = load(nginx.port, "/small", seconds=1, connections=4).finish()
    assert (good.errors, good.bad_statuses) == (0, 0)
    assert good.requests > 100
    bad = load(nginx.port, "/none", seconds=1, connections=4).finish()
    assert bad.bad_statuses == bad.requests > 0


def test_a_config_gets_a_process_block_and_knows_its_ports(new_prox):
    prox = new_prox({**proxy_to("127.0.0.1:9"), "process": {"workers": 3}})
    assert f'"pid_file": "{prox.pid_path}"' in prox.config_text
    assert '"workers": 3' in prox.config_text
    assert len(prox.ports) == 1
    text = new_prox('{services: {a: {listen: "127.0.0.1:4711"}, b: {listen: \':4712\'}}}')
    assert text.ports == [4711, 4712]


def _handshake(server, client, name):
    """Both sides of a TLS handshake in memory; returns the client's side."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    there = server.wrap_bio(to_server, to_client, server_side=True)
    here = client.wrap_bio(to_client, to_server, server_hostname=name)
    for side in (here, there, here, there):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            pass
    return here


@pytest.mark.parametrize("key", ["ec", "rsa", "ed25519"])
def test_issued_certificates_are_trusted_for_their_names_alone(ca, key):
    pair = ca.issue("a.test", "127.0.0.1", key=key)
    here = _handshake(server_context(pair), ca.client_context(), "a.test")
    assert here.getpeercert(binary_form=True) == pair.leaf_der
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        _handshake(server_context(pair), ca.client_context(), "b.test")


def test_certificates_of_an_intermediate_authority_carry_their_chain(ca, tmp_path):
    middle = Authority(tmp_path, "middle", parent=ca)
    _handshake(server_context(middle.issue("a.test")), ca.client_context(), "a.test")


def test_expired_certificates_are_expired(ca):
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        _handshake(server_context(ca.issue("a.test", days=-1)), ca.client_context(), "a.test")


def test_client_certificates_are_asked_for(ca):
    server = server_context(ca.issue("a.test"), ca=ca.cert)
    _handshake(server, ca.client_context(ca.issue_client("/O=prox/CN=bob"), maximum_version=ssl.TLSVersion.TLSv1_2),
               "a.test")
    with pytest.raises(ssl.SSLError):
        _handshake(server, ca.client_context(maximum_version=ssl.TLSVersion.TLSv1_2), "a.test")


def test_ocsp_responses_are_made(ca):
    assert ca.ocsp_response(ca.issue("a.test")).read_bytes().startswith(b"\x30")
