"""`prox config` and `prox schema`: what a configuration comes to, and the JSON Schema that editors check it with."""

import copy
import json
from pathlib import Path

import jsonschema
import pytest

from lib.prox import run

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = [ROOT / "conf/prox.json5", *sorted((ROOT / "conf/examples").glob("*.json5"))]


def effective(path, *flags):
    done = run("config", "-config", str(path), *flags)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def schema():
    printed = run("schema")
    assert printed.returncode == 0
    return json.loads(printed.stdout)


@pytest.fixture
def validator(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_printed_is_the_file_in_conf():
    assert run("schema").stdout == (ROOT / "conf/prox.schema.json").read_text()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_configs_that_come_with_prox_fit_the_schema(validator, path):
    config = effective(path)
    assert config["services"]
    validator.validate(config)


SITE = {
    "services": {"web": {"listen": ":80", "routes": [{"action": {"type": "static", "status": 200}}]}},
}


def changed(*way, to):
    config = copy.deepcopy(SITE)
    at = config
    for step in way[:-1]:
        at = at.setdefault(step, {}) if isinstance(step, str) else at[step]
    at[way[-1]] = to
    return config


WEB = ("services", "web")
ROUTE = (*WEB, "routes", 0)

GOOD = [
    changed(*WEB, "config", "read_timeout", to="1m30s"),
    changed(*WEB, "config", "read_timeout", to=1.5),
    changed(*WEB, "config", "flush_interval", to=-1),
    changed(*ROUTE, "action", to="name"),
    changed(*ROUTE, "match", to={"path": "/", "methods": ["get", "POST"]}),
    changed(*ROUTE, "action", to={"type": "proxy", "upstream": "h", "headers": {"A": None}}),
    changed(*WEB, to="./web.json5"),
    changed("admin", to={"listen": ":1", "token": {"env": "TOKEN"}}),
    changed("logging", "level", to="WARN"),
    changed("process", "workers", to="auto"),
]
BAD = [
    ({"services": {"web": {"listen": ":80"}}}, "routes"),
    (changed("servces", to={}), "servces"),
    (changed(*WEB, "config", "read_timeout", to="5d"), "5d"),
    (changed(*WEB, "config", "read_timeout", to=-1), "-1"),
    (changed(*WEB, "config", "max_header_bytes", to=3), "3"),
    (changed(*ROUTE, "match", to={"methods": ["FETCH"]}), "FETCH"),
    (changed(*ROUTE, "action", to={"type": "static", "status": 200, "upstream": "h"}), "upstream"),
    (changed(*ROUTE, "action", to={"type": "proxy"}), "upstream"),
    (changed(*ROUTE, "action", to={"type": "prox", "upstream": "h"}), "prox"),
    (changed("process", "workers", to="many"), "many"),
    (changed("admin", to={"listen": ":1", "token": None}), "None"),
]


@pytest.mark.parametrize("config", GOOD, ids=json.dumps)
def test_the_schema_takes_what_prox_takes(validator, config, tmp_path):
    validator.validate(config)
    (tmp_path / "web.json5").write_text(json.dumps(SITE["services"]["web"]))
    (tmp_path / "c.json5").write_text(json.dumps(config))
    done = run("validate", "-config", "c.json5", cwd=tmp_path)
    # References lead nowhere here, and a token may not be set: both are not for a schema to say.
    errors = [line for line in done.stderr.splitlines() if ": error: " in line]
    assert all("no action is named" in line or "reachable" in line for line in errors), done.stderr


@pytest.mark.parametrize("config, named", BAD, ids=lambda value: json.dumps(value))
def test_the_schema_refuses_what_prox_refuses(validator, config, named, tmp_path):
    def leaves(error):
        return [error, *(leaf for inner in error.context for leaf in leaves(inner))]

    errors = [leaf.message for error in validator.iter_errors(config) for leaf in leaves(error)]
    assert any(named in message for message in errors), errors
    (tmp_path / "c.json5").write_text(json.dumps(config))
    assert run("validate", "-config", "c.json5", cwd=tmp_path).returncode == 1


def test_config_prints_json_with_two_spaces_and_defaults():
    printed = run("config", "-config", str(ROOT / "conf/prox.json5")).stdout
    assert printed.startswith('{\n  "services": {\n    "')
    config = json.loads(printed)
    settings = next(iter(config["services"].values()))["config"]
    assert settings["idle_timeout"] == "2m0s"
    assert printed == json.dumps(config, indent=2, ensure_ascii=False) + "\n"


def test_config_of_a_bad_file_prints_its_problems_only(tmp_path):
    (tmp_path / "c.json5").write_text("{ services: 5 }")
    done = run("config", "-config", "c.json5", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "c.json5:1:13: error: " in done.stderr


def test_T_checks_and_prints(tmp_path):
    (tmp_path / "c.json5").write_text(json.dumps(SITE))
    done = run("-T", "-c", "c.json5", cwd=tmp_path)
    assert done.returncode == 0
    assert "is valid" in done.stderr
    assert json.loads(done.stdout) == effective(tmp_path / "c.json5")
    (tmp_path / "c.json5").write_text("{}")
    done = run("-T", "-c", "c.json5", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
