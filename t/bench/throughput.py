"""Requests a second through prox, and the CPU time that its workers spend on each. Run by `make bench`.

One worker, one nginx as upstream, one wrk: the numbers are for comparing two builds on one quiet machine.
"""

import os
import pathlib
import sys
import tempfile

from lib import procfs
from lib.nginx import Nginx
from lib.prox import Prox, service, static
from lib.wrk import Load

SECONDS = int(os.environ.get("BENCH_SECONDS", "5"))
KEEP_ALIVE = ()
CLOSE = ("Connection: close",)
CASES = (
    # name, path, connections, fields
    ("proxy, 17 bytes", "/small", 64, KEEP_ALIVE),
    ("proxy, 17 bytes, 1000 connections", "/small", 1000, KEEP_ALIVE),
    ("proxy, 17 bytes, new connections", "/small", 64, CLOSE),
    ("proxy, 64 KiB", "/64k", 64, KEEP_ALIVE),
    ("static, 5 bytes", "/static", 64, KEEP_ALIVE),
)


def config(upstream):
    routes = [
        {"match": {"path": "/static"}, "action": static("hello")},
        {"action": {"type": "proxy", "upstream": upstream}},
    ]
    return {"process": {"workers": 1}, "services": {"bench": service(routes)}}


def cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])  # utime, stime
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(prox, name, path, connections, fields):
    workers = procfs.children(prox.pid)
    before = cpu_seconds(workers)
    load = Load(prox.port, path, SECONDS, connections, fields).finish()
    cpu = cpu_seconds(workers) - before
    per_request = 1e6 * cpu / load.requests if load.requests else 0
    print(f"{name:36} {load.requests / SECONDS:10.0f} requests/s {per_request:8.1f} us CPU/request", flush=True)
    if load.errors or load.bad_statuses:
        print(f"{'':36} {load.errors} socket errors, {load.bad_statuses} bad statuses")
    return not (load.errors or load.bad_statuses)


def main():
    with tempfile.TemporaryDirectory(prefix="prox-bench.") as directory:
        directory = pathlib.Path(directory)
        directory.chmod(0o755)
        nginx = Nginx(directory / "nginx")
        (nginx.site / "64k").write_bytes(bytes(65536))
        (directory / "prox").mkdir()
        prox = Prox(directory / "prox", config(nginx.address), env={"LOG_LEVEL": "warn"})
        try:
            prox.start()
            good = [measure(prox, *case) for case in CASES]
        finally:
            prox.close()
            nginx.stop()
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
