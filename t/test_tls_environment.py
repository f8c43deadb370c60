"""Files that a config names for TLS: `validate` warns of what is wrong with them; `-t`, `serve` and a reload refuse it. All of it
is told at once, each at the place where the file is named."""

import json
import re
import shutil

import pytest

from lib.certs import Authority
from lib.prox import run
from lib.tls import shake_hands, tls_site

CONFIG = """\
{
  services: {
    web: {
      listen: "127.0.0.1:0",
      tls: true,
      tls_cert: "web.crt",
      tls_key: "web.key",
      client_ca: "clients.pem",
      ocsp_file: "web.ocsp",
      routes: [{ match: { domain: "a.test" }, action: "shop" }],
    },
  },
  actions: {
    shop: {
      type: "proxy",
      upstream: "https://127.0.0.1:1",
      tls: {
        ca: "shop.pem",
        cert: "mine.crt",
        key: "mine.key",
      },
    },
  },
}
"""
FILES = ["web.crt", "web.key", "clients.pem", "web.ocsp", "shop.pem", "mine.crt", "mine.key"]
MISSING = "No such file or directory"


@pytest.fixture
def site(ca, tmp_path):
    """A directory with the config and every file that it names."""
    directory = tmp_path / "site"
    directory.mkdir()
    web, mine = ca.issue("a.test"), ca.issue_client("/CN=mine")
    made = [web.cert, web.key, ca.cert, ca.ocsp_response(web), ca.cert, mine.cert, mine.key]
    for name, source in zip(FILES, made, strict=True):
        shutil.copy(source, directory / name)
    (directory / "config.json5").write_text(CONFIG)
    return directory


def found(site, *command):
    """What a command says about the config: (exit status, ["line:column: severity: message"])."""
    done = run(*command, cwd=site)
    return done.returncode, re.findall(r"^config\.json5:(\d+:\d+: (?:error|warning): .*)$", done.stderr, re.M)


def assert_found(site, *problems):
    """`validate` warns of these, as "line:column: message"; `-t` and `serve` call them errors."""
    for command, status, severity in [(("validate", "-config", "config.json5"), 0, "warning"),
                                      (("-t", "-c", "config.json5"), 1, "error"),
                                      (("serve", "-config", "config.json5"), 1, "error")]:
        expected = [re.sub(r"^(\d+:\d+): ", rf"\1: {severity}: ", problem) for problem in problems]
        assert found(site, *command) == (status, expected)


def test_all_is_well(site):
    assert found(site, "-t", "-c", "config.json5") == (0, [])


@pytest.mark.parametrize("name, place, message", [
    ("web.crt", "6:17", 'certificate "web.crt": {}'),
    ("web.key", "7:16", 'certificate "web.crt": its key "web.key": {}'),
    ("clients.pem", "8:18", 'client_ca: "clients.pem": {}'),
    ("web.ocsp", "9:18", 'certificate "web.crt": its OCSP response "web.ocsp": {}'),
    ("shop.pem", "18:13", 'ca: "shop.pem": {}'),
    ("mine.crt", "19:15", 'cert: "mine.crt": {}'),
    ("mine.key", "20:14", 'key: "mine.key": {}'),
])
def test_a_missing_file_is_told_where_it_is_named(site, name, place, message):
    (site / name).unlink()
    assert_found(site, f"{place}: {message.format(MISSING)}")


def test_all_missing_files_are_told_at_once(site):
    for name in FILES:
        (site / name).unlink()
    # Without the certificate there is nothing to hold an OCSP response against.
    assert_found(site, f'6:17: certificate "web.crt": {MISSING}',
                 f'7:16: certificate "web.crt": its key "web.key": {MISSING}',
                 f'8:18: client_ca: "clients.pem": {MISSING}',
                 f'18:13: ca: "shop.pem": {MISSING}',
                 f'19:15: cert: "mine.crt": {MISSING}',
                 f'20:14: key: "mine.key": {MISSING}')


def test_files_that_hold_something_else_are_told(site):
    for name in FILES:
        (site / name).write_text("nothing")
    assert_found(site, '6:17: certificate "web.crt": it holds no certificate',
                 '7:16: certificate "web.crt": its key "web.key": it holds no private key',
                 '8:18: client_ca: "clients.pem": it holds no certificate',
                 '18:13: ca: "shop.pem": it holds no certificate',
                 '19:15: cert: "mine.crt": it holds no certificate',
                 '20:14: key: "mine.key": it holds no private key')


def test_keys_and_responses_of_others_are_told(site, ca):
    other = ca.issue("other.test")
    shutil.copy(other.key, site / "web.key")
    shutil.copy(other.key, site / "mine.key")
    shutil.copy(ca.ocsp_response(other), site / "web.ocsp")
    assert_found(site, '7:16: certificate "web.crt": the key "web.key" belongs to another one',
                 '9:18: certificate "web.crt": the OCSP response "web.ocsp" is about another one',
                 '19:15: cert: "mine.crt": key values mismatch')


@pytest.mark.parametrize("days, message", [(-1, "it has expired on 20"), (10, "it expires on 20")])
def test_a_certificate_near_its_end_is_a_warning_for_all(site, tmp_path, days, message):
    pair = Authority(tmp_path / "late").issue("a.test", days=days)
    shutil.copy(pair.cert, site / "web.crt")
    shutil.copy(pair.key, site / "web.key")
    (site / "config.json5").write_text(CONFIG.replace('      ocsp_file: "web.ocsp",\n', ""))
    (site / "web.ocsp").unlink()  # else it is found beside the certificate
    for command in (["validate", "-config"], ["-t", "-c"]):
        status, [line] = found(site, *command, "config.json5")
        assert status == 0 and line.startswith(f'6:17: warning: certificate "web.crt": {message}')


def test_a_certificate_for_no_route_is_a_warning_for_all(site):
    (site / "config.json5").write_text(CONFIG.replace('domain: "a.test"', 'domain: "b.test"'))
    for command in (["validate", "-config"], ["-t", "-c"]):
        assert found(site, *command, "config.json5") == (
            0, ['6:17: warning: certificate "web.crt": it is for no domain that a route of this service is for'])
    assert run("validate", "-strict", "-config", "config.json5", cwd=site).returncode == 1


def test_as_json_the_id_is_tls_load(site):
    (site / "mine.key").unlink()
    told = json.loads(run("validate", "-format", "json", "-config", "config.json5", cwd=site).stdout)
    assert [(d["id"], d["line"], d["column"]) for d in told] == [("tls-load", 20, 14)]


def test_a_reload_refuses_what_has_gone_missing(site, ca, start_prox):
    config = tls_site(ca.issue("a.test"), client_ca=str(site / "clients.pem"), client_auth="optional")
    config["actions"] = {"shop": {"type": "proxy", "upstream": "https://127.0.0.1:1", "tls": {"ca": str(site / "shop.pem")}}}
    prox = start_prox(config)
    (site / "clients.pem").unlink()
    (site / "shop.pem").unlink()
    done = prox.reload()
    assert done.returncode == 1
    for key, name in {"client_ca": "clients.pem", "ca": "shop.pem"}.items():
        line = rf'^{prox.config_path}:\d+:\d+: error: {key}: "{site / name}": {MISSING}$'
        assert re.search(line, done.stderr, re.M), done.stderr
    assert shake_hands(prox.port, ca.client_context(), "a.test")
