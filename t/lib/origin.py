"""What upstreams of tests share, whatever they speak: a listener, and a thread for each connection."""

import socket
import threading

from .ports import LOOPBACK
from .waits import wait_for


class Origin:
    """Listens on loopback. Subclasses say what a connection is (`_open`, with a `socket`), and what happens on it (`_serve`)."""

    def __init__(self):
        self._listener = socket.create_server((LOOPBACK, 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        self.address = f"{LOOPBACK}:{self.port}"
        self.connections = []
        self.failures = []  # of scripts
        self._threads = []
        self._is_listening = True
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def _open(self, sock, number):
        raise NotImplementedError

    def _serve(self, connection):
        raise NotImplementedError

    def wait_connection(self, number=0):
        """The connection with this number, once it is there."""
        wait_for(lambda: len(self.connections) > number, what=f"connection {number} of the origin {self.port}")
        return self.connections[number]

    def stop_listening(self):
        """Refuses new connections from now on; open ones go on."""
        self._is_listening = False
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()

    def stop(self):
        """Ends everything. Call `check` after it."""
        if self._is_listening:
            self.stop_listening()
        for connection in self.connections:
            try:
                connection.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join(1)
        for connection in self.connections:
            connection.socket.close()

    def check(self):
        """Fails when a script failed."""
        if self.failures:
            raise self.failures[0]

    def _accept(self):
        while self._is_listening:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = self._open(sock, len(self.connections))
            thread = threading.Thread(target=self._run, args=(connection,), daemon=True)
            self.connections.append(connection)
            self._threads.append(thread)
            thread.start()

    def _run(self, connection):
        try:
            self._serve(connection)
        except Exception as error:  # pylint: disable=broad-except  # handed to the test by check()
            self.failures.append(error)
