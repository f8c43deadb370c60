"""Reloads under load lose no request; a killed worker loses only what it had in flight.

PROX_SOAK_SECONDS sets how long each load lasts (8 by default; 30 is the full test).
"""

import os
import signal

import pytest

from lib.looping import looping, wait_all_go_on
from lib.prox import proxy_to
from lib.waits import spread

SOAK_SECONDS = int(os.environ.get("PROX_SOAK_SECONDS", "8"))
RELOADS = 20
KILLS = 5
CLIENTS = 16

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("fields", [(), ("Connection: close",)], ids=["keep-alive", "connection-per-request"])
def test_reloads_under_load_lose_no_request(start_prox, nginx, load, fields):
    prox = start_prox(proxy_to(nginx))
    running = load(prox.port, "/small", SOAK_SECONDS, fields=fields)
    for number in spread(RELOADS, SOAK_SECONDS - 1):
        assert prox.hup() if number % 2 else prox.reload().returncode == 0
    assert running.is_running, "the load ended before the reloads"
    result = running.finish()
    assert (result.errors, result.bad_statuses) == (0, 0), result.output
    assert result.requests > 100 * SOAK_SECONDS
    prox.wait_workers(2)


@pytest.mark.parametrize("keep_alive", [True, False], ids=["keep-alive", "connection-per-request"])
def test_killed_workers_lose_only_what_they_had_in_flight(start_prox, nginx, keep_alive):
    prox = start_prox(proxy_to(nginx))
    prox.expects_crashes = True
    prox.wait_workers(2)
    with looping(prox.port, [keep_alive] * CLIENTS, "/small") as clients:
        for _ in spread(KILLS, SOAK_SECONDS / 2):
            victim = prox.wait_workers(2)[0]
            os.kill(victim, signal.SIGKILL)
            prox.wait_workers(2, without=[victim])
        wait_all_go_on(clients)
    for client in clients:
        # A kill costs a client its one request in flight, and never the next one, which finds a worker.
        assert len(client.failures) <= KILLS, client.failures
        points = [answered for answered, _ in client.failures]
        assert len(set(points)) == len(points), client.failures
    assert sum(client.answered for client in clients) > 100


def test_reloads_and_kills_together_leave_a_working_server(start_prox, nginx, load):
    prox = start_prox(proxy_to(nginx))
    prox.expects_crashes = True
    running = load(prox.port, "/small", SOAK_SECONDS)
    for number in spread(RELOADS, SOAK_SECONDS - 1):
        assert prox.hup() if number % 2 else prox.reload().returncode == 0
        if number % 4 == 3:
            os.kill(prox.workers()[-1], signal.SIGKILL)
    result = running.finish()
    assert result.bad_statuses == 0
    assert result.errors <= KILLS * 32, result.output  # 32 connections, each with one request in flight
    prox.wait_workers(2)
    assert prox.fetch("/small").status == 200
