"""Diagnostics through `prox validate`: every problem at once, with its place and the way out."""

import re

import pytest

from lib.prox import run

D1 = """\
// d1.json5
{
  services: {
    web: {
      lisen: ":8080",
      routes: [
        { match: { path: "/*" }, action: "fronted" },
        { match: {}, action: "frontend" },
        { match: { path: "api/*", methods: ["GTE"] }, action: "frontend" },
      ],
    },
  },
  actions: {
    frontend: { type: "serv", root: "./public" },
  },
}
"""


def validate(directory, text, name="config.json5", **more_files):
    """Runs validate on `text` in `directory`: (exit status, stderr)."""
    (directory / name).write_text(text)
    for other, content in more_files.items():
        (directory / f"{other}.json5").write_text(content)
    done = run("validate", "-config", name, cwd=directory)
    return done.returncode, done.stderr


def site(routes='[ { action: "a" } ]', actions='a: { type: "static", status: 200 }', service="", root=""):
    return f'{{ services: {{ web: {{ listen: ":8080", {service} routes: {routes} }} }}, actions: {{ {actions} }}, {root} }}'


def route(match):
    return site(f'[ {{ match: {{ {match} }}, action: "a" }} ]')


def proxy(upstream):
    return site(actions=f'a: {{ type: "proxy", {upstream} }}')


def test_all_problems_with_their_places(tmp_path):
    code, output = validate(tmp_path, D1, "d1.json5")
    errors = [line for line in output.splitlines() if ": error: " in line]
    expected = [
        'd1.json5:5:7: error: unknown key "lisen" in service "web"',
        'd1.json5:7:42: error: no action is named "fronted"',
        "d1.json5:8:11: error: this match has neither path nor domain",
        'd1.json5:9:27: error: path pattern "api/*" must start with "/"',
        'd1.json5:9:45: error: unknown method "GTE"',
        'd1.json5:14:23: error: unknown action type "serv"; known: ',
    ]
    assert code == 1
    assert [line[:len(start)] for line, start in zip(errors, expected)] == expected
    assert len(errors) == len(expected)
    for suggestion in ('did you mean "listen"?', 'did you mean "frontend"?', "leave out match", '"/api/*"',
                       'did you mean "GET"?'):
        assert suggestion in output
    assert output.splitlines()[-1].startswith("prox: d1.json5: 6 errors")


def test_source_line_and_caret(tmp_path):
    _, output = validate(tmp_path, D1, "d1.json5")
    lines = output.splitlines()
    at = lines.index('d1.json5:7:42: error: no action is named "fronted"')
    assert lines[at + 1] == '   7 |         { match: { path: "/*" }, action: "fronted" },'
    assert lines[at + 2] == "     |                                          ^~~~~~~~~"
    assert lines[at + 3] == '     = help: did you mean "frontend"? (d1.json5:14:5)'


@pytest.mark.parametrize("text, message", [
    ("{ services: {} }", "no services: at least one is needed"),
    ("{}", "no services: at least one is needed"),
    ("[]", "a configuration file must hold one object"),
    ("", "expected"),
    ("{ services: { web: 1 } }", "a service must be an object or a path"),
    (site(routes="[]"), 'service "web" has no routes'),
    (site().replace('listen: ":8080",', ""), 'service "web" needs a listen address'),
    (site().replace(":8080", "8080"), '"8080" is not a listen address'),
    (site().replace(":8080", "localhost"), '"localhost" is not a listen address'),
    (site().replace(":8080", "::1:80"), '"::1:80" is not a listen address'),
    (site().replace(":8080", ":99999"), '":99999" is not a listen address'),
    (route('path: "/api/*/users"'), '"*" may only end a path pattern, in "/api/*/users"'),
    (route('path: "/api*"'), '"*" must follow a "/" in "/api*"'),
    (route('path: "/a,,/b"'), "empty path pattern"),
    (route('path: ","'), "empty path pattern"),
    (route('domain: "localhost"'), 'domain pattern "localhost" needs at least two labels'),
    (route('domain: "a..b"'), 'domain pattern "a..b" has an empty label'),
    (route('domain: ".a.b"'), 'domain pattern ".a.b" has an empty label'),
    (route('domain: "*a*.example.com"'), 'label "*a*" has more than one "*"'),
    (route('domain: "**.example.com"'), '"**" may only be the last label'),
    (route('domain: "**"'), "needs at least two labels"),
    (route('domain: "example.com:80"'), 'may not contain ":"'),
    (route('path: "/", methods: ["FETCH"]'), 'unknown method "FETCH"'),
    (site("[ {} ]"), "this route has no action"),
    (site('[ { action: "b" } ]'), 'no action is named "b"'),
    (site(actions="a: {}"), 'action "a" needs a type'),
    (site(actions='a: { type: "stat" }'), 'unknown action type "stat"; known: '),
    (site(actions='a: { type: "static" }'), 'static action "a" needs a status'),
    (site(actions='a: { type: "static", status: 99 }'), "status 99 is not between 200 and 599"),
    (site(actions='a: { type: "static", status: 101 }'), "status 101 is not between 200 and 599"),
    (site(actions='a: { type: "static", status: 600 }'), "status 600 is not between 200 and 599"),
    (site(actions='a: { type: "static", status: 200.5 }'), '"status" must be'),
    (site(actions='a: { type: "static", status: 200, upstream: "h" }'), '"upstream" is not used by static actions'),
    (site(actions='a: { type: "static", status: 200, body_ref: "missing" }'), 'no resource is named "missing"'),
    (site(actions='a: { type: "static", status: 200, body_ref: {} }'), "needs exactly one of text, json, file"),
    (site(actions='a: { type: "static", status: 200, body_ref: { text: "", json: 1 } }'),
     "needs exactly one of text, json, file"),
    (site(actions='a: { type: "static", status: 200, headers: { "a b": "" } }'), '"a b" is not a header name'),
    (site(actions='a: { type: "static", status: 200, headers: { A: "b\\nc" } }'),
     'header "A" contains a control character'),
    (proxy(""), 'proxy action "a" needs an upstream'),
    (proxy('upstream: "ftp://h"'), '"ftp://h" is not an upstream address'),
    (proxy('upstream: "h:99999"'), '"h:99999" is not an upstream address'),
    (proxy('upstream: "{port}"'), 'upstream of action "a" uses {port}, which this route does not set'),
    (proxy('upstream: "{target}:80"'), 'action "a" uses {target}, but this route has no balancer'),
    (proxy('upstream: "h", status: 200'), '"status" is not used by proxy actions'),
    (proxy('upstream: "h", headers: { Connection: "close" }'), "Connection"),
    (proxy('upstream: "h", timeout: "10"'), "is not a duration"),
    (proxy('upstream: "h", proto: "h3"'), 'unknown proto "h3"; known: h2'),
    (site(service='config: { read_timeout: "10" },'), "is not a duration"),
    (site(service='config: { read_timeout: "5d" },'), "is not a duration"),
    (site(service="config: { read_timeout: -1 },"), "read_timeout"),
    (site(service="config: { max_idle_conns: -1 },"), "max_idle_conns"),
    (site(service="config: { disable_compression: false },"), "disable_compression"),
    (site(service='tls: "yes",'), '"tls" must be'),
    (site(root="process: { workers: 0 }"), "workers"),
    (site(root='logging: { level: "verbose" }'), 'unknown log level "verbose"'),
    ("{ services: null }", '"services" is null; leave the key out instead'),
    (site(root="actions: {}"), 'key "actions" is written twice in this object'),
    (site().replace("services", "Services"), 'did you mean "services"?'),
    (site("[ { action: 5 } ]"), '"action" must be'),
], ids=lambda value: None if value.startswith(("{", "[")) else value[:40])
def test_each_problem_has_its_message(tmp_path, text, message):
    code, output = validate(tmp_path, text)
    assert code == 1, output
    assert message in output


@pytest.mark.parametrize("text", [
    site(), route('path: "/a, /b/* ,/c"'), route('domain: "*.**"'), route('path: "/", methods: ["get", "POST"]'),
    route('path: "/", methods: []'), proxy('upstream: "h"'), proxy('upstream: "https://h/base?x=1"'),
    proxy('upstream: "[::1]:80"'), proxy('upstream: "wss://h"'),
    site("[ { set: { port: '80' }, action: 'a' } ]", "a: { type: 'proxy', upstream: 'h:{port}' }"),
    site(service="config: { read_timeout: 0, write_timeout: 1.5, idle_timeout: '1m30s', flush_interval: -1, "
                 "keep_alive: 0x1E, dial_timeout: '.5s', response_header_timeout: '300µs' },"),
    site(root="resources: { unused: { json: null } }"),
    "\ufeff" + site(), site().replace('"', "'"),
    site().replace(":8080", "[::1]:80"), site().replace(":8080", ":https"), site().replace(":8080", "unix:///run/x.sock"),
    site().replace(":8080", "*:80"),
])
def test_valid_spellings(tmp_path, text):
    code, output = validate(tmp_path, text)
    assert code == 0, output


def test_listen_addresses_that_overlap(tmp_path):
    one = '{ listen: "%s", routes: [ { action: "a" } ] }'
    text = "{ services: { web: %s, api: %s }, actions: { a: { type: 'static', status: 200 } } }"
    code, output = validate(tmp_path, text % (one % ":8080", one % "127.0.0.1:8080"))
    assert code == 1
    assert 'service "api" listens on 127.0.0.1:8080, which service "web" already uses' in output
    assert ": note: " in output
    assert validate(tmp_path, text % (one % "127.0.0.1:8080", one % "[::1]:8080"))[0] == 0


def test_syntax_error_shows_what_was_expected(tmp_path):
    code, output = validate(tmp_path, '{\n  services: {\n    web: "unterminated\n  }\n}\n')
    assert code == 1
    assert output.startswith("config.json5:3:")
    assert ": error: expected" in output.splitlines()[0]
    assert output.splitlines()[1] == '   3 |     web: "unterminated'


def test_at_most_100_problems_are_printed(tmp_path):
    routes = "[" + '{ action: "none" },' * 150 + "]"
    code, output = validate(tmp_path, site(routes))
    assert code == 1
    shown = len(re.findall(r"^config.json5:\d+:\d+: (error|warning): ", output, re.M))
    counts = re.search(r"(\d+) errors, (\d+) warnings", output.splitlines()[-1])
    assert shown == 100
    assert counts[1] == "150"
    assert f"{int(counts[1]) + int(counts[2]) - 100} more" in output


@pytest.mark.parametrize("keys", ['balancer: { type: "roundrobin", targets: ["h:1"] },', "speed: { download_mbps: 5 },"],
                         ids=["balancer", "speed"])
def test_keys_not_built_yet_warn_in_validate_and_fail_elsewhere(tmp_path, keys):
    action = '{ type: "proxy", upstream: "%s" }' % ("{target}" if "balancer" in keys else "h")
    text = '{ services: { web: { listen: ":8080", routes: [ { %s action: %s } ] } } }' % (keys, action)
    code, output = validate(tmp_path, text)
    assert code == 0, output
    assert "is not built into this version yet" in output
    done = run("-t", "-c", tmp_path / "config.json5")
    assert done.returncode == 1
    assert "is not built into this version yet" in done.stderr


@pytest.mark.parametrize("key, message", [("user", 'no user is named "prox-nobody"'), ("group", 'no group is named "prox-nobody"')])
def test_a_user_that_this_machine_lacks_is_a_warning_here_and_an_error_elsewhere(tmp_path, key, message):
    code, output = validate(tmp_path, site(root=f'\nprocess: {{ {key}: "prox-nobody" }}'))
    place = f"config.json5:2:{14 + len(key)}"
    assert (code, output.splitlines()[0]) == (0, f"{place}: warning: {message}")
    done = run("-t", "-c", "config.json5", cwd=tmp_path)
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, f"{place}: error: {message}")


def test_a_secret_that_everyone_can_read_is_a_warning(tmp_path):
    (tmp_path / "token").write_text("s3cret\n")
    text = site(root='\nadmin: { listen: "127.0.0.1:1", token: { file: "token" } }')
    warning = '2:48: warning: "token" can be read by everyone'
    for mode, told in ((0o644, True), (0o640, False)):
        (tmp_path / "token").chmod(mode)
        code, output = validate(tmp_path, text)
        assert code == 0 and (warning in output) == told and "s3cret" not in output
