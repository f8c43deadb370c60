"""How long `prox validate` takes with thousands of routes: CPU time, since others use the machine, too."""

import json
import os
import subprocess

import pytest

from lib.prox import BINARY

ROUTES = 5000
# A release build needs some 20 ms, one without optimisation half a second. What grows with the square of the routes needs more than this.
LIMIT = 20 if os.environ.get("PROX_SANITIZED") else 2


def routes(match):
    return [{"match": match(number), "action": "a"} for number in range(ROUTES)]


SHAPES = {
    "domains": lambda n: {"domain": f"c{n}.example.com"},
    "paths of one domain": lambda n: {"domain": "x.example.com", "path": f"/api/v1/o{n}/*"},
    "wildcards": lambda n: {"domain": f"*.g{n}.example.com"},
    "parts of labels": lambda n: {"domain": f"g{n}-*.example.com", "path": "/*"},
    "globs": lambda n: {"domain": f"g{n}.*.**"},
    "one place, other fields": lambda n: {"path": "/x", "headers": {"X-Tenant": f"t{n}"}},
    "repeated": lambda n: {"path": "/x"},
}


def validate_time(path):
    """Runs validate: its exit status, and its CPU time in seconds."""
    with subprocess.Popen([BINARY, "validate", "-config", path], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime


def config_of(services, actions=None):
    return json.dumps({"services": services, "actions": actions or {"a": {"type": "proxy", "upstream": "127.0.0.1:3000"}}},
                      indent=1)


@pytest.mark.parametrize("shape", SHAPES)
def test_thousands_of_routes(tmp_path, shape):
    path = tmp_path / "config.json5"
    path.write_text(config_of({"web": {"listen": ":8080", "routes": routes(SHAPES[shape])}}))
    code, seconds = validate_time(path)
    assert code == 0
    assert seconds < LIMIT


def test_thousands_of_actions(tmp_path):
    path = tmp_path / "config.json5"
    listed = [{"match": {"path": f"/{number}"}, "action": f"a{number}"} for number in range(ROUTES)]
    actions = {f"a{number}": {"type": "proxy", "upstream": f"127.0.0.1:{1000 + number}"} for number in range(ROUTES)}
    path.write_text(config_of({"web": {"listen": ":8080", "routes": listed}}, actions))
    code, seconds = validate_time(path)
    assert code == 0
    assert seconds < LIMIT


def test_routes_in_many_included_files(tmp_path):
    listed = routes(SHAPES["domains"])
    files = ROUTES // 50
    for number in range(files):
        (tmp_path / f"r{number}.json5").write_text(json.dumps(listed[50 * number:50 * (number + 1)]))
    path = tmp_path / "config.json5"
    path.write_text(config_of({"web": {"listen": ":8080", "routes": [f"./r{number}.json5" for number in range(files)]}}))
    code, seconds = validate_time(path)
    assert code == 0
    assert seconds < LIMIT


def test_thousands_of_mistakes(tmp_path):
    path = tmp_path / "config.json5"
    path.write_text(config_of({"web": {"listen": ":8080", "routes": [
        {"match": {"path": f"x{number}"}, "action": f"b{number}"} for number in range(ROUTES)]}}))
    code, seconds = validate_time(path)
    assert code == 1
    assert seconds < LIMIT
