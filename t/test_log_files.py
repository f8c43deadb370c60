"""Files of access lines that are renamed, full or not read, workers that are killed, and a console that nobody reads."""

import os
import resource
import signal

import pytest

from lib import procfs
from lib.looping import looping
from lib.prox import logged, proxy_to, static_site
from lib.upstream import never_answers
from lib.waits import SANITIZED, Stopwatch, wait_for


def total(clients):
    """How many requests were answered, which are all that were sent."""
    assert [client.failures for client in clients] == [[]] * len(clients)
    return sum(client.answered for client in clients)


@pytest.mark.parametrize("how", ["USR1", "-s reopen", "HUP"])
def test_no_line_is_lost_when_files_are_renamed(start_prox, how):
    prox = start_prox(logged(static_site()))
    rotations = 5
    with looping(prox.port) as clients:
        for number in range(rotations):
            prox.wait_lines(20)
            os.rename(prox.directory / "access.log", prox.directory / f"access.log.{number}")
            if how == "HUP":
                assert prox.hup()
            elif how == "USR1":
                prox.signal(signal.SIGUSR1)
            else:
                assert prox.control("reopen").returncode == 0
            wait_for((prox.directory / "access.log").exists, what="the file is made anew")
    answered = total(clients)
    names = ["access.log", *(f"access.log.{number}" for number in range(rotations))]
    wait_for(lambda: sum(len(prox.json_log(name)) for name in names) == answered, what=f"{answered} lines in all files")


def test_a_file_that_cannot_be_opened_anew_stays(start_prox):
    prox = start_prox(logged(static_site(), "sub/access.log"), files={"sub/x": ""})
    os.rename(prox.directory / "sub", prox.directory / "gone")
    prox.signal(signal.SIGUSR1)
    prox.wait_log(r"ERR cannot reopen the log path=\S*sub/access.log reason=\"No such file or directory\"")
    prox.fetch("/still")
    prox.wait_line("gone/access.log", path="/still")


def test_a_reload_goes_on_with_the_same_file_or_another(start_prox):
    site = static_site()
    prox = start_prox(logged(site))
    prox.fetch("/1")
    prox.reload_ok(logged(site))
    prox.fetch("/2")
    prox.reload_ok(logged(site, "other.log"))
    prox.fetch("/3")
    prox.wait_line("other.log", path="/3")
    assert [line["path"] for line in prox.wait_lines(2)] == ["/1", "/2"]
    assert all("access.log" not in os.readlink(f"/proc/{prox.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{prox.pid}/fd"))


def test_a_stop_writes_what_has_gathered(start_prox):
    prox = start_prox(logged(static_site()))
    prox.fetch("/last")
    assert prox.stop() == 0
    assert [line["path"] for line in prox.json_log()] == ["/last"]


def test_what_a_stop_cuts_off_is_told(start_prox, upstream):
    origin = upstream(never_answers)
    prox = start_prox(logged({**proxy_to(origin), "process": {"shutdown_timeout": "300ms"}}))
    client = prox.connect()
    client.send_request(target="/cut")
    origin.wait_request()
    assert prox.stop() == 0
    assert prox.json_log()[0]["error"] == "shutdown"


def test_a_worker_that_is_killed_loses_no_older_line_and_breaks_none(start_prox):
    prox = start_prox(logged({**static_site(), "process": {"workers": 1}}))
    prox.expects_crashes = True
    prox.fetch("/old")
    prox.wait_line(path="/old")
    (worker,) = prox.workers()
    os.kill(worker, signal.SIGKILL)
    prox.wait_workers(1, without=[worker])
    prox.fetch("/new")
    prox.wait_line(path="/new")
    assert len(prox.json_log()) == 2


def test_a_full_disk_costs_lines_and_nothing_else(start_prox):
    prox = start_prox(logged(static_site(), "/dev/full"))
    with looping(prox.port) as clients:
        prox.wait_log(r"WRN access lines were lost path=/dev/full lines=\d+ reason=\"No space left on device\"")
    assert total(clients) > 0


def test_a_limit_of_file_sizes_costs_lines_and_nothing_else(start_prox):
    config = logged(static_site())
    prox = start_prox(config)
    unlimited = resource.prlimit(prox.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(prox.pid, resource.RLIMIT_FSIZE, (1000, unlimited[1]))
    old = prox.workers()
    prox.reload_ok(config)  # new workers have the master's limits
    workers = prox.wait_workers(2, without=old)
    with prox.connect() as client:
        for _ in range(20):
            assert client.exchange().status == 200
        wait_for(lambda: (prox.directory / "access.log").stat().st_size == 1000, what="the file is as large as it may be")
        assert client.exchange().status == 200
    assert sorted(prox.workers()) == sorted(workers)
    resource.prlimit(prox.pid, resource.RLIMIT_FSIZE, unlimited)


def test_a_pipe_that_nobody_reads_costs_lines_and_nothing_else(start_prox, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    prox = start_prox(logged({**static_site(), "process": {"workers": 1}}, str(fifo)))
    with looping(prox.port) as clients:
        prox.wait_log(r"WRN access lines were lost path=\S*/fifo lines=\d+ reason=\"Resource temporarily unavailable\"")
        with Stopwatch() as watch:
            assert prox.fetch().status == 200
        assert watch.seconds < (3 if SANITIZED else 1)
    answered = total(clients)
    with open(fifo, "rb", buffering=0) as reader:
        os.set_blocking(reader.fileno(), False)
        text = reader.read(1 << 20)
        lines = text.split(b"\n")
        assert lines.pop() == b"", "the last line is whole"
        assert 100 < len(lines) < answered

        def is_told_again():  # a first line may be lost still: older ones that had gathered have filled the pipe once more
            prox.fetch("/read-again")
            return b"/read-again" in (reader.read(1 << 20) or b"")

        wait_for(is_told_again, what="there is room again")


def test_a_console_that_nobody_reads_stalls_nobody(new_prox):
    prox = new_prox(static_site())
    read_end, write_end = os.pipe()
    prox.stderr = write_end
    prox.start()
    with looping(prox.port) as clients:
        wait_for(lambda: sum(client.answered for client in clients) > 3000, what="more requests than a pipe holds lines of")
    total(clients)
    # Not by a look beforehand alone, which workers that look at the same time all find well.
    for pid in prox.pid, *prox.workers():
        assert procfs.open_flags(pid, 2) & os.O_NONBLOCK
    assert os.get_blocking(write_end), "it stays as it is for others that hold it"
    os.close(read_end)
    os.close(write_end)
