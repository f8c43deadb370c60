"""Load by wrk, and its result in numbers."""

import re
import subprocess


class Load:
    """A wrk run in the background. Read the numbers after `finish`. `script`: a file in Lua, then its arguments."""

    def __init__(self, port, target, seconds, connections=32, fields=(), script=()):
        command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s",
                   "--timeout", "10s"]
        for field in fields:
            command += ["--header", field]
        command.append(f"http://127.0.0.1:{port}{target}")
        if script:
            command += ["--script", str(script[0]), "--", *map(str, script[1:])]
        self._seconds = seconds
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                         stdin=subprocess.DEVNULL)

    @property
    def is_running(self):
        return self._process.poll() is None

    def finish(self):
        """Waits for the end. Returns self, with `requests`, `errors` (of sockets) and `bad_statuses`."""
        self.output, _ = self._process.communicate(timeout=self._seconds + 30)
        assert self._process.returncode == 0, self.output
        self.requests = self._number(r"(\d+) requests in")
        self.errors = sum(map(int, re.findall(r"\d+", self._line("Socket errors:"))))
        self.bad_statuses = self._number(r"Non-2xx or 3xx responses: (\d+)")
        return self

    def stop(self):
        if self.is_running:
            self._process.kill()
            self._process.wait()

    def _number(self, pattern):
        match = re.search(pattern, self.output)
        return int(match[1]) if match else 0

    def _line(self, start):
        return next((line for line in self.output.splitlines() if line.strip().startswith(start)), "")
