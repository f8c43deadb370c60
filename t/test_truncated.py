"""A body that its sender cut short must never look complete to the receiver."""

import subprocess
import threading

import pytest

from lib import http1
from lib.prox import proxy_to
from lib.upstream import answer, response_bytes

CUTS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 50,
    "length-no-byte": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
    "length-one-missing": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 99,
    "length-big": b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 999999,
    "chunked-no-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "chunked-between": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "chunked-in-size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1",
    "chunked-in-data": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\na\r\n12",
    "chunked-last-without-end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
    "chunked-in-trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n",
    "chunked-malformed": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
    "chunked-size-overflow": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1" + b"0" * 16 + b"\r\n",
}


def cut_after(reply, end):
    """A script that sends `reply`, and ends by `end` (close, reset) once the client has its head."""
    head_seen = threading.Event()

    def script(connection):
        connection.read_request()
        connection.send(reply)
        connection.wait(head_seen)
        getattr(connection, end)()

    return script, head_seen


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("reply", CUTS.values(), ids=CUTS)
def test_cut_response_never_looks_complete(start_prox, upstream, reply, end):
    script, head_seen = cut_after(reply, end)
    client = start_prox(proxy_to(upstream(script))).connect()
    client.send_request()
    response = client.read_head()
    assert (response.status, response.framing) == (200, "chunked" if b"chunked" in reply else "length")
    head_seen.set()
    with pytest.raises(http1.Truncated):
        http1.read_body(client.stream, response)


def test_cut_response_reaches_an_http_1_0_client_as_a_reset_or_short_length(start_prox, upstream):
    """A chunked body goes to HTTP/1.0 until the close, so only a reset can tell that it was cut."""
    script, head_seen = cut_after(CUTS["chunked-between"], "close")
    client = start_prox(proxy_to(upstream(script))).connect()
    client.send_request(version="1.0")
    response = client.read_head()
    assert response.framing == "close"
    head_seen.set()
    with pytest.raises(http1.ConnectionReset):
        http1.read_body(client.stream, response)


def test_close_delimited_response_that_is_reset_never_looks_complete(start_prox, upstream):
    script, head_seen = cut_after(b"HTTP/1.1 200 OK\r\n\r\nabc", "reset")
    client = start_prox(proxy_to(upstream(script))).connect()
    client.send_request()
    response = client.read_head()
    head_seen.set()
    with pytest.raises(http1.Truncated):
        http1.read_body(client.stream, response)


def test_curl_reports_a_cut_response(start_prox, upstream):
    def script(connection):
        connection.read_request()
        connection.send(CUTS["length"])
        connection.close()

    prox = start_prox(proxy_to(upstream(script)))
    done = subprocess.run(["curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{prox.port}/"], timeout=10, check=False)
    assert done.returncode == 18  # partial file


def test_next_client_is_not_given_the_rest_of_a_cut_response(start_prox, upstream):
    def script(connection):
        connection.read_request()
        connection.send(CUTS["length"] if connection.number == 0 else response_bytes(b"whole"))
        connection.close()

    prox = start_prox({**proxy_to(upstream(script)), "process": {"workers": 1}})
    with pytest.raises(http1.Truncated):
        prox.fetch()
    assert prox.fetch().body == b"whole"


def test_response_longer_than_its_length_is_cut_at_the_length(start_prox, upstream):
    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        connection.close()

    client = start_prox({**proxy_to(upstream(script)), "process": {"workers": 1}}).connect()
    assert [client.exchange("POST", body=b"").body for _ in range(2)] == [b"ok", b"ok"]


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("part", [
    b"Content-Length: 10\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
], ids=["length", "chunked", "chunked-last-without-end"])
def test_cut_request_never_looks_complete(start_prox, upstream, part, end):
    origin = upstream(answer())
    client = start_prox(proxy_to(origin)).connect()
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + part)
    connection = origin.wait_connection()
    getattr(client, end)()
    assert connection.ended.wait(5)
    # A reset that overtakes the first byte to the upstream leaves it with a connection and no request at all.
    assert isinstance(connection.cut, http1.Truncated) or connection.received == b""
    assert origin.requests == []


def test_cut_request_head_reaches_nobody(start_prox, upstream):
    origin = upstream(answer())
    client = start_prox(proxy_to(origin)).connect()
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n")
    client.half_close()
    client.read_until_closed()
    assert origin.connections == []
