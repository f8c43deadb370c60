"""HTTP/2 towards the upstream: requests share connections, and flow both ways at once."""

import hashlib
import threading

import h2.events
import pytest

from lib import http1, procfs
from lib.http2_origin import Codes, OriginConnection, Settings, echo
from lib.prox import proxy_to
from lib.waits import DEADLINE, LATE, SANITIZED, Stopwatch, wait_for


def through(origin, settings=None, workers=1, **action):
    return {**proxy_to(origin, settings, proto="h2", **action), "process": {"workers": workers}}


def on_request(respond):
    """A script that calls `respond(connection, stream_id)` for each request, when it is complete."""

    def script(connection, event):
        if isinstance(event, h2.events.StreamEnded):
            respond(connection, event.stream_id)

    return script


def test_a_request_goes_over_http2_with_its_fields(start_prox, h2_origin):
    origin = h2_origin()
    prox = start_prox(through(origin, headers={"X-Set": "1"}))
    response = prox.fetch("/p%2f?q", fields=[("X-Own", "a"), ("TE", "trailers"), ("Connection", "x-hop"), ("X-Hop", "b")],
                          host="a.test")
    assert (response.status, response.get("x-own"), response.get("x-set")) == (200, "a", "1")
    connection, stream_id = origin.wait_stream()
    assert connection.field(stream_id, ":method") == "GET" and connection.field(stream_id, ":scheme") == "http"
    assert connection.field(stream_id, ":path") == "/p%2f?q"
    assert connection.field(stream_id, ":authority") == origin.address
    assert connection.field(stream_id, "te") == "trailers"
    assert connection.field(stream_id, "x-forwarded-for") == "127.0.0.1"
    assert connection.field(stream_id, "x-forwarded-host") == "a.test"
    assert not {"connection", "x-hop", "host", "transfer-encoding"} & {name for name, _ in connection.requests[stream_id]}


def test_bodies_and_trailers_pass_both_ways(start_prox, h2_origin):
    origin = h2_origin()
    client = start_prox(through(origin)).connect()
    body = bytes(range(256)) * 4096  # 1 MiB, many windows
    sender = threading.Thread(target=client.send, args=(
        b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        + http1.encode_chunked([body[at:at + 50_000] for at in range(0, len(body), 50_000)], [("X-Sum", "7")]),))
    sender.start()
    response = client.read_response()
    sender.join()
    assert response.body == body
    assert response.trailers == [("x-sum", "7")]
    assert client.exchange("PUT", body=b"known length").body == b"known length"
    connection, stream_id = origin.wait_stream(1)
    assert connection.field(stream_id, "content-length") == "12"


def test_a_field_made_of_the_request_has_no_white_space_around_it(start_prox, h2_origin):
    """Servers refuse the request for it, and python-h2 ends the connection, with the requests of others on it."""
    origin = h2_origin()
    prox = start_prox(through(origin, headers={"X-For": "for {header.X-User}", "X-Path": "{path}"}))
    assert prox.fetch("/a%20").status == 200
    connection, stream_id = origin.wait_stream(0)
    assert [connection.field(stream_id, name) for name in ("x-for", "x-path")] == ["for", "/a"]


def test_both_directions_flow_at_once(start_prox, h2_origin):
    client = start_prox(through(h2_origin())).connect()
    client.send_request("POST", fields=[("Transfer-Encoding", "chunked")])
    assert client.read_head().status == 200
    for number in range(30):
        piece = b"%x\r\n%b\r\n" % (10 + number, b"p" * (10 + number))
        client.send(piece)
        assert client.stream.read_exactly(len(piece)) == piece
    client.send(b"0\r\nX-End: 1\r\n\r\n")
    assert client.stream.read_until(b"\r\n\r\n") == b"0\r\nx-end: 1\r\n\r\n"


def test_requests_share_a_connection_up_to_the_targets_limit(start_prox, h2_origin):
    origin = h2_origin(lambda connection, event: None, settings={Settings.MAX_CONCURRENT_STREAMS: 10})
    prox = start_prox(through(origin))
    clients = [prox.connect() for _ in range(25)]
    for client in clients:
        client.send_request()
    wait_for(lambda: origin.requests() == 25, what="all requests arrive")
    assert sorted(len(one.requests) for one in origin.connections if one.requests) == [5, 10, 10]
    for one in origin.connections:
        for stream_id in list(one.requests):
            one.answer(stream_id)
    assert all(client.read_response().body == b"hello" for client in clients)


def test_connections_are_kept_for_later_requests(start_prox, h2_origin):
    origin = h2_origin()
    prox = start_prox(through(origin))
    for _ in range(5):
        assert prox.fetch().status == 200
    assert len(origin.connections) == 1 and origin.requests() == 5


def test_interim_responses_and_head_and_empty_answers_pass(start_prox, h2_origin):
    def respond(connection, stream_id):
        with connection.lock:
            connection.h2.send_headers(stream_id, [(":status", "103"), ("link", "</a>")])
        if connection.field(stream_id, ":method") == "HEAD":
            return connection.begin(stream_id, [("content-length", "1000")], ends=True)
        return connection.begin(stream_id, status=204, ends=True)

    client = start_prox(through(h2_origin(on_request(respond)))).connect()
    response = client.exchange("HEAD")
    assert response.get("content-length") == "1000"
    assert [interim.status for interim in response.interim] == [103]
    assert client.exchange().status == 204


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_answer_that_is_a_head_alone_ends_for_an_http1_client(start_prox, h2_origin, version):
    """END_STREAM on the head says that there is no body, which HTTP/1 says by a length of 0."""
    client = start_prox(through(h2_origin(on_request(lambda connection, stream_id: connection.begin(stream_id, ends=True))))).connect()
    for _ in range(2):
        client.send(b"GET / HTTP/%s\r\nHost: a\r\nConnection: keep-alive\r\n\r\n" % version.encode())
        response = client.read_response()
        assert (response.status, response.get("Content-Length"), response.body) == (200, "0", b"")


def test_a_refused_stream_is_begun_once_more_elsewhere_with_its_body(start_prox, h2_origin):
    def respond(connection, stream_id):
        if connection.number == 0:
            return connection.reset(stream_id, Codes.REFUSED_STREAM)
        return connection.answer(stream_id, bytes(connection.bodies[stream_id]))

    origin = h2_origin(on_request(respond))
    prox = start_prox(through(origin))
    assert prox.fetch(method="POST", body=b"b" * 5000).body == b"b" * 5000
    assert len(origin.connections) == 2


def test_a_stream_that_is_refused_everywhere_is_502(start_prox, h2_origin):
    origin = h2_origin(on_request(lambda connection, stream_id: connection.reset(stream_id, Codes.REFUSED_STREAM)))
    assert start_prox(through(origin)).fetch().status == 502
    assert origin.requests() == 2


def test_a_target_that_greets_with_goaway_is_asked_once_more_and_no_further(start_prox, upstream):
    settings, goaway = b"\0\0\0\x04\0\0\0\0\0", b"\0\0\x08\x07\0\0\0\0\0" + bytes(8)

    def script(connection):
        connection.stream.fill()
        connection.send(settings + goaway)
        connection.wait_closed()

    origin = upstream(script)
    assert start_prox(through(origin, {"response_header_timeout": "1s"})).fetch().status == 502
    assert len(origin.connections) == 2


def test_goaway_lets_streams_below_end_and_moves_those_above(start_prox, h2_origin):
    origin = h2_origin(lambda connection, event: connection.number == 1 and isinstance(event, h2.events.StreamEnded)
                       and connection.answer(event.stream_id, b"second"))
    prox = start_prox(through(origin))
    clients = [prox.connect() for _ in range(3)]
    for number, client in enumerate(clients):
        client.send_request()
        connection, _ = origin.wait_stream(number)
    connection.go_away(last_stream_id=1)
    assert [client.read_response().body for client in clients[1:]] == [b"second", b"second"]
    connection.answer(1, b"first")
    assert clients[0].read_response().body == b"first"
    wait_for(lambda: connection.closed, what="the old connection ends with its last stream")
    assert prox.fetch().body == b"second"


def test_a_reset_before_the_response_is_502_and_after_it_a_cut(start_prox, h2_origin):
    def respond(connection, stream_id):
        if connection.field(stream_id, ":path") == "/late":
            connection.begin(stream_id)
            connection.send(stream_id, b"half")
        connection.reset(stream_id, Codes.INTERNAL_ERROR)

    prox = start_prox(through(h2_origin(on_request(respond))))
    assert prox.fetch().status == 502
    with pytest.raises(http1.Truncated):
        prox.fetch("/late")


@pytest.mark.parametrize("fields", [
    [(":status", "200"), ("connection", "close")],
    [(":status", "200"), ("transfer-encoding", "chunked")],
    [(":status", "200"), ("X-Upper", "1")],
    [(":status", "200"), ("x", "a\r\nb")],
    [(":status", "abc")],
    [(":status", "101")],
    [("x", "no status")],
    [(":status", "200"), (":path", "/")],
    [(":status", "200"), ("content-length", "5"), ("content-length", "6")],
], ids=lambda fields: fields[-1][0] + "=" + fields[-1][1][:8].strip())
def test_a_malformed_response_is_502(start_prox, h2_origin, fields):
    def respond(connection, stream_id):
        with connection.lock:
            connection.h2.send_headers(stream_id, fields)
            connection.h2.send_data(stream_id, b"12345", end_stream=True)

    assert start_prox(through(h2_origin(on_request(respond)))).fetch().status == 502


def test_a_body_that_is_not_as_long_as_it_says_is_cut(start_prox, h2_origin):
    def respond(connection, stream_id):
        connection.begin(stream_id, [("content-length", "10")])
        connection.send(stream_id, b"half", ends=True)

    with pytest.raises(http1.Truncated):
        start_prox(through(h2_origin(on_request(respond)))).fetch()


def test_a_target_that_speaks_no_http2_is_502(start_prox, upstream):
    origin = upstream(lambda connection: connection.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))
    assert start_prox(through(origin)).fetch().status == 502


def test_a_late_head_is_504_and_its_stream_reset_alone(start_prox, h2_origin):
    origin = h2_origin(lambda connection, event: None)
    prox = start_prox(through(origin, {"response_header_timeout": "500ms"}))
    with Stopwatch() as watch:
        assert prox.fetch().status == 504
    assert 0.4 <= watch.seconds <= 0.5 + LATE
    connection, stream_id = origin.wait_stream()
    wait_for(lambda: connection.resets.get(stream_id) == Codes.CANCEL, what="the stream is reset")
    client = prox.connect()
    client.send_request()
    _, next_id = origin.wait_stream(1)
    connection.answer(next_id)
    assert client.read_response().status == 200


def test_a_silent_connection_is_pinged_and_closed_when_it_does_not_answer(start_prox, h2_origin):
    origin = h2_origin(lambda connection, event: None)
    prox = start_prox(through(origin, {"h2_read_idle_timeout": "300ms", "h2_ping_timeout": "300ms"}))
    client = prox.connect()
    client.send_request()
    connection, stream_id = origin.wait_stream()
    pings = lambda: sum(isinstance(event, h2.events.PingReceived) for event in connection.events)
    wait_for(lambda: pings() >= 3, what="PINGs that are answered")
    assert not connection.closed
    connection.answers_pings = False
    with Stopwatch() as watch:
        assert client.read_response().status == 504
    assert watch.seconds <= 0.6 + LATE
    wait_for(lambda: connection.closed, what="the connection is closed")
    assert stream_id == 1


def test_a_client_that_leaves_resets_its_stream_alone(start_prox, h2_origin):
    origin = h2_origin(lambda connection, event: None)
    prox = start_prox(through(origin))
    stays, leaves = prox.connect(), prox.connect()
    stays.send_request()
    connection, stays_id = origin.wait_stream()
    leaves.send_request()
    _, leaves_id = origin.wait_stream(1)
    leaves.close()
    wait_for(lambda: connection.resets.get(leaves_id) == Codes.CANCEL, what="its stream is reset")
    connection.answer(stays_id)
    assert stays.read_response().status == 200


def test_a_connection_that_ends_while_idle_is_not_used(start_prox, h2_origin):
    origin = h2_origin()
    prox = start_prox(through(origin))
    assert prox.fetch().status == 200
    origin.connections[0].socket.shutdown(2)
    assert prox.fetch().status == 200
    assert len(origin.connections) == 2


def test_an_upload_to_a_target_that_does_not_read_stops_its_client(start_prox, h2_origin):
    origin = h2_origin(lambda connection, event: None, reads_all=False)
    prox = start_prox(through(origin, {"read_timeout": 0}))
    client = prox.connect()
    size, block = 64 << 20, b"u" * 65536
    sent = []

    def upload():
        client.send_request("POST", fields=[("Content-Length", size)])
        for _ in range(size // len(block)):
            client.stream.socket.sendall(block)
            sent.append(len(block))

    thread = threading.Thread(target=upload, daemon=True)
    thread.start()
    connection, stream_id = origin.wait_stream()
    wait_for(lambda: len(connection.bodies[stream_id]) >= 65535, what="the first window is full")
    client.assert_quiet(1)
    stopped_at = sum(sent)
    assert stopped_at < 32 << 20
    assert SANITIZED or procfs.resident_bytes(prox.workers()[0]) < 32 << 20
    with connection.lock:
        connection.reads_all = True
        connection.h2.acknowledge_received_data(len(connection.bodies[stream_id]), stream_id)
        connection.flush()
    wait_for(lambda: len(connection.bodies[stream_id]) == size, DEADLINE * 3, "all of it arrives")
    connection.answer(stream_id)
    assert client.read_response().status == 200


def test_a_client_that_does_not_read_stops_its_stream_alone(start_prox, h2_origin):
    body = bytes(range(256)) * 4096 * 16  # 16 MiB

    def respond(connection, stream_id):
        is_large = connection.field(stream_id, ":path") == "/large"
        connection.answer(stream_id, body if is_large else b"small")

    origin = h2_origin(on_request(respond))
    prox = start_prox(through(origin, {"write_timeout": 0}))
    slow = prox.connect(receive_buffer=65536)
    slow.send_request(target="/large")
    connection, _ = origin.wait_stream()
    slow.read_head()
    for _ in range(20):
        assert prox.fetch("/small").body == b"small"
    assert connection.unsent, "the large one waits"
    assert len(origin.connections) == 1
    assert SANITIZED or procfs.resident_bytes(prox.workers()[0]) < 32 << 20
    digest, left = hashlib.sha256(), len(body)
    while left:
        size = int(slow.stream.read_until(b"\r\n"), 16)
        digest.update(slow.stream.read_exactly(size + 2)[:-2])
        left -= size
    assert digest.digest() == hashlib.sha256(body).digest()


# Tunnels


class H2Echo:
    """A script that agrees to every extended CONNECT and sends back what comes, and answers other requests by 404."""

    def __call__(self, connection, event):
        stream_id = getattr(event, "stream_id", None)
        if isinstance(event, h2.events.RequestReceived):
            if connection.field(stream_id, ":method") != "CONNECT":
                return connection.answer(stream_id, b"", status=404)
            return connection.begin(stream_id, [("x-tunnel", "1")])
        if isinstance(event, h2.events.DataReceived):
            return connection.send(stream_id, event.data)
        if isinstance(event, h2.events.StreamEnded):
            return connection.send(stream_id, ends=True)
        return None


KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ASK = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", KEY), ("Sec-WebSocket-Version", "13")]


def test_a_websocket_becomes_an_extended_connect_where_it_is_announced(start_prox, h2_origin):
    origin = h2_origin(H2Echo(), settings={Settings.ENABLE_CONNECT_PROTOCOL: 1})
    client = start_prox(through(origin)).connect()
    client.send_request(target="/chat", fields=ASK)
    head = client.read_head()
    assert (head.status, head.get("Upgrade"), head.get("x-tunnel")) == (101, "websocket", "1")
    assert head.get("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    connection, stream_id = origin.wait_stream()
    assert connection.field(stream_id, ":protocol") == "websocket" and connection.field(stream_id, ":path") == "/chat"
    assert connection.field(stream_id, "sec-websocket-key") is None
    assert connection.field(stream_id, "sec-websocket-version") == "13"
    data = bytes(range(256)) * 1024
    sender = threading.Thread(target=client.send, args=(data,))
    sender.start()
    assert client.stream.read_exactly(len(data)) == data
    sender.join()
    client.half_close()
    assert client.read_until_closed() == b""
    wait_for(lambda: len(connection.bodies[stream_id]) == len(data), what="all arrived")


def test_a_rejected_extended_connect_is_passed_back(start_prox, h2_origin):
    origin = h2_origin(on_request(lambda connection, stream_id: None), settings={Settings.ENABLE_CONNECT_PROTOCOL: 1})
    client = start_prox(through(origin)).connect()
    client.send_request(fields=ASK)
    connection, stream_id = origin.wait_stream()
    connection.answer(stream_id, b"no", status=403)
    response = client.read_response()
    assert (response.status, response.body) == (403, b"no")


def test_where_it_is_not_announced_a_websocket_goes_over_http1(start_prox, upstream):
    def script(connection):
        """HTTP/2 or HTTP/1.1, as the first bytes have it."""
        if connection.stream.read_exactly(3) == b"PRI":
            OriginConnection(connection.socket, 0, echo, None, True).run(b"PRI" + connection.stream.unread())
            return
        assert b"\r\nUpgrade: websocket\r\n" in connection.stream.read_until(b"\r\n\r\n")
        connection.send(b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhi")
        connection.wait_closed()

    prox = start_prox(through(upstream(script)))
    for _ in range(2):
        client = prox.connect()
        client.send_request(fields=ASK)
        assert client.read_head().status == 101
        assert client.stream.read_exactly(2) == b"hi"
    assert prox.fetch("/x", fields=[("X-Own", "1")]).get("x-own") == "1"


def test_a_tunnel_whose_stream_is_reset_is_reset(start_prox, h2_origin):
    origin = h2_origin(H2Echo(), settings={Settings.ENABLE_CONNECT_PROTOCOL: 1})
    client = start_prox(through(origin)).connect()
    client.send_request(fields=ASK)
    assert client.read_head().status == 101
    connection, stream_id = origin.wait_stream()
    connection.reset(stream_id, Codes.INTERNAL_ERROR)
    with pytest.raises(ConnectionResetError):
        client.socket.recv(10)


def test_a_client_that_resets_a_tunnel_resets_its_stream(start_prox, h2_origin):
    origin = h2_origin(H2Echo(), settings={Settings.ENABLE_CONNECT_PROTOCOL: 1})
    client = start_prox(through(origin)).connect()
    client.send_request(fields=ASK)
    assert client.read_head().status == 101
    connection, stream_id = origin.wait_stream()
    client.reset()
    wait_for(lambda: stream_id in connection.resets, what="the stream is reset")


def test_stream_true_and_connect_use_http1(start_prox, echo):
    assert start_prox(through(echo, stream=True)).fetch().status == 200
