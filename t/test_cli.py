"""The command line: commands, flags in every spelling, output streams, exit codes."""

import json
import pathlib
import re

import pytest

from lib.prox import run, static_site

ROOT = pathlib.Path(__file__).resolve().parents[1]
GOOD = '{ services: { web: { listen: "127.0.0.1:8080", routes: [ { action: { type: "static", status: 200 } } ] } } }'
BAD = '{ services: { web: { lisen: ":8080", routes: [ { action: "none" } ] } } }'


@pytest.fixture
def config_file(tmp_path):
    def write(text=GOOD, name="prox.json5"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def lines(text):
    return text.strip().splitlines()


def test_alone_prints_usage_to_stderr_and_fails():
    done = run()
    assert (done.returncode, done.stdout) == (1, "")
    assert "serve" in done.stderr and "validate" in done.stderr


@pytest.mark.parametrize("word", ["help", "-h", "--help"])
def test_help_is_on_stdout(word):
    done = run(word)
    assert (done.returncode, done.stderr) == (0, "")
    for command in ("serve", "validate", "version", "help"):
        assert command in done.stdout


def test_version_on_stdout_and_dash_v_on_stderr():
    done, short, long = run("version"), run("-v"), run("-V")
    assert (done.returncode, short.returncode, long.returncode) == (0, 0, 0)
    assert re.fullmatch(r"prox \d+\.\d+\.\d+\S*\n", done.stdout)
    assert done.stdout.split()[1] in short.stderr and short.stdout == ""
    assert done.stdout.split()[1] in long.stderr + long.stdout
    assert "libevent" in long.stderr + long.stdout


def test_unknown_command_gets_a_suggestion():
    done = run("validat")
    assert done.returncode == 1
    assert "unknown command: validat" in done.stderr
    assert 'did you mean "validate"?' in done.stderr


@pytest.mark.parametrize("args", [
    ("validate", "-confg", "x"), ("serve", "-watch=maybe"), ("serve", "-config"), ("validate", "leftover"),
    ("serve", "-watch", "false"), ("-s",), ("-s", "explode"), ("-x",), ("validate", "-format", "xml"),
    ("serve", "-log-level", "loud"), ("version", "-config", "x"), ("-g", "daemon off;"),
], ids=" ".join)
def test_usage_errors_exit_2(args):
    done = run(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


def test_unknown_flag_gets_a_suggestion():
    done = run("validate", "-confg", "x")
    assert "-confg" in done.stderr
    assert re.search(r"did you mean .?-{1,2}config", done.stderr)


@pytest.mark.parametrize("spelling", [("-config", "{}"), ("-config={}",), ("--config", "{}"), ("--config={}",), ("-c", "{}")],
                         ids=lambda spelling: "_".join(spelling))
def test_config_flag_in_every_spelling(config_file, spelling):
    done = run("validate", *(part.format(config_file()) for part in spelling))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("flags", [
    ("-watch=false",), ("--watch=false",), ("-watch=F",), ("-watch=0",), ("-watch=true", "-watch=False"),
    ("-log-level", "warn"), ("-log-level=warning",), ("--log-level", "error"), ("--log-level=info",),
], ids=" ".join)
def test_serve_flags_in_every_spelling(start_prox, flags):
    prox = start_prox(static_site(), args=flags)
    assert prox.fetch().status == 200


def test_two_dashes_end_the_flags(config_file):
    assert run("validate", "-config", config_file(), "--").returncode == 0
    assert run("validate", "--", "-config", config_file()).returncode == 2


def test_default_config_is_in_the_working_directory(config_file, tmp_path):
    config_file(name="config.json5")
    done = run("validate", cwd=tmp_path)
    assert done.returncode == 0
    assert "config.json5 is valid" in done.stdout


def test_validate_counts_files_and_warnings(config_file):
    path = config_file()
    done = run("validate", "-config", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(rf"prox: {re.escape(str(path))} is valid \(1 files?, 0 warnings?\)\n", done.stdout)


def test_validate_prints_everything_to_stderr(config_file):
    done = run("validate", "-config", config_file(BAD))
    assert (done.returncode, done.stdout) == (1, "")
    assert 'unknown key "lisen"' in done.stderr
    assert 'no action is named "none"' in done.stderr
    assert re.search(r"prox: .*prox.json5: 2 errors", lines(done.stderr)[-1])


def test_validate_as_json(config_file):
    path = config_file(BAD)
    done = run("validate", "-config", path, "-format", "json")
    assert done.returncode == 1
    problems = json.loads(done.stdout or done.stderr)
    assert [(one["line"], one["column"], one["severity"], one["id"]) for one in problems] == [
        (1, 22, "error", "unknown-key"), (1, 58, "error", "action-unknown")]
    keys = {"file", "line", "column", "end_column", "severity", "id", "message", "help"}
    assert all(set(one) == keys for one in problems)
    assert problems[0]["file"] == str(path)
    assert problems[0]["end_column"] - problems[0]["column"] in (4, 5)  # exclusive, or inclusive
    assert 'did you mean "listen"?' in problems[0]["help"]


def test_valid_as_json_is_an_empty_array(config_file):
    done = run("validate", "-config", config_file(), "-format=json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_missing_config_file():
    for args in (("validate", "-config", "/nowhere/prox.json5"), ("-t", "-c", "/nowhere/prox.json5"),
                 ("serve", "-config", "/nowhere/prox.json5")):
        done = run(*args)
        assert done.returncode == 1
        assert "/nowhere/prox.json5" in done.stderr


def test_dash_t_tests_the_config_on_stderr(config_file):
    path = config_file()
    done = run("-t", "-c", path)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"prox: the configuration file {path} is valid" in done.stderr
    assert run("-t", "-q", "-c", path).stderr == ""
    bad = run("-t", "-c", config_file(BAD))
    assert bad.returncode == 1
    assert 'unknown key "lisen"' in bad.stderr


def test_missing_resource_file_is_a_warning_for_validate_and_an_error_for_dash_t(config_file):
    path = config_file(GOOD.replace("status: 200", 'status: 200, body_ref: { file: "gone.html" }'))
    assert run("validate", "-config", path).returncode == 0
    assert "gone.html" in run("validate", "-config", path).stderr
    assert run("validate", "-strict", "-config", path).returncode == 1
    assert run("-t", "-c", path).returncode == 1


def test_prefix_is_where_relative_paths_start(config_file, tmp_path):
    path = config_file(GOOD.replace("status: 200", 'status: 200, body_ref: { file: "page.html" }'))
    prefix = tmp_path / "prefix"
    prefix.mkdir()
    (prefix / "page.html").write_text("page")
    assert run("-t", "-c", path).returncode == 1
    assert run("-t", "-c", path, "-p", prefix).returncode == 0


def test_without_a_command_it_serves(new_prox):
    prox = new_prox(static_site("served"))
    prox.command = ["-c", str(prox.config_path)]
    assert prox.start().fetch().body == b"served"


def test_log_level_precedence(start_prox):
    def debug_lines(**options):
        config = {**static_site(), "logging": {"level": options.pop("level")}} if "level" in options else static_site()
        prox = start_prox(config, **options)
        prox.fetch()
        prox.stop()
        return " DBG " in prox.log(), " INF " in prox.log()

    assert debug_lines(args=["-log-level", "debug"]) == (True, True)
    assert debug_lines(args=["-log-level", "info"], level="debug") == (False, True)
    assert debug_lines(args=["-log-level", "debug"], env={"LOG_LEVEL": "warning"}) == (False, False)
    assert debug_lines(args=["-log-level", "error"], env={"LOG_LEVEL": "DEBUG"}) == (True, True)


def test_log_level_of_the_config(new_prox):
    def levels(level):
        prox = new_prox({**static_site(), "logging": {"level": level}})
        prox.command = ["serve", "-config", str(prox.config_path), "-watch=false"]
        prox.start().stop()
        return " DBG " in prox.log(), " INF " in prox.log()

    assert levels("debug") == (True, True)
    assert levels("info") == (False, True)
    assert levels("WARN") == (False, False)


@pytest.mark.parametrize("env", [{"LOG_LEVEL": "loud"}, {"PROX_WORKERS": "many"}, {"PROX_WORKERS": "0"}], ids=str)
def test_bad_environment_is_refused(new_prox, env):
    prox = new_prox(static_site(), env=env)
    prox.launch()
    assert prox.wait() == (2 if "LOG_LEVEL" in env else prox.process.returncode)
    assert prox.process.returncode in (1, 2)
    assert next(iter(env)) in prox.log()


def test_start_is_logged(start_prox):
    prox = start_prox(static_site(), args=["-log-level", "info"])
    line = next(line for line in lines(prox.log()) if "starting server" in line)
    assert re.fullmatch(rf"\d\d:\d\d:\d\d INF starting server service=web addr=127\.0\.0\.1:{prox.port} tls=false.*", line)


# Those of examples may be directories.
SHIPPED_CONFIGS = ["conf/prox.json5", *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "conf/examples").iterdir()))]


@pytest.mark.parametrize("name", SHIPPED_CONFIGS)
def test_every_shipped_config_loads(name, ca, tmp_path):
    sites = tmp_path / "certs" / "sites"
    sites.mkdir(parents=True)
    ca.issue("shop.example.com").copy_to(sites, "shop")
    ca.issue("*.example.com").copy_to(sites, "others")
    ca.issue("staff.example.com").copy_to(tmp_path / "certs", "staff")
    for authority in ("staff-ca.crt", "internal-ca.crt"):
        (tmp_path / "certs" / authority).write_bytes(ca.cert.read_bytes())
    done = run("-t", *(["-p", tmp_path] if "tls" in name else []), "-c", ROOT / name)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr


def test_examples_of_the_documents_are_valid(config_file, tmp_path):
    """Every json5 block of the README that is a whole configuration, with the files that one of them speaks of."""
    (tmp_path / "shops").mkdir()
    for port, name in enumerate(("web", "shops/books", "shops/music"), 9000):
        config_file('{ listen: ":%d", routes: [{ action: "api" }] }' % port, f"{name}.json5")
    config_file("[]", "common.json5")
    blocks = re.findall(r"```json5\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    whole = [block for block in blocks if re.search(r"\bservices\b", block)]
    assert whole
    for block in whole:
        done = run("validate", "-config", config_file(block))
        assert done.returncode == 0, block + done.stderr
