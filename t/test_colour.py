"""Diagnostics are coloured on a terminal, and only there."""

import json
import os
import subprocess

import pytest

from lib.prox import BINARY, run
from lib.waits import DEADLINE

BAD = '{ services: { web: { lisen: ":8080", routes: [ { action: "a" } ] } }, actions: { a: { type: "static", status: 200 } } }'
UNUSED = BAD.replace("lisen", "listen").replace("actions: {", 'actions: { b: { type: "static", status: 200 },')


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.json5"
    path.write_text(BAD)
    return path


def on_terminal(args, **env):
    """Runs prox with a terminal for its stderr; returns what the terminal got."""
    terminal, stderr = os.openpty()
    kept = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    with subprocess.Popen([BINARY, *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr,
                          env={**kept, **env}) as process:
        os.close(stderr)
        shown = b""
        try:
            while chunk := os.read(terminal, 4096):
                shown += chunk
        except OSError:  # EIO: the other end is closed
            pass
        os.close(terminal)
        process.wait(DEADLINE)
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("command", [["validate", "-config"], ["-t", "-c"]], ids=["validate", "-t"])
def test_colour_on_a_terminal_unless_no_color_is_set(config, command):
    args = [*command, config]
    coloured = on_terminal(args)
    assert "\x1b[1;31merror:\x1b[0m unknown key" in coloured
    assert "\x1b[1;31m^~~~~\x1b[0m" in coloured
    assert "\x1b[1;31m" in on_terminal(args, NO_COLOR="")
    plain = on_terminal(args, NO_COLOR="1")
    assert "\x1b" not in plain
    assert ": error: unknown key" in plain


def test_no_colour_without_a_terminal(config):
    done = run("validate", "-config", config, env={"NO_COLOR": ""})
    assert "\x1b" not in done.stderr
    assert ": error: unknown key" in done.stderr


def test_strict_warnings_are_errors_in_json_too(config):
    config.write_text(UNUSED)
    for flags, severity, code in (([], "warning", 0), (["-strict"], "error", 1)):
        done = run("validate", "-config", config, "-format", "json", *flags)
        assert (done.returncode, done.stderr) == (code, "")
        assert [(one["id"], one["severity"]) for one in json.loads(done.stdout)] == [("action-unused", severity)]
