"""A real TLS server as origin: the openssl program."""

import subprocess

from . import procfs
from .ports import LOOPBACK, free_port
from .waits import DEADLINE, wait_for


class OpensslServer:
    """`openssl s_server -rev`: shows `pair` as its certificate, and sends each line back reversed."""

    def __init__(self, pair, *options):
        self.port = free_port()
        self.address = f"{LOOPBACK}:{self.port}"
        self._process = subprocess.Popen(
            ["openssl", "s_server", "-accept", self.address, "-cert", str(pair.cert), "-key", str(pair.key), "-rev",
             "-quiet", *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._listens, what="openssl s_server listens")

    def _listens(self):
        assert self._process.poll() is None, "openssl s_server ended"
        return self.port in procfs.listening_ports()

    def stop(self):
        self._process.terminate()
        self._process.wait(DEADLINE)
