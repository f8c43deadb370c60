"""Fixtures of the black-box tests: everything they start is ended, and shown when a test fails."""

import contextlib
import os
import pathlib
import shutil
import signal
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from lib.certs import Authority  # noqa: E402
from lib.http2_origin import H2Origin  # noqa: E402
from lib.nginx import Nginx  # noqa: E402
from lib.prox import BINARY, Prox  # noqa: E402
from lib.upstream import EchoUpstream, ScriptedUpstream  # noqa: E402
from lib.websocket import EchoServer  # noqa: E402
from lib.wrk import Load  # noqa: E402

_STARTED = pytest.StashKey[list]()
_TIME_LIMIT_SECONDS = 180  # many times what the longest test takes on a machine that does nothing else


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than a few seconds")
    config.addinivalue_line("markers", "needs_root: only means something when started as root")
    config.addinivalue_line("markers", "kit: tests the kit itself, without prox")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("needs_root") and os.geteuid() != 0:
            item.add_marker(pytest.mark.skip(reason="needs root"))


def pytest_collection_finish(session):
    if any(not item.get_closest_marker("kit") for item in session.items) and not shutil.which(BINARY):
        raise pytest.UsageError(f"{BINARY} is not there: run make, set PROX_BIN, or test the kit alone with -m kit")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Adds what prox, its peers and its upstreams saw to the report of a failed test."""
    report = (yield).get_result()
    if report.failed:
        for thing in item.stash.get(_STARTED, []):
            report.sections += _describe(thing)


def _describe(thing):
    """An exception in a hook would end the whole run, and hide the failure that is to be shown."""
    try:
        return thing.describe()
    except Exception as error:  # pylint: disable=broad-except
        return [(f"{thing!r} cannot be shown", repr(error))]


@pytest.fixture(autouse=True)
def time_limit():
    """Ends a test that hangs in spite of all deadlines."""

    def expire(_signal, _frame):
        raise TimeoutError(f"the test took more than {_TIME_LIMIT_SECONDS} s")

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(_TIME_LIMIT_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def started(request):
    """Everything the test has started, for the report."""
    request.node.stash[_STARTED] = []
    return request.node.stash[_STARTED]


@pytest.fixture
def public():
    """A directory that the workers' user may read, alone in its own. Not below pytest's, which each run of pytest closes to others."""
    with tempfile.TemporaryDirectory(prefix="prox-") as own:
        os.chmod(own, 0o755)
        top = pathlib.Path(own) / "public"
        top.mkdir()
        yield top


@pytest.fixture
def new_prox(started, tmp_path):
    """Makes a Prox in a directory of its own, by default below pytest's, and does not start it."""
    made = []

    def make(config, within=tmp_path, **options):  # None: see `files` of Prox
        directory = within / f"prox{len(made)}"
        directory.mkdir()
        prox = Prox(directory, config, **options)
        made.append(prox)
        started.append(prox)
        return prox

    yield make
    failures = []
    for prox in made:
        try:
            prox.close()
            prox.check_log()
        except AssertionError as failure:
            failures.append(failure)
    if failures:
        raise failures[0]


@pytest.fixture
def start_prox(new_prox):
    """Starts a Prox with a config (dict, or JSON5 text) and waits until it serves."""
    return lambda config, **options: new_prox(config, **options).start()


@contextlib.contextmanager
def _origins(started, kind):
    """Makes origins of a kind. A script that fails makes the test fail."""
    made = []

    def make(*args, **options):
        made.append(kind(*args, **options))
        started.append(made[-1])
        return made[-1]

    yield make
    for one in made:
        one.stop()
    for one in made:
        one.check()


@pytest.fixture
def upstream(started):
    """Starts a ScriptedUpstream."""
    with _origins(started, ScriptedUpstream) as make:
        yield make


@pytest.fixture
def h2_origin(started):
    """Starts an H2Origin."""
    with _origins(started, H2Origin) as make:
        yield make


@pytest.fixture
def echo(started):
    """An upstream that answers with a JSON description of each request."""
    with _origins(started, EchoUpstream) as make:
        yield make()


@pytest.fixture
def echo_server(started):
    """A WebSocket server that sends every message back."""
    one = EchoServer()
    started.append(one)
    yield one
    one.stop()


@pytest.fixture(scope="session")
def ca(tmp_path_factory):
    """A certificate authority, for all tests of a run."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def nginx(started, tmp_path):
    one = Nginx(tmp_path / "nginx")
    started.append(one)
    yield one
    one.stop()


@pytest.fixture
def load():
    """Starts wrk in the background."""
    made = []

    def make(*args, **options):
        made.append(Load(*args, **options))
        return made[-1]

    yield make
    for one in made:
        one.stop()
