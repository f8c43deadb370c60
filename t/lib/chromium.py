"""Headless Chromium, driven by the DevTools protocol over a pipe: one JSON message after another, each ended by a zero byte.

All names lead to 127.0.0.1, so that nothing leaves the machine. Certificates that the browser shall trust are told by their keys;
others it refuses as ever.
"""

import fcntl
import itertools
import json
import os
import select
import signal
import subprocess
import time

from .waits import DEADLINE, DeadlinePassed

# A browser that starts beside other tests takes its time.
START_SECONDS = 45.0

# Without the sandbox, since it does not start as root, nor without a helper that only some machines have.
_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--mute-audio",
    "--autoplay-policy=no-user-gesture-required", "--host-resolver-rules=MAP * 127.0.0.1", "--remote-debugging-pipe",
]


class Chromium:
    """One browser with its own profile in `directory`, which trusts the certificates of `pairs`."""

    def __init__(self, directory, *pairs):
        directory.mkdir()
        self._log_path = directory / "chromium.log"
        trusted = ",".join(pair.key_digest for pair in pairs)
        command = ["chromium", *_FLAGS, f"--user-data-dir={directory / 'profile'}",
                   f"--ignore-certificate-errors-spki-list={trusted}", "about:blank"]
        to_read, self._write_end = os.pipe()
        self._read_end, to_write = os.pipe()
        with open(self._log_path, "wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, close_fds=False,
                                             env={**os.environ, "HOME": str(directory)}, start_new_session=True,
                                             preexec_fn=lambda: _place(to_read, to_write))
        os.close(to_read)
        os.close(to_write)
        self._ids = itertools.count(1)
        self._unread = b""
        self._answers = {}
        self._pages = {}  # session id → Page
        self.call("Browser.getVersion", deadline=START_SECONDS)

    def open_page(self):
        """A new, empty tab, in a profile of its own: it shares no connections with other tabs."""
        profile = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", {"url": "about:blank", "browserContextId": profile})["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self._pages[session] = page = Page(self, session)
        page.call("Page.enable")
        page.call("Network.enable", {"maxPostDataSize": 1})  # no bodies of requests in events
        return page

    def call(self, method, params=None, session=None, deadline=DEADLINE):
        """One command and its result."""
        return self.result_of(self.begin(method, params, session), method, deadline)

    def begin(self, method, params=None, session=None):
        """Sends one command; returns its number."""
        number = next(self._ids)
        message = {"id": number, "method": method, "params": params or {}, **({"sessionId": session} if session else {})}
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._write_end, data):]
        return number

    def result_of(self, number, what, deadline=DEADLINE):
        """Waits for the result of the command with that number."""
        self.read_until(lambda: number in self._answers, deadline, f"the answer to {what}")
        answer = self._answers.pop(number)
        assert "error" not in answer, f"{what}: {answer['error']}"
        return answer["result"]

    def read_until(self, predicate, deadline=DEADLINE, what="what the test waits for"):
        """Takes in what the browser tells until `predicate()` holds."""
        end = time.monotonic() + deadline
        while not predicate():
            if not select.select([self._read_end], [], [], max(0.0, end - time.monotonic()))[0]:
                raise DeadlinePassed(f"{what}: not within {deadline:g} s")
            data = os.read(self._read_end, 1 << 20)
            assert data, f"Chromium ended before {what}"
            *messages, self._unread = (self._unread + data).split(b"\0")
            for message in messages:
                self._take(json.loads(message))

    def _take(self, message):
        if "id" in message:
            self._answers[message["id"]] = message
        elif page := self._pages.get(message.get("sessionId")):
            page.events.append((message["method"], message["params"]))

    def stop(self):
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(DEADLINE)
        os.close(self._read_end)
        os.close(self._write_end)

    def describe(self):
        events = [(f"Chromium, page {number}", "\n".join(str(event)[:300] for event in page.events[-30:]))
                  for number, page in enumerate(self._pages.values())]
        return [*events, ("Chromium", self._log_path.read_text(errors="replace")[-4000:])]


def _place(to_read, to_write):
    """In the child: the browser reads commands from descriptor 3 and answers on 4."""
    pair = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10) for descriptor in (to_read, to_write)]
    os.dup2(pair[0], 3)
    os.dup2(pair[1], 4)


class Page:
    """A tab. `events` are all that the browser has told of it: (method, parameters)."""

    def __init__(self, browser, session):
        self._browser, self._session = browser, session
        self.events = []

    def call(self, method, params=None, deadline=DEADLINE):
        return self._browser.call(method, params, self._session, deadline)

    def load(self, url, deadline=2 * DEADLINE):
        """Goes to a URL and waits until all of the page is there."""
        before = len(self.events)
        went = self.call("Page.navigate", {"url": url}, deadline)
        assert "errorText" not in went, f"{url}: {went['errorText']}"
        self._browser.read_until(lambda: any(name == "Page.loadEventFired" for name, _ in self.events[before:]), deadline,
                                 f"the end of loading {url}")

    def run(self, script, deadline=2 * DEADLINE):
        """Runs the body of an async function in the page; returns what it returns."""
        return self.result_of(self.begin(script), deadline)

    def begin(self, script):
        """As run(), without waiting for its end; returns a number for result_of()."""
        return self._browser.begin("Runtime.evaluate", {"expression": "(async () => {" + script + "})()", "awaitPromise": True,
                                                        "returnByValue": True}, self._session)

    def result_of(self, number, deadline=2 * DEADLINE):
        """Waits for what a script returns."""
        done = self._browser.result_of(number, "a script", deadline)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def told(self, method):
        """The parameters of all events of a kind."""
        return [params for name, params in self.events if name == method]

    def responses(self):
        """What the page got, in the protocol's words: url, status, protocol, headers, connectionId and more."""
        return [params["response"] for params in self.told("Network.responseReceived")]
