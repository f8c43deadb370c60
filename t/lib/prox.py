"""The program under test: started, watched, reloaded and ended."""

import json
import os
import pathlib
import re
import signal
import subprocess

from . import procfs
from .client import RawClient, fetch
from .http2 import H2Client
from .ports import free_port
from .upstream import transcript
from .waits import DEADLINE, wait_for

_ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PROX_BIN") or str(_ROOT / "build" / "prox")

# Lines that no run may log, whatever the test is about.
_NEVER_LOGGED = re.compile(r"AddressSanitizer|LeakSanitizer|UndefinedBehavior|runtime error:|broken promise")
# A worker that died of a signal; tests that kill workers expect it.
_CRASH_LOGGED = re.compile(r" ERR worker died")
_LOG_TAIL_LINES = 120
_LISTEN = re.compile(r"""listen["']?:\s*["'][^"']*:(\d+)["']""")


class DidNotStart(AssertionError):
    """prox ended, or did not listen in time."""


def run(*args, env=None, cwd=None, deadline=DEADLINE):
    """Runs prox to its end; returns the CompletedProcess with text output."""
    return subprocess.run([BINARY, *map(str, args)], env=_environment(env), cwd=cwd, timeout=deadline,
                          capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def _environment(extra):
    env = {key: value for key, value in os.environ.items() if key not in ("LOG_LEVEL", "PROX_WORKERS")}
    return {**env, "NO_COLOR": "1", **(extra or {})}


class Prox:
    """One master with its workers, in a session of its own.

    `config` is a dict, or JSON5 text. A dict gets a pid file, two workers and a short shutdown limit
    unless it says otherwise; text must name "prox.pid" as its pid file itself. `files` are texts by
    their names, put beside it; without a `config` they are the config: those under "config/" are its
    services, and `config/_global.json5` must name "../prox.pid". `ports` are those that it listens on
    once started, by default all that config and files name; a reload does not change them.
    Files are not watched unless `watch` is set, so that a config can be written and then reloaded.
    """

    def __init__(self, directory, config, args=(), env=None, daemon=False, ports=None, affinity=None,
                 watch=False, files=None):
        self.directory = pathlib.Path(directory)
        self.config_path = self.directory / ("config" if config is None else "config.json5")
        self.pid_path = self.directory / "prox.pid"
        self.log_path = self.directory / "prox.log"
        self.expects_crashes = False
        self.config_text = ""
        if config is not None:
            self.write_config(config)
        for name, text in (files or {}).items():
            self.write_file(name, text)
        texts = [self.config_text, *(files or {}).values()]
        self.ports = ports or [int(port) for text in texts for port in _LISTEN.findall(text)]
        self.process = None
        self.stderr = None  # a descriptor in the place of the log
        self.user = None  # whom it is started as; None = who the test is
        self.pid = None  # of the master
        self.command = ["serve", "-config", str(self.config_path), "-log-level", "debug",
                        f"-watch={str(watch).lower()}"]
        self.command += map(str, args)
        self._env = env
        self._daemon = daemon
        self._affinity = affinity  # the CPUs it may use; None = all
        self._sessions = set()
        self._clients = []

    # Configuration

    def write_config(self, config):
        """Puts a config in place. It takes effect at a reload."""
        self.config_text = self.render(config)
        self.config_path.write_text(self.config_text)

    def render(self, config):
        """A config as the text that write_config() would write."""
        return config if isinstance(config, str) else json.dumps(self._with_process(config), indent=2)

    def write_file(self, name, text):
        """Puts another file of the config in place, by its name in the directory of this prox."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def _with_process(self, config):
        defaults = {"workers": 2, "shutdown_timeout": "8s", "pid_file": str(self.pid_path)}
        return {**config, "process": {**defaults, **config.get("process", {})}}

    @property
    def port(self):
        return self.ports[0]

    # Life

    def start(self):
        """Starts prox and waits until it listens everywhere and has its pid file."""
        self.launch()
        wait_for(self._has_started, what="prox starts")
        return self

    def launch(self):
        """Starts prox and waits for nothing."""
        command = [BINARY, *self.command, *(["-daemon"] if self._daemon else [])]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, env=_environment(self._env), stdout=log, stderr=self.stderr or log,
                                            stdin=subprocess.DEVNULL, cwd=self.directory, start_new_session=True, user=self.user,
                                            preexec_fn=self._set_affinity if self._affinity else None)
        self._sessions.add(self.process.pid)
        if not self._daemon:
            self.pid = self.process.pid

    def _set_affinity(self):
        os.sched_setaffinity(0, self._affinity)

    def _has_started(self):
        code = self.process.poll()
        if code is not None and not (self._daemon and code == 0):
            raise DidNotStart(f"prox ended with {code}:\n{self.log_tail()}")
        if not self.pid_path.exists() or not (text := self.pid_path.read_text().strip()):
            return False
        if self._daemon:
            if code is None:
                return False
            self.pid = int(text)
            self._sessions.add(os.getsid(self.pid))
        return int(text) == self.pid and set(self.ports) <= procfs.listening_ports()

    def signal(self, number):
        os.kill(self.pid, number)

    def wait(self, deadline=DEADLINE):
        """Waits for the master's end and returns its exit status."""
        return self.process.wait(deadline)

    def stop(self, deadline=DEADLINE):
        """Asks for a graceful stop and returns the exit status."""
        self.signal(signal.SIGTERM)
        return self.wait(deadline)

    def close(self):
        """Ends whatever is still there. Fails when prox does not stop when asked to."""
        for client in self._clients:
            client.close()
        if self.process is None:
            return
        if self.pid in self.survivors():
            self.signal(signal.SIGTERM)
        try:
            wait_for(lambda: not self.survivors(), what="every process of prox ends")
        finally:
            for pid in self.survivors():
                os.kill(pid, signal.SIGKILL)
            self.process.wait(DEADLINE)

    def survivors(self):
        """Every process that this prox started and that still runs, the master included."""
        return [pid for session in self._sessions for pid in procfs.session_members(session)]

    # Reload

    def control(self, verb):
        """`prox -s VERB`: returns the CompletedProcess."""
        return run("-s", verb, "-c", self.config_path, deadline=DEADLINE * 4)

    def reload(self, config=None):
        """Reloads through `prox -s reload`, with a new config if one is given."""
        if config is not None:
            self.write_config(config)
        return self.control("reload")

    def reload_ok(self, config=None):
        done = self.reload(config)
        assert done.returncode == 0, done.stderr
        return done

    def hup(self, config=None):
        """Reloads by SIGHUP; waits for the verdict in the log and returns True when it was accepted."""
        if config is not None:
            self.write_config(config)
        before = self.reload_verdicts()
        self.signal(signal.SIGHUP)
        wait_for(lambda: len(self.reload_verdicts()) > len(before), what="the reload is decided")
        return self.reload_verdicts()[-1] == "complete"

    def reload_verdicts(self):
        """What has become of each reload since the start: "complete" or "failed"."""
        return re.findall(r"reload (complete|failed)", self.log())

    # Processes

    def workers(self):
        """The pids of the workers of all live generations."""
        return procfs.children(self.pid)

    def wait_workers(self, count, without=()):
        """Waits until there are exactly `count` workers, none of which is in `without`."""

        def settled():
            workers = self.workers()
            return workers if len(workers) == count and not set(workers) & set(without) else None

        return wait_for(settled, what=f"{count} workers, none of {sorted(without)}")

    def worker_of(self, client):
        """The pid of the worker that serves a connection."""
        owners = procfs.socket_owners(self.port, client.port) & set(self.workers())
        assert len(owners) == 1, f"workers {owners} hold the connection"
        return owners.pop()

    # Talk

    def connect(self, port=None, **options):
        """A raw client, closed with this prox and shown when the test fails."""
        client = RawClient(port or self.port, **options)
        self._clients.append(client)
        return client

    def connect_h2(self, port=None, **options):
        """An HTTP/2 client, likewise."""
        client = H2Client(port or self.port, **options)
        self._clients.append(client)
        return client

    def fetch(self, target="/", method="GET", fields=(), body=None, **more):
        """One request on a connection of its own."""
        return fetch(more.pop("port", self.port), target, method, fields, body, **more)

    # Log

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self):
        return "\n".join(self.log().splitlines()[-_LOG_TAIL_LINES:])

    def wait_log(self, pattern):
        """Waits until a line of the log matches."""
        return wait_for(lambda: re.search(pattern, self.log()), what=f"/{pattern}/ in the log")

    def json_log(self, name="access.log"):
        """The lines of a log file in the directory of this prox, each of which must be JSON. One that is being written is none yet."""
        path = self.directory / name
        return [json.loads(line) for line in path.read_text().split("\n")[:-1]] if path.exists() else []

    def wait_lines(self, count=1, name="access.log"):
        """Waits until that log file has as many lines, and returns them."""
        return wait_for(lambda: lines if len(lines := self.json_log(name)) >= count else None,
                        what=f"{count} lines in {name}")

    def wait_line(self, name="access.log", **fields):
        """Waits for a line with these fields in that log file, and returns it."""
        return wait_for(lambda: next((line for line in self.json_log(name) if fields.items() <= line.items()), None),
                        what=f"a line with {fields} in {name}")

    def check_log(self):
        """Fails on sanitizer reports, broken promises and crashes that the test did not cause."""
        for line in self.log().splitlines():
            assert not _NEVER_LOGGED.search(line), f"in the log of prox: {line}"
            assert self.expects_crashes or not _CRASH_LOGGED.search(line), f"in the log of prox: {line}"

    def describe(self):
        sections = [("prox config", self.config_text), ("prox log", self.log_tail())]
        return sections + [(f"client {client.port}", transcript(client.stream)) for client in self._clients[-4:]]


def service(routes, port=None, **keys):
    """A service of a config, on a free port unless one is given."""
    return {"listen": f"127.0.0.1:{port or free_port()}", **keys, "routes": routes}


def proxy_to(upstream, settings=None, port=None, **action):
    """A config with one service that passes everything to `upstream`; `settings` is its config block."""
    address = getattr(upstream, "address", upstream)
    route = {"action": {"type": "proxy", "upstream": address, **action}}
    return {"services": {"web": service([route], port, config=settings or {})}}


def static(body="hello", status=200, **action):
    """A static action with a text body."""
    return {"type": "static", "status": status, "body_ref": {"text": body}, **action}


def logged(config, path="access.log", **logging):
    """The config, with an access log."""
    return {**config, "logging": {"access_log": path, **logging}}


def static_site(body="hello", port=None, settings=None, **action):
    """A config with one service that answers everything with a static text."""
    return {"services": {"web": service([{"action": static(body, **action)}], port, config=settings or {})}}
