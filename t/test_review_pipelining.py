"""A pipelined request whose upstream connection is still being opened while the answers before it leave."""

import socket

import pytest

from lib import procfs
from lib.client import RawClient
from lib.ports import LOOPBACK
from lib.prox import service, static

BODY = "y" * 64000  # one of them is between the water marks, two are above the high one
_MSS = 536  # a small send buffer on the other side, as over a real network


@pytest.fixture
def deaf():
    """An address whose queue is full: connecting to it takes until somebody gives up."""
    listener = socket.socket()
    listener.bind((LOOPBACK, 0))
    listener.listen(0)
    fillers = [socket.socket() for _ in range(2)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
    yield f"{LOOPBACK}:{listener.getsockname()[1]}"
    for each in [listener, *fillers]:
        each.close()


class SlowClient(RawClient):
    """Takes small segments into a small buffer."""

    def __init__(self, port):
        plain = socket.socket.connect

        def connect(sock, address):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _MSS)
            return plain(sock, address)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket.socket, "connect", connect)
            super().__init__(port, receive_buffer=4096)

    def read_in_sips(self, size):
        """Reads `size` bytes, with a look at the processes of the machine (some ms) between sips."""
        for at in range(0, size, 2048):
            self.stream.read_exactly(min(2048, size - at))
            procfs.children(1)


def test_answers_stay_in_order_while_a_connection_is_being_opened(start_prox, deaf):
    slow = {"type": "proxy", "upstream": deaf, "timeout": "1s"}
    prox = start_prox({"process": {"workers": 1}, "services": {"web": service([
        {"match": {"path": "/body"}, "action": static(BODY)},
        {"match": {"path": "/deaf"}, "action": slow},
        {"match": {"path": "/last"}, "action": static("last")}])}})
    for count in range(10, 18):
        with SlowClient(prox.port) as client:
            for target in ["/body"] * count + ["/deaf", "/last"]:
                client.send_request(target=target)
            for _ in range(count):
                client.read_in_sips(int(client.read_head().get("Content-Length")))
            answers = [client.read_response() for _ in range(2)]
            assert [answer.status for answer in answers] == [504, 200], count
            assert answers[1].body == b"last", count
