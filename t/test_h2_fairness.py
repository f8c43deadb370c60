"""HTTP/2 streams share their connection: what one of them does, or a reload, takes nothing from the others."""

import threading

from lib.http2 import Codes, Settings
from lib.prox import proxy_to, service, static
from lib.upstream import answer
from lib.waits import DEADLINE

MIB = 1024 * 1024
STREAMS = 100
SIZE = 512 * 1024


def begin_all(start_prox, upstream):
    """A client with STREAMS downloads of SIZE bytes each, of which the heads have come; the windows of all streams are closed."""
    prox = start_prox(proxy_to(upstream(answer(b"x" * SIZE))))
    client = prox.connect_h2(settings={Settings.INITIAL_WINDOW_SIZE: 0})
    client.h2.increment_flow_control_window(512 * MIB)
    responses = [client.responses[client.begin(ends=True)] for _ in range(STREAMS)]
    client.read_until(lambda: all(response.status == 200 for response in responses), what="all heads")
    return client, responses


def test_a_hundred_downloads_share_a_connection_fairly(start_prox, upstream):
    """When the first has ended, each of the others has got half of its bytes at least."""
    client, responses = begin_all(start_prox, upstream)
    client.h2.update_settings({Settings.INITIAL_WINDOW_SIZE: MIB})
    client.flush()
    client.read_until(lambda: any(response.ended for response in responses), 2 * DEADLINE, "the first end")
    shares = sorted(len(response.body) for response in responses)
    assert shares[0] >= SIZE / 2, f"of {SIZE} bytes, the last has got {shares[0]}, the middle one {shares[STREAMS // 2]}"
    client.read_until(lambda: all(response.ended for response in responses), 2 * DEADLINE, "all ends")
    assert all(len(response.body) == SIZE for response in responses)


def test_a_stream_that_is_stuck_holds_up_no_other(start_prox, upstream):
    """The window of one is never opened; the other 99 end."""
    client, responses = begin_all(start_prox, upstream)
    for stream_id in list(client.responses)[1:]:
        client.h2.increment_flow_control_window(SIZE, stream_id)
    client.flush()
    client.read_until(lambda: all(response.ended for response in responses[1:]), 2 * DEADLINE, "all ends but one")
    assert all(len(response.body) == SIZE for response in responses[1:])
    assert (responses[0].body, responses[0].ended) == (b"", False)


def test_a_reload_lets_streams_in_flight_end(start_prox, upstream):
    go_on = threading.Event()

    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        connection.wait(go_on)
        connection.send(b"later")

    prox = start_prox({**proxy_to(upstream(script)), "process": {"shutdown_timeout": "30s"}})
    client = prox.connect_h2()
    responses = [client.responses[client.begin(ends=True)] for _ in range(20)]
    client.read_until(lambda: all(response.body == b"first" for response in responses))
    assert prox.hup({"services": {"web": service([{"action": static("new")}], prox.port)}})
    client.read_until(lambda: client.goaways, what="GOAWAY")
    assert prox.connect_h2().fetch().body == b"new"
    go_on.set()
    client.read_until(lambda: all(response.ended for response in responses), what="the ends of all")
    assert {response.body for response in responses} == {b"firstlater"}
    assert client.read_until_closed() == Codes.NO_ERROR
