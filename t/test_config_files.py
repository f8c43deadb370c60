"""Configs of several files: fragments, directories and route files, checked and really served."""

import pytest

from lib.ports import free_port
from lib.prox import run

FRAGMENT = """{
  listen: "127.0.0.1:%d",
  routes: [
    { match: { path: "/health" }, action: "health" },
    "./extra.json5",
    { match: { path: "/*" }, action: "front" },
  ],
  actions: { front: { type: "static", status: 200, body_ref: { text: "front" } } },
  resources: { banner: { text: "Welcome!" } },
}
"""
EXTRA = '[ { match: { path: "/banner" }, action: { type: "static", status: 200, body_ref: "banner" } } ]\n'
HEALTH = 'health: { type: "static", status: 200, body_ref: { json: { status: "ok" } } }'
PROCESS = 'process: { pid_file: "%s", workers: 2, shutdown_timeout: "2s" }'


def write(directory, **files):
    for name, text in files.items():
        path = directory / f"{name.replace('__', '/')}.json5"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def validate(directory, config, cwd=None):
    """Runs validate on a path relative to `directory`: (exit status, stdout and stderr)."""
    done = run("validate", "-config", config, cwd=cwd or directory)
    return done.returncode, done.stdout + done.stderr


def one_answer(port, body):
    return '{ listen: "127.0.0.1:%d", routes: [{ action: { type: "static", status: 200, body_ref: { text: "%s" } } }] }' % (
        port, body)


@pytest.fixture
def nested(new_prox):
    """A root file, a fragment and a route file, served."""
    config = '{ services: { web: "./web.json5" }, actions: { %s }, %s }' % (HEALTH, PROCESS % "prox.pid")
    return new_prox(config, files={"web.json5": FRAGMENT % free_port(), "extra.json5": EXTRA}).start()


@pytest.fixture
def directory(new_prox):
    """A directory of two services, served."""
    files = {
        "config/_global.json5": "{ actions: { %s }, %s }" % (HEALTH, PROCESS % "../prox.pid"),
        "config/web.json5": FRAGMENT.replace("./extra", "./routes/extra") % free_port(),
        "config/routes/extra.json5": EXTRA,
        "config/api.json5": one_answer(free_port(), "api"),
    }
    return new_prox(None, files=files).start()


def test_validate_counts_the_files_of_fragments_and_includes(tmp_path):
    write(tmp_path, main='{ services: { web: "./web.json5" }, actions: { %s } }' % HEALTH, web=FRAGMENT % 8080, extra=EXTRA)
    assert validate(tmp_path, "main.json5") == (0, "prox: main.json5 is valid (3 files, 0 warnings)\n")


@pytest.mark.parametrize("config", ["conf", "conf/", "./conf/"])
def test_validate_takes_a_directory(tmp_path, config):
    write(tmp_path, conf__web=one_answer(8080, "web"), conf__api=one_answer(8081, "api"))
    (tmp_path / "conf" / "notes.txt").write_text("not a config")
    assert validate(tmp_path, config) == (0, f"prox: {config} is valid (2 files, 0 warnings)\n")


def test_mistakes_are_shown_in_the_files_they_are_in(tmp_path):
    write(tmp_path, conf__main='{ services: { web: "./web.json5" }, actions: { %s } }' % HEALTH,
          conf__web=FRAGMENT.replace('"front" }', '"fornt" }') % 8080, conf__extra=EXTRA.replace("status: 200", "status: 99"))
    code, output = validate(tmp_path, "conf/main.json5")
    assert code == 1
    assert output.splitlines() == [
        'conf/web.json5:6:38: error: no action is named "fornt"',
        '   6 |     { match: { path: "/*" }, action: "fornt" },',
        "     |                                      ^~~~~~~",
        '     = help: did you mean "front"? (conf/web.json5:8:14)',
        "conf/extra.json5:1:67: error: status 99 is not between 200 and 599",
        '   1 | [ { match: { path: "/banner" }, action: { type: "static", status: 99, body_ref: "banner" } } ]',
        "     |                                                                   ^~",
        "prox: conf/main.json5: 2 errors",
    ]


def test_a_name_defined_twice_shows_both_places(tmp_path):
    write(tmp_path, main='{ services: { web: "./web.json5" }, actions: { front: { type: "static", status: 200 }, %s } }' % HEALTH,
          web=FRAGMENT % 8080, extra=EXTRA)
    code, output = validate(tmp_path, "main.json5")
    assert code == 1
    assert 'web.json5:8:14: error: action "front" is defined twice' in output
    assert "main.json5:1:48: note: first defined here" in output


def test_a_missing_file_is_an_error_in_validate_too(tmp_path):
    write(tmp_path, main='{ services: { web: "./web.json5" } }')
    code, output = validate(tmp_path, "main.json5")
    assert code == 1
    assert 'main.json5:1:20: error: cannot read service file "./web.json5": No such file or directory' in output


def test_an_empty_directory_is_an_error(tmp_path):
    (tmp_path / "conf").mkdir()
    code, output = validate(tmp_path, "conf")
    assert code == 1
    assert 'config directory "conf" has no *.json5 file' in output


def test_references_do_not_depend_on_the_working_directory(tmp_path):
    write(tmp_path, conf__main='{ services: { web: "./web.json5" }, actions: { %s } }' % HEALTH, conf__web=FRAGMENT % 8080,
          conf__extra=EXTRA)
    (tmp_path / "elsewhere").mkdir()
    code, output = validate(tmp_path, "../conf/main.json5", cwd=tmp_path / "elsewhere")
    assert (code, output) == (0, "prox: ../conf/main.json5 is valid (3 files, 0 warnings)\n")


def test_a_fragment_and_its_route_file_are_served(nested):
    assert nested.fetch("/health").body == b'{"status":"ok"}'
    banner = nested.fetch("/banner")
    assert (banner.body, banner.get("Content-Type")) == (b"Welcome!", "text/plain; charset=utf-8")
    assert nested.fetch("/else").body == b"front"


def test_a_directory_of_services_is_served(directory):
    web, api = directory.ports
    assert directory.fetch("/health", port=web).body == b'{"status":"ok"}'
    assert directory.fetch("/banner", port=web).body == b"Welcome!"
    assert directory.fetch("/", port=api).body == b"api"


def test_a_reload_reads_all_files_anew(nested):
    nested.write_file("extra.json5", EXTRA.replace('body_ref: "banner"', 'body_ref: { text: "new" }'))
    nested.write_file("web.json5", (nested.directory / "web.json5").read_text().replace("banner: {", "unused: {"))
    nested.reload_ok()
    assert nested.fetch("/banner").body == b"new"


def test_a_mistake_in_a_route_file_leaves_what_is_served_alone(nested):
    nested.write_file("extra.json5", EXTRA.replace('"banner"', '"nobody"'))
    refused = nested.reload()
    assert refused.returncode == 1
    assert 'extra.json5:1:82: error: no resource is named "nobody"' in refused.stderr
    assert nested.fetch("/banner").body == b"Welcome!"


def test_a_file_that_joins_a_directory_is_a_new_service(directory):
    port = free_port()
    directory.write_file("config/more.json5", one_answer(port, "more"))
    directory.reload_ok()
    assert directory.fetch("/", port=port).body == b"more"
