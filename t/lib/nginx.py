"""A real nginx as origin: its own config, port and directories, nothing of the system's."""

import getpass
import pathlib
import subprocess

from . import procfs
from .ports import LOOPBACK, free_port
from .waits import DEADLINE, wait_for

_CONFIG = """\
daemon off;
{user}
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_requests 1000000;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  server {{
    listen {address} backlog=4096{tls};
    location = /small {{ default_type text/plain; return 200 "hello from nginx\\n"; }}
    location / {{ root {directory}/site; }}
  }}
}}
"""


class Nginx:
    """`/small` is a short text; every other path is a file under `site`. With a certificate pair it speaks TLS."""

    def __init__(self, directory, pair=None):
        directory = pathlib.Path(directory)
        self.site = directory / "site"
        self.site.mkdir(parents=True)
        self.port = free_port()
        self.address = f"{LOOPBACK}:{self.port}"
        self._log = directory / "error.log"
        user = "user root;" if getpass.getuser() == "root" else ""
        config = directory / "nginx.conf"
        tls = f" ssl http2; ssl_certificate {pair.cert}; ssl_certificate_key {pair.key}" if pair else ""
        config.write_text(_CONFIG.format(user=user, directory=directory, address=self.address, tls=tls))
        self._process = subprocess.Popen(["nginx", "-p", str(directory), "-e", str(self._log), "-c", str(config)],
                                         stdin=subprocess.DEVNULL)
        wait_for(self._listens, what="nginx listens")

    def _listens(self):
        assert self._process.poll() is None, f"nginx ended: {self._log.read_text()}"
        return self.port in procfs.listening_ports()

    def stop(self):
        self._process.terminate()
        self._process.wait(DEADLINE)

    def describe(self):
        return [("nginx errors", self._log.read_text()[-2000:])]
