"""Messages: the file for warnings and errors, the console's two forms, and where a detached prox says what it has to say."""

import json
import os
import re
import signal

import pytest

from lib.ports import free_port
from lib.prox import DidNotStart, proxy_to, static_site
from lib.upstream import answer
from lib.waits import wait_for

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")


def with_log(config, path="error.log", **logging):
    return {**config, "logging": {"error_log": path, **logging}}


def dead_upstream():
    return f"127.0.0.1:{free_port()}"


def test_warnings_and_errors_of_workers_are_lines_of_json(start_prox):
    dead = dead_upstream()
    prox = start_prox(with_log(proxy_to(dead)))
    prox.fetch("/x", fields=[("Authorization", "Bearer hidden"), ("Cookie", "id=hidden")])
    line = prox.wait_line("error.log", level="WARN", upstream=dead)
    assert list(line)[:3] == ["time", "level", "msg"]
    assert STAMP.fullmatch(line["time"])
    assert line["msg"] == "connect_failed while connecting to the target"
    assert (line["service"], line["route"], line["client"]) == ("web", "web:0", "127.0.0.1")
    assert line["reason"] == "Connection refused"
    text = (prox.directory / "error.log").read_text()
    assert "hidden" not in text
    assert not re.search(r'"level":"(INFO|DEBUG)"', text)
    assert '"/x"' not in text and " 502 " not in text, "lines of requests are for the access log"
    assert os.stat(prox.directory / "error.log").st_mode & 0o777 == 0o644


def test_errors_of_the_master_and_its_reloads(start_prox):
    site = static_site()
    prox = start_prox(with_log(site))
    assert prox.reload({**site, "nonsense": 1}).returncode == 1
    line = prox.wait_line("error.log", level="ERROR", msg="reload failed")
    assert "1 error" in line["reason"]
    prox.expects_crashes = True
    worker = prox.workers()[0]
    os.kill(worker, signal.SIGKILL)
    died = prox.wait_line("error.log", level="ERROR", msg="worker died", pid=worker)
    assert isinstance(died["slot"], int)


def test_the_file_takes_warnings_whatever_the_console_shows(start_prox):
    dead = dead_upstream()
    prox = start_prox(with_log(proxy_to(dead), level="error"), env={"LOG_LEVEL": "error"})
    prox.fetch()
    prox.wait_line("error.log", level="WARN", upstream=dead)
    assert " WRN " not in prox.log()


def test_reopened_after_a_rename_by_master_and_workers(start_prox):
    dead = dead_upstream()
    site = {**proxy_to(dead), "process": {"workers": 1}}
    prox = start_prox(with_log(site))
    prox.fetch()
    prox.wait_line("error.log", upstream=dead)
    before = prox.json_log("error.log")
    os.rename(prox.directory / "error.log", prox.directory / "error.log.1")
    assert prox.control("reopen").returncode == 0
    wait_for((prox.directory / "error.log").exists, what="the file is made anew")
    prox.wait_log("DBG worker reopened a log")
    prox.fetch()
    prox.wait_line("error.log", upstream=dead)
    assert prox.json_log("error.log.1") == before
    assert prox.reload({**site, "nonsense": 1}).returncode == 1
    prox.wait_line("error.log", msg="reload failed")


def test_a_reload_moves_it_and_a_refused_one_does_not(start_prox):
    dead = dead_upstream()
    site = proxy_to(dead)
    prox = start_prox(with_log(site))
    assert prox.reload(with_log(site, "none/error.log")).returncode == 1
    prox.wait_line("error.log", msg="reload failed")
    prox.reload_ok(with_log(site, "second.log"))
    prox.fetch()
    prox.wait_line("second.log", upstream=dead)
    assert not any("upstream" in line for line in prox.json_log("error.log"))
    prox.reload_ok(site)
    size = (prox.directory / "second.log").stat().st_size
    prox.fetch()
    prox.wait_log("(?s)(WRN connect_failed.*){2}")
    assert (prox.directory / "second.log").stat().st_size == size


def test_one_file_may_be_both_logs(start_prox):
    dead = dead_upstream()
    prox = start_prox(with_log(proxy_to(dead), "all.log", access_log="all.log"))
    prox.fetch("/both")
    prox.wait_line("all.log", msg="connect_failed while connecting to the target")
    assert prox.wait_line("all.log", path="/both")["error"] == "connect_refused"


@pytest.mark.parametrize("path", ["none/error.log", "/"])
def test_a_file_that_cannot_be_opened_is_an_error(new_prox, path):
    prox = new_prox(with_log(static_site(), path))
    with pytest.raises(DidNotStart, match=f'cannot open log "{path}"'):
        prox.start()


def test_a_full_disk_is_no_reason_to_stop(start_prox):
    prox = start_prox(with_log(proxy_to(dead_upstream()), "/dev/full"))
    assert [prox.fetch().status for _ in range(20)] == [502] * 20


def test_the_console_in_json(start_prox):
    prox = start_prox({**static_site(), "logging": {"format": "json"}})
    prox.fetch("/a%22b")
    pattern = re.compile(r'^\{"time".*GET /a%22b 200.*\}$', re.MULTILINE)
    text = wait_for(lambda: pattern.search(prox.log()), what="the request on the console").group()
    line = json.loads(text)
    assert list(line) == ["time", "level", "msg", "service", "client", "bytes"]
    assert (line["level"], line["service"], line["bytes"]) == ("INFO", "web", 5)
    for each in prox.log().splitlines():
        json.loads(each)
    prox.reload_ok({**static_site(port=prox.port), "logging": {"format": "text"}})
    prox.fetch("/text")
    prox.wait_log(r"INF GET /text 200")


# Detached


def test_a_daemon_with_an_error_log_needs_no_other(start_prox):
    dead = dead_upstream()
    prox = start_prox(with_log(proxy_to(dead)), daemon=True)
    assert prox.process.wait(5) == 0
    assert prox.fetch().status == 502
    prox.wait_line("error.log", upstream=dead)
    for pid in [prox.pid, *prox.workers()]:
        assert os.readlink(f"/proc/{pid}/fd/2") == "/dev/null"


@pytest.mark.needs_root
def test_a_daemon_of_somebody_else_than_root(new_prox, public):
    """Nobody may write to /var/log/prox; with a log of its own that is no matter."""
    prox = new_prox(with_log(static_site("mine")), within=public, daemon=True)
    prox.directory.chmod(0o777)
    prox.user = "nobody"
    prox.start()
    assert prox.fetch().body == b"mine"
    assert os.stat(prox.directory / "error.log").st_uid == os.stat(f"/proc/{prox.pid}").st_uid != 0


def test_a_reload_takes_a_daemon_from_one_log_to_the_other(start_prox, upstream):
    site = proxy_to(upstream(answer()))
    prox = start_prox(with_log(site), daemon=True)
    prox.reload_ok(site)
    for pid in [prox.pid, *prox.wait_workers(2)]:
        assert os.readlink(f"/proc/{pid}/fd/2") == "/var/log/prox/error.log"
    prox.reload_ok(with_log(site))
    assert os.readlink(f"/proc/{prox.pid}/fd/2") == "/dev/null"
    assert prox.fetch().status == 200
