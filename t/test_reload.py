"""Reloads: what they change, what they refuse, and what goes on untouched."""

import threading

import pytest

from lib import procfs
from lib.client import RawClient
from lib.ports import free_port, taken_port
from lib.prox import proxy_to, service, static, static_site
from lib.upstream import response_bytes
from lib.waits import wait_for


def reload_by(prox, way, config):
    """Reloads by "-s reload" or "HUP"; returns True when it was accepted."""
    return prox.hup(config) if way == "HUP" else prox.reload(config).returncode == 0


@pytest.fixture(params=["-s reload", "HUP"])
def way(request):
    return request.param


@pytest.fixture
def slow_origin(upstream):
    """An origin whose answer to /slow waits for `go`."""
    go = threading.Event()

    def script(connection):
        while request := connection.read_request():
            if request.target == "/slow":
                connection.wait(go)
            connection.send(response_bytes(request.target.encode()))

    origin = upstream(script)
    origin.go = go
    return origin


def test_config_change_takes_effect(start_prox, way):
    prox = start_prox(static_site("old"))
    old_workers = prox.wait_workers(2)
    assert prox.fetch().body == b"old"
    assert reload_by(prox, way, static_site("new", prox.port))
    assert prox.fetch().body == b"new"
    prox.wait_workers(2, without=old_workers)
    assert prox.fetch().body == b"new"


def test_reload_prints_the_new_generation(start_prox):
    prox = start_prox(static_site())
    done = prox.reload()
    assert done.returncode == 0
    assert "generation 2" in done.stdout + done.stderr
    prox.wait_log(r"reload complete .*services=1 routes=1")


def test_reload_with_nothing_changed_is_accepted(start_prox, way):
    prox = start_prox(static_site("same"))
    for _ in range(3):
        assert reload_by(prox, way, static_site("same", prox.port))
    assert prox.fetch().body == b"same"


def test_broken_config_changes_nothing_and_is_explained(start_prox):
    prox = start_prox(static_site("old"))
    workers = prox.wait_workers(2)
    done = prox.reload('{ process: { pid_file: "prox.pid" }, services: { web: { lisen: ":1" } } }')
    assert done.returncode == 1
    assert 'error: unknown key "lisen" in service "web"' in done.stderr
    assert 'did you mean "listen"?' in done.stderr
    assert 'service "web" has no routes' in done.stderr
    prox.wait_log("reload failed")
    prox.wait_log(r"unknown key .{0,2}lisen")
    assert prox.fetch().body == b"old"
    assert sorted(prox.workers()) == sorted(workers)


def test_hup_with_a_broken_config_changes_nothing(start_prox):
    prox = start_prox(static_site("old"))
    workers = prox.wait_workers(2)
    assert not prox.hup("{ services: ")
    assert prox.fetch().body == b"old"
    assert sorted(prox.workers()) == sorted(workers)


def test_config_that_is_gone_changes_nothing(start_prox):
    prox = start_prox(static_site("old"))
    prox.config_path.unlink()
    done = prox.reload()
    assert done.returncode == 1
    assert "config.json5" in done.stderr
    assert prox.fetch().body == b"old"


def test_good_config_after_a_broken_one(start_prox, way):
    prox = start_prox(static_site("old"))
    assert not reload_by(prox, way, "{")
    assert reload_by(prox, way, static_site("new", prox.port))
    assert prox.fetch().body == b"new"


def test_listen_port_that_is_taken_refuses_the_reload(start_prox):
    prox = start_prox(static_site("old"))
    workers = prox.wait_workers(2)
    with taken_port() as port:
        done = prox.reload({"services": {
            "web": service([{"action": static("new")}], prox.port), "more": service([{"action": static()}], port)}})
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert prox.fetch().body == b"old"
    assert sorted(prox.workers()) == sorted(workers)


def test_new_listeners_of_a_refused_reload_are_closed(start_prox):
    prox = start_prox(static_site("old"))
    free = free_port()
    with taken_port() as taken:
        assert prox.reload({"services": {
            "web": service([{"action": static("new")}], prox.port), "free": service([{"action": static()}], free),
            "taken": service([{"action": static()}], taken)}}).returncode == 1
    assert free not in procfs.listening_ports()


def test_workers_that_cannot_start_leave_the_old_ones_serving(start_prox):
    prox = start_prox(static_site("old"))
    prox.expects_crashes = True
    workers = prox.wait_workers(2)
    done = prox.reload({**static_site("new", prox.port), "process": {"rlimit_nofile": 4}})
    assert done.returncode == 1
    assert done.stderr.strip()
    prox.wait_log("reload failed")
    prox.wait_workers(2)
    assert sorted(prox.workers()) == sorted(workers)
    assert prox.fetch().body == b"old"
    prox.reload_ok(static_site("third", prox.port))
    assert prox.fetch().body == b"third"


def test_listeners_are_added_and_removed(start_prox, way):
    prox = start_prox(static_site("one"))
    more = free_port()
    both = {"services": {"web": service([{"action": static("one")}], prox.port),
                         "more": service([{"action": static("two")}], more)}}
    assert reload_by(prox, way, both)
    assert (prox.fetch().body, prox.fetch(port=more).body) == (b"one", b"two")
    assert reload_by(prox, way, static_site("two", more))
    assert prox.fetch(port=more).body == b"two"
    wait_for(lambda: prox.port not in procfs.listening_ports(), what="the removed listener is closed")
    with pytest.raises(ConnectionRefusedError):
        RawClient(prox.port)


def test_removed_listener_lets_a_request_in_flight_finish(start_prox, slow_origin):
    prox = start_prox(proxy_to(slow_origin))
    client = prox.connect()
    client.send_request(target="/slow")
    slow_origin.wait_connection()
    other = free_port()
    prox.reload_ok(static_site("new", other))
    assert prox.fetch(port=other).body == b"new"
    slow_origin.go.set()
    assert client.read_response().body == b"/slow"


def test_request_in_flight_finishes_on_the_old_generation(start_prox, slow_origin, way):
    prox = start_prox(proxy_to(slow_origin))
    old_workers = prox.wait_workers(2)
    client = prox.connect()
    client.send_request(target="/slow")
    slow_origin.wait_connection()
    assert reload_by(prox, way, static_site("new", prox.port))
    assert prox.fetch().body == b"new"
    client.assert_quiet(0.1)
    slow_origin.go.set()
    response = client.read_response()
    assert response.body == b"/slow"
    if response.closes:
        client.assert_closed()
    else:
        assert client.exchange().body == b"new"
    prox.wait_workers(2, without=old_workers)


def test_request_half_sent_before_the_reload_is_answered(start_prox):
    prox = start_prox(static_site("old"))
    client = prox.connect()
    client.send(b"GET / HTTP/1.1\r\nHo")
    client.assert_quiet(0.1)
    prox.reload_ok(static_site("new", prox.port))
    client.send(b"st: a.test\r\n\r\n")
    assert client.read_response().body in (b"old", b"new")


def test_idle_keep_alive_connections_survive_and_get_the_new_config(start_prox):
    prox = start_prox(static_site("old"))
    old_workers = prox.wait_workers(2)
    clients = [prox.connect() for _ in range(20)]
    assert [client.exchange().body for client in clients] == [b"old"] * 20
    prox.reload_ok(static_site("new", prox.port))
    assert [client.exchange().body for client in clients] == [b"new"] * 20
    assert [client.exchange().body for client in clients] == [b"new"] * 20
    prox.wait_workers(2, without=old_workers)


def test_connection_without_a_byte_yet_survives(start_prox):
    prox = start_prox(static_site("old"))
    clients = [prox.connect() for _ in range(8)]
    clients[0].assert_quiet(0.1)
    prox.reload_ok(static_site("new", prox.port))
    assert [client.exchange().status for client in clients] == [200] * 8


def test_idle_connection_is_not_closed_under_its_next_request(start_prox):
    """Requests sent at any moment of a reload are answered: the worker that drains never hangs up on one."""
    prox = start_prox(static_site("x"))
    client = prox.connect()
    for _ in range(5):
        done = threading.Thread(target=prox.reload_ok)
        done.start()
        while done.is_alive():
            if client.exchange().closes:
                client.close()
                client = prox.connect()
        done.join()


@pytest.mark.parametrize("before, after", [(1, 3), (3, 1), (2, 4)])
def test_worker_count_changes(start_prox, before, after):
    prox = start_prox({**static_site("x"), "process": {"workers": before}})
    old_workers = prox.wait_workers(before)
    clients = [prox.connect() for _ in range(12)]
    prox.reload_ok({**static_site("y", prox.port), "process": {"workers": after}})
    prox.wait_workers(after, without=old_workers)
    assert [prox.fetch().body for _ in range(24)] == [b"y"] * 24
    assert [client.exchange().status for client in clients] == [200] * 12


def test_settings_of_a_service_change(start_prox):
    prox = start_prox(static_site("x"))
    prox.reload_ok(static_site("x", prox.port, {"max_header_bytes": 1024}))
    assert prox.fetch(fields=[("X-Pad", "p" * 2000)]).status == 431


def test_many_reloads_in_a_row_leave_one_generation(start_prox):
    prox = start_prox(static_site("0"))
    for number in range(1, 11):
        prox.reload_ok(static_site(str(number), prox.port))
        assert prox.fetch().body == str(number).encode()
    prox.wait_workers(2)


def test_reloads_at_once_collapse_and_the_last_config_wins(start_prox):
    prox = start_prox(static_site("old"))
    prox.write_config(static_site("new", prox.port))
    threads = [threading.Thread(target=prox.reload_ok) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert prox.fetch().body == b"new"
    prox.wait_workers(2)


def test_ninth_live_generation_ends_the_oldest(start_prox, slow_origin):
    prox = start_prox({**proxy_to(slow_origin), "process": {"workers": 1}})
    clients = []
    for number in range(9):
        clients.append(prox.connect())
        clients[-1].send_request(target="/slow")
        slow_origin.wait_connection(number)
        prox.reload_ok()
    wait_for(lambda: len(prox.workers()) <= 8, what="the oldest generation is closed")
    slow_origin.go.set()
    assert [client.read_response().body for client in clients[-6:]] == [b"/slow"] * 6
