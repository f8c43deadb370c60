"""conf/prox.json5, as `make run` starts it: a newcomer's first curl is really proxied."""

import pathlib
import re
import subprocess

import pytest

from lib.ports import free_port

CONFIG = pathlib.Path(__file__).resolve().parents[1] / "conf" / "prox.json5"
_LISTEN = re.compile(r"127\.0\.0\.1:(\d+)")


@pytest.fixture
def default_prox(new_prox):
    """prox on the shipped config, with its ports exchanged for free ones and its files in a directory apart."""
    exchanged = {}

    def exchange(match):
        exchanged.setdefault(match[1], free_port())
        return f"127.0.0.1:{exchanged[match[1]]}"

    text = _LISTEN.sub(exchange, CONFIG.read_text())
    prox = new_prox(text)
    prox.command += ["-p", str(prox.directory)]
    prox.front = exchanged["8080"]
    return prox.start()


def test_it_listens_on_8080_of_loopback_and_on_nothing_public():
    text = CONFIG.read_text()
    assert re.search(r"listen: *\"127\.0\.0\.1:8080\"", text)
    assert set(re.findall(r"^\s*listen: *\"([^\"]*):\d+\"", text, re.MULTILINE)) == {"127.0.0.1"}


def test_first_curl_is_proxied(default_prox):
    done = subprocess.run(["curl", "-sS", "-i", f"http://127.0.0.1:{default_prox.front}/"], capture_output=True, text=True,
                          timeout=10, check=True)
    head, _, body = done.stdout.partition("\n\n" if "\r\n" not in done.stdout else "\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK")
    assert body.strip()


def test_the_answer_comes_from_the_second_service(default_prox):
    behind = next(port for port in default_prox.ports if port != default_prox.front)
    direct = default_prox.fetch(port=behind)
    proxied = default_prox.fetch(port=default_prox.front)
    assert (direct.status, proxied.status) == (200, 200)
