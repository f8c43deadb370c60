"""Idle connections while one reload follows the other."""

import resource

import pytest

from lib.prox import static_site

MANY = 2000


@pytest.fixture
def many_descriptors():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[1], 10_000), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_idle_connections_pass_through_a_generation_that_drains_already(start_prox, many_descriptors):
    """Handed to a worker that is told to drain before it has read them all, they are handed on."""
    prox = start_prox({**static_site(settings={"idle_timeout": "60s"}), "process": {"workers": 2, "drain_timeout": "20s"}})
    clients = [prox.connect() for _ in range(MANY)]
    for client in clients:
        assert client.exchange().status == 200
    first = prox.workers()
    for _ in range(4):
        assert prox.hup()
    prox.wait_workers(2, without=first)
    for client in clients:
        assert client.exchange().status == 200
