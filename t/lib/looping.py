"""A client that never rests: load of which every single failure is known."""

import contextlib
import threading

from . import http1
from .client import RawClient
from .waits import wait_for


class LoopingClient(threading.Thread):
    """Sends one request after the other until `stop` is set; after a failure it goes on with a new connection."""

    def __init__(self, port, stop, keep_alive, target="/"):
        super().__init__(daemon=True)
        self._port, self._stop_event, self._keep_alive, self._target = port, stop, keep_alive, target
        self.answered = 0
        self.failures = []  # (requests answered until then, what happened); no exceptions, which would keep sockets open

    def run(self):
        client = None
        while not self._stop_event.is_set():
            try:
                client = client or RawClient(self._port)
                response = client.exchange(target=self._target)
                assert response.status == 200, response.status
                self.answered += 1
                keep = self._keep_alive and not response.closes
            except (http1.Truncated, OSError, AssertionError) as failure:
                self.failures.append((self.answered, repr(failure)))
                keep = False
            if not keep and client:
                client.close()
                client = None
        if client:
            client.close()


@contextlib.contextmanager
def looping(port, keep_alive=(True,) * 4, target="/"):
    """A client for each of `keep_alive`, which rest when the block ends, however it ends."""
    stop = threading.Event()
    clients = [LoopingClient(port, stop, keeps, target) for keeps in keep_alive]
    for client in clients:
        client.start()
    try:
        yield clients
    finally:
        stop.set()
        for client in clients:
            client.join(10)


def wait_all_go_on(clients):
    """Waits until each client was answered once more."""
    before = [client.answered for client in clients]
    wait_for(lambda: all(client.answered > count for client, count in zip(clients, before)), what="all clients go on")
