"""What a proxied request costs with 10 routes, and with 10,000 exact domains and 200 wildcards. Run by `make bench`.

Two servers that differ only in their routes, measured by turns, since the machine's speed varies more than what is looked for. Every
request is for another domain, in an order that no cache knows.
"""

import os
import pathlib
import random
import statistics
import sys
import tempfile

from bench.throughput import cpu_seconds
from lib import procfs
from lib.nginx import Nginx
from lib.prox import Prox, service
from lib.wrk import Load

SECONDS = int(os.environ.get("BENCH_SECONDS", "2"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "9"))
SCRIPT = """
local requests = {}
function init(args)
  for host in io.lines(args[1]) do requests[#requests + 1] = wrk.format("GET", "/small", {Host = host}) end
end
local at = 0
function request()
  at = at % #requests + 1
  return requests[at]
end
"""


def domains(exact, wildcards):
    return [f"site{i}.example.com" for i in range(exact)] + [f"*.wild{i}.example.org" for i in range(wildcards)]


class Server:
    def __init__(self, name, directory, upstream, patterns):
        self.name = name
        directory.mkdir()
        routes = [{"match": {"domain": pattern}, "action": {"type": "proxy", "upstream": upstream}} for pattern in patterns]
        config = {"process": {"workers": 1}, "services": {"bench": service(routes)}}
        self.prox = Prox(directory, config, env={"LOG_LEVEL": "warn"})
        hosts = [pattern.replace("*", f"host{i}") for i, pattern in enumerate(patterns)]
        random.Random(1).shuffle(hosts)
        self.script, self.hosts = directory / "wrk.lua", directory / "hosts"
        self.script.write_text(SCRIPT)
        self.hosts.write_text("\n".join(hosts) + "\n")
        self.costs = []

    def measure(self):
        workers = procfs.children(self.prox.pid)
        before = cpu_seconds(workers)
        load = Load(self.prox.port, "/small", SECONDS, 64, script=(self.script, self.hosts)).finish()
        if load.errors or load.bad_statuses:
            sys.exit(f"{self.name}: {load.errors} socket errors, {load.bad_statuses} bad statuses")
        self.costs.append(1e6 * (cpu_seconds(workers) - before) / load.requests)


def main():
    with tempfile.TemporaryDirectory(prefix="prox-bench.") as directory:
        directory = pathlib.Path(directory)
        directory.chmod(0o755)
        nginx = Nginx(directory / "nginx")
        servers = [Server("10 routes", directory / "few", nginx.address, domains(8, 2)),
                   Server("10,000 exact, 200 wildcards", directory / "many", nginx.address, domains(10000, 200))]
        try:
            for server in servers:
                server.prox.start()
            for _ in range(ROUNDS):
                for server in servers:
                    server.measure()
        finally:
            for server in servers:
                server.prox.close()
            nginx.stop()
    for server in servers:
        print(f"{server.name:36} {statistics.median(server.costs):8.2f} us CPU/request"
              f"  (from {min(server.costs):.2f} to {max(server.costs):.2f})")
    few, many = (statistics.median(server.costs) for server in servers)
    print(f"{'many to few':36} {many / few:8.3f}")


if __name__ == "__main__":
    main()
