"""Processes: crashes, signals, the pid file, the daemon, and the rights that workers have."""

import grp
import os
import pwd
import signal
import subprocess
import threading

import pytest

from lib import procfs
from lib.client import RawClient
from lib.ports import free_port
from lib.prox import DidNotStart, proxy_to, static_site
from lib.upstream import answer, response_bytes
from lib.waits import Stopwatch, wait_for

BY_THE_ROOT = pytest.mark.needs_root


@pytest.fixture
def slow_origin(upstream):
    """An origin that answers once `go` is set."""
    go = threading.Event()

    def script(connection):
        if connection.read_request():
            connection.wait(go)
            connection.send(response_bytes(b"finished"))
            connection.wait_closed()

    origin = upstream(script)
    origin.go = go
    yield origin
    go.set()


def start_slow_request(prox, origin):
    client = prox.connect()
    client.send_request()
    origin.wait_request()
    return client


def test_killed_worker_is_replaced_and_the_others_serve(start_prox):
    prox = start_prox({**static_site(), "process": {"workers": 3}})
    prox.expects_crashes = True
    workers = prox.wait_workers(3)
    clients = [prox.connect() for _ in range(24)]
    for client in clients:
        assert client.exchange().status == 200
    owners = {client: prox.worker_of(client) for client in clients}
    os.kill(workers[0], signal.SIGKILL)
    assert all(prox.fetch().status == 200 for _ in range(30))
    for client, owner in owners.items():
        if owner == workers[0]:
            client.assert_closed()
        else:
            assert client.exchange().status == 200
    replaced = prox.wait_workers(3, without=[workers[0]])
    assert set(workers[1:]) < set(replaced)
    prox.wait_log(r"(?i)worker.*(signal|kill).*9|SIGKILL|Killed")


def test_every_worker_killed_at_once(start_prox):
    prox = start_prox(static_site())
    prox.expects_crashes = True
    workers = prox.wait_workers(2)
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    assert prox.fetch().status == 200
    prox.wait_workers(2, without=workers)


def test_killed_worker_leaves_the_pool_of_the_others_alone(start_prox, upstream):
    origin = upstream(answer())
    prox = start_prox(proxy_to(origin))
    prox.expects_crashes = True
    for _ in range(3):
        victim = prox.wait_workers(2)[0]
        os.kill(victim, signal.SIGKILL)
        assert [prox.fetch().body for _ in range(10)] == [b"hello"] * 10
        prox.wait_workers(2, without=[victim])


def test_killed_master_ends_its_workers_and_frees_the_port(start_prox, slow_origin):
    prox = start_prox(proxy_to(slow_origin))
    prox.wait_workers(2)
    client = start_slow_request(prox, slow_origin)
    prox.signal(signal.SIGKILL)
    prox.wait()
    wait_for(lambda: prox.port not in procfs.listening_ports(), what="workers close the listeners")
    second = start_prox(static_site("second", prox.port))
    assert second.fetch().body == b"second"
    slow_origin.go.set()
    assert client.read_response().body == b"finished"
    wait_for(lambda: not prox.survivors(), what="the workers end once they are drained")


def test_term_finishes_what_is_in_flight(start_prox, slow_origin):
    prox = start_prox({**proxy_to(slow_origin), "process": {"shutdown_timeout": "20s"}})
    client = start_slow_request(prox, slow_origin)
    idle = prox.connect()
    prox.signal(signal.SIGTERM)
    wait_for(lambda: prox.port not in procfs.listening_ports(), what="no more listening")
    idle.assert_closed()
    slow_origin.go.set()
    response = client.read_response()
    assert (response.body, response.closes) == (b"finished", True)
    client.assert_closed()
    assert prox.wait() == 0
    assert not prox.pid_path.exists()
    assert "prox stopped" in prox.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_graceful_stop_has_a_limit(start_prox, slow_origin, number):
    prox = start_prox({**proxy_to(slow_origin), "process": {"shutdown_timeout": "700ms"}})
    client = start_slow_request(prox, slow_origin)
    with Stopwatch() as watch:
        prox.signal(number)
        assert prox.wait() == 0
    assert 0.6 < watch.seconds < 3
    client.assert_closed()
    assert " WRN " in prox.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_second_term_ends_at_once_with_1(start_prox, slow_origin, number):
    prox = start_prox({**proxy_to(slow_origin), "process": {"shutdown_timeout": "60s"}})
    start_slow_request(prox, slow_origin)
    prox.signal(signal.SIGTERM)
    wait_for(lambda: prox.port not in procfs.listening_ports(), what="no more listening")
    prox.signal(number)
    assert prox.wait(5) == 1
    wait_for(lambda: not prox.survivors(), what="the workers are gone too")


def test_quit_waits_without_limit(start_prox, slow_origin):
    prox = start_prox({**proxy_to(slow_origin), "process": {"shutdown_timeout": "100ms"}})
    client = start_slow_request(prox, slow_origin)
    prox.signal(signal.SIGQUIT)
    wait_for(lambda: prox.port not in procfs.listening_ports(), what="no more listening")
    client.assert_quiet(0.6)
    slow_origin.go.set()
    assert client.read_response().body == b"finished"
    assert prox.wait() == 0


@pytest.mark.parametrize("verb", ["stop", "quit"])
def test_control_commands_that_stop(start_prox, verb):
    prox = start_prox(static_site())
    done = prox.control(verb)
    assert (done.returncode, prox.wait()) == (0, 0)
    assert not prox.pid_path.exists()


def test_usr1_and_reopen_leave_everything_running(start_prox):
    prox = start_prox(static_site())
    workers = prox.wait_workers(2)
    prox.signal(signal.SIGUSR1)
    assert prox.control("reopen").returncode == 0
    prox.signal(signal.SIGPIPE)
    assert prox.fetch().status == 200
    assert sorted(prox.workers()) == sorted(workers)


def test_workers_ignore_the_signals_of_a_terminal(start_prox):
    prox = start_prox(static_site())
    workers = prox.wait_workers(2)
    for worker in workers:
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
            os.kill(worker, number)
    assert all(prox.fetch().status == 200 for _ in range(8))
    assert sorted(prox.workers()) == sorted(workers)


def test_control_without_a_running_prox(new_prox):
    prox = new_prox(static_site())
    for verb in ("reload", "stop", "quit", "reopen"):
        done = prox.control(verb)
        assert done.returncode == 1
        assert "prox: not running" in done.stderr


def test_control_never_signals_a_process_that_is_not_prox(new_prox):
    prox = new_prox(static_site())
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as stranger:
        prox.pid_path.write_text(f"{stranger.pid}\n")
        for verb in ("reload", "stop", "quit", "reopen"):
            done = prox.control(verb)
            assert done.returncode == 1
            assert "prox: not running" in done.stderr
        assert stranger.poll() is None
        stranger.stdin.close()
        assert stranger.wait(5) == 0


def test_stale_pid_file_and_socket_of_a_killed_master_are_taken_over(start_prox):
    first = start_prox(static_site())
    first.signal(signal.SIGKILL)
    first.wait()
    wait_for(lambda: not first.survivors(), what="the workers end")
    assert first.pid_path.exists()
    first.start()
    assert first.pid_path.read_text().strip() == str(first.pid)
    first.reload_ok()


def test_pid_file_and_control_socket(start_prox):
    prox = start_prox(static_site())
    assert prox.pid_path.read_text() == f"{prox.pid}\n"
    socket_path = prox.pid_path.with_suffix(".sock")
    assert socket_path.stat().st_mode & 0o777 == 0o600
    assert prox.stop() == 0
    assert not socket_path.exists()


def test_second_master_on_the_same_port_is_refused(start_prox, new_prox):
    first = start_prox(static_site("first"))
    second = new_prox(static_site("second", first.port))
    with pytest.raises(DidNotStart, match=f"127.0.0.1:{first.port}"):
        second.start()
    assert second.process.returncode == 1
    assert first.fetch().body == b"first"


def test_second_master_with_the_same_pid_file_is_refused(start_prox, new_prox):
    first = start_prox(static_site("first"))
    second = new_prox({**static_site("second"), "process": {"pid_file": str(first.pid_path)}})
    with pytest.raises(DidNotStart):
        second.start()
    assert second.process.returncode == 1
    assert first.pid_path.read_text().strip() == str(first.pid)
    assert first.control("reload").returncode == 0


def test_one_taken_port_binds_nothing(new_prox, start_prox):
    first = start_prox(static_site())
    free = free_port()
    config = static_site(port=free)
    config["services"]["second"] = static_site(port=first.port)["services"]["web"]
    second = new_prox(config)
    with pytest.raises(DidNotStart):
        second.start()
    assert free not in procfs.listening_ports()


def test_daemon_detaches_and_can_be_stopped(start_prox):
    prox = start_prox(static_site("daemon"), daemon=True)
    assert prox.process.wait(5) == 0
    assert prox.pid != prox.process.pid
    assert os.getsid(prox.pid) != os.getsid(0)
    assert prox.fetch().body == b"daemon"
    prox.reload_ok(static_site("reloaded", prox.port))
    assert prox.fetch().body == b"reloaded"
    assert prox.control("stop").returncode == 0
    wait_for(lambda: not procfs.is_running(prox.pid), what="the daemon ends")


def test_daemon_that_cannot_start_says_so(new_prox, start_prox):
    first = start_prox(static_site())
    second = new_prox(static_site(port=first.port), daemon=True)
    second.launch()
    assert second.wait() == 1
    assert f"127.0.0.1:{first.port}" in second.log()


@BY_THE_ROOT
def test_privileges_are_dropped(start_prox):
    prox = start_prox(static_site())
    nobody = pwd.getpwnam("nobody")
    for worker in prox.wait_workers(2):
        assert procfs.status(worker, "Uid").split() == [str(nobody.pw_uid)] * 4
        assert procfs.status(worker, "Gid").split() == [str(nobody.pw_gid)] * 4
        assert procfs.status(worker, "Groups").split() in ([], [str(nobody.pw_gid)])
        assert procfs.status(worker, "NoNewPrivs") == "1"
        assert int(procfs.status(worker, "CapEff"), 16) == 0
    assert procfs.status(prox.pid, "Uid").split()[0] == "0"


@BY_THE_ROOT
def test_user_and_group_of_the_config(start_prox):
    prox = start_prox({**static_site(), "process": {"user": "daemon", "group": "games"}})
    for worker in prox.wait_workers(2):
        assert procfs.status(worker, "Uid").split()[0] == str(pwd.getpwnam("daemon").pw_uid)
        assert procfs.status(worker, "Gid").split()[0] == str(grp.getgrnam("games").gr_gid)


@BY_THE_ROOT
def test_unknown_user_is_refused(new_prox):
    prox = new_prox({**static_site(), "process": {"user": "nobody-of-this-name"}})
    with pytest.raises(DidNotStart, match="nobody-of-this-name"):
        prox.start()


def test_workers_of_the_environment_stand_over_the_config(start_prox):
    prox = start_prox(static_site(), env={"PROX_WORKERS": "3"})
    prox.wait_workers(3)


def test_workers_auto_is_one_for_each_usable_cpu(start_prox):
    prox = start_prox({**static_site(), "process": {"workers": "auto"}}, affinity={min(os.sched_getaffinity(0))})
    prox.wait_workers(1)


def test_descriptor_limit_of_workers(start_prox):
    prox = start_prox({**static_site(), "process": {"rlimit_nofile": 512}})
    for worker in prox.wait_workers(2):
        limits = open(f"/proc/{worker}/limits", encoding="ascii").read()
        assert next(line.split()[3] for line in limits.splitlines() if line.startswith("Max open files")) == "512"


def test_workers_hold_no_descriptor_of_their_siblings_channels(start_prox):
    """A worker that held the master's end of another's channel would hide the death of the master."""
    prox = start_prox({**static_site(), "process": {"workers": 4}})
    prox.wait_workers(4)
    prox.signal(signal.SIGKILL)
    prox.wait()
    wait_for(lambda: not prox.survivors(), 5, what="all workers see the end of the master")


def test_a_worker_that_dies_again_and_again_is_not_started_in_a_storm(start_prox):
    prox = start_prox({**static_site(), "process": {"workers": 1}})
    prox.expects_crashes = True
    seen = set()
    with Stopwatch() as watch:
        while watch.running < 2:
            for worker in prox.workers():
                seen.add(worker)
                try:
                    os.kill(worker, signal.SIGKILL)
                except ProcessLookupError:
                    pass
    assert 2 <= len(seen) < 20
    wait_for(prox.workers, 15, what="the back-off ends")
    assert prox.fetch().status == 200


def test_config_error_at_start_binds_nothing(new_prox):
    port = free_port()
    prox = new_prox(f'{{ services: {{ web: {{ listen: "127.0.0.1:{port}", routes: [] }} }} }}')
    prox.launch()
    assert prox.wait() == 1
    assert 'service "web" has no routes' in prox.log()
    assert port not in procfs.listening_ports()


def test_out_of_descriptors_is_survived(start_prox):
    prox = start_prox({**static_site(), "process": {"workers": 1, "rlimit_nofile": 64}})
    crowd = [prox.connect() for _ in range(150)]
    for client in crowd[:20]:
        assert client.exchange().status == 200
    for client in crowd:
        client.close()
    with RawClient(prox.port) as client:
        assert client.exchange().status == 200
