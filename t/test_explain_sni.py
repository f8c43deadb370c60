"""`prox explain -sni NAME` says what the running server does with a ClientHello, and why."""

import json

import pytest

from lib.hello import client_hello
from lib.prox import run, service, static
from lib.waits import wait_for
from test_routing import DOMAINS

ACTIONS = [{"type": "pass", "upstream": "127.0.0.1:1"}, {"type": "drop"}, static()]
NAMES = [name for name in dict.fromkeys([*(host.split(":")[0] for _, host, _ in DOMAINS if not host.startswith("[")),
                                         "x.nobody.test", "a.b.c.d.e.f", "localhost"])
         if not name.replace(".", "").isdigit()]


def explain(config, *args):
    """Runs explain: (exit status, what it says)."""
    done = run("explain", "-c", config, "-format", "json", *args)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def question(name, protocols):
    return [*(["-sni", name] if name else []), *(word for protocol in protocols for word in ("-alpn", protocol))]


def decided(prox, hello):
    """The route that the server names in its log for a ClientHello, "-" for none, and what the client gets."""
    def lines():
        return [line for line in prox.log().splitlines() if "ClientHello service=" in line]

    before = len(lines())
    client = prox.connect()
    client.send(hello)
    got = client.read_until_closed()
    wait_for(lambda: len(lines()) > before, what="the server has looked at the ClientHello")
    return lines()[-1].split(" route=")[1].split()[0], got


def test_explain_and_the_server_agree_on_every_name(start_prox):
    """Pass, drop and HTTP in turn over the patterns of the routing table, and routes that ask for more or for no name at all."""
    routes = [{"match": {"domain": pattern}, "action": ACTIONS[number % 3]}
              for number, pattern in enumerate(dict.fromkeys(pattern for pattern, *_ in DOMAINS if pattern != "*.**"))]
    routes[:0] = [
        {"match": {"path": "/*"}, "action": static()},
        {"match": {"domain": "sub.**", "alpn": ["acme-tls/1", "h2"]}, "action": ACTIONS[0]},
        {"match": {"domain": "cdn-*.**", "client": ["10.0.0.0/8"]}, "action": ACTIONS[0]},
        {"match": {"alpn": ["h9"]}, "action": ACTIONS[0]},
        {"match": {"forward_proxy": True, "domain": "*.example.com"}, "action": static()},
    ]
    prox = start_prox({"services": {"web": service(routes)}, "process": {"workers": 1}})
    wrong, decisions = [], set()
    for name in [*NAMES, ""]:
        for protocols in ([], ["http/1.1", "h2"], ["h9"]):
            if not name and not protocols:
                continue
            code, said = explain(prox.config_path, *question(name, protocols))
            route, got = decided(prox, client_hello(name or None, protocols))
            decisions.add((said["decision"], said["route"] is None))
            told = said["route"]["id"] if said["route"] else "-"
            is_served = said["decision"] == "serve"
            if (told, is_served, code) != (route, got.startswith(b"HTTP/1.1 400 "), int(is_served)):
                wrong.append((name, protocols, told, route, said["decision"], code, got))
            assert len(said["passed_over"]) == (int(told.split(":")[1]) if said["route"] else len(routes))
    assert not wrong
    assert decisions == {("pass", False), ("drop", False), ("serve", False), ("serve", True)}


SHOP = """{
  services: {
    web: {
      listen: "127.0.0.1:8443",
      routes: [
        { match: { path: "/*" }, action: { type: "static", status: 200 } },
        { match: { forward_proxy: true, domain: "*.test" }, action: { type: "static", status: 204 } },
        { match: { domain: "*.shop.test", client: ["10.0.0.0/8", "::1"] }, set: { port: "1" }, action: "shop" },
        { match: { domain: "*.shop.test", alpn: ["acme-tls/1"] }, action: "acme" },
        { match: { domain: "cdn-*.shop.**" }, set: { port: "4000" }, action: "shop" },
        { match: { domain: "bad.test" }, action: { type: "drop" } },
        { match: { domain: "a.test" }, action: { type: "static", status: 200 } },
      ],
    },
    plain: { listen: "127.0.0.1:8080", routes: [ { action: { type: "static", status: 200 } } ] },
  },
  actions: {
    shop: { type: "pass", upstream: "127.0.0.1:{port}" },
    acme: { type: "pass", upstream: "127.0.0.1:1" },
  },
}
"""


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "config.json5").write_text(SHOP)
    return lambda *args: run("explain", *args, cwd=tmp_path)


def test_a_connection_for_people(shop):
    done = shop("-sni", "CDN-eu.shop.test", "-alpn", "h2", "-alpn", "http/1.1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == """\
sni        CDN-eu.shop.test
alpn       h2, http/1.1
service    web on 127.0.0.1:8443 at config.json5:3:5
host       cdn-eu.shop.test
decision   pass: the connection is relayed unopened
route      web:4 at config.json5:10:9
matches    domain cdn-*.shop.**
           match.domain = eu
           match.glob = test
action     pass shop at config.json5:18:5
set        port = 4000
upstream   127.0.0.1:4000

PASSED OVER  BECAUSE                                                          PLACE
web:0        it has no domain, and is not looked at before TLS                config.json5:6:9
web:1        it is for forward-proxy requests, which are not seen before TLS  config.json5:7:9
web:2        client 127.0.0.1 is not in 10.0.0.0/8, ::1                       config.json5:8:9
web:3        alpn h2, http/1.1 is not acme-tls/1                              config.json5:9:9
"""


def test_each_condition_counts(shop):
    assert "route      web:2 at" in shop("-sni", "cdn-eu.shop.test", "-from", "10.1.2.3").stdout
    assert "route      web:2 at" in shop("-sni", "cdn-eu.shop.test", "-from", "::1").stdout
    acme = shop("-sni", "x.shop.test", "-alpn", "acme-tls/1").stdout
    assert "route      web:3 at" in acme and "matches    domain *.shop.test; alpn acme-tls/1\n" in acme
    assert "the client offers no protocol, and the route wants acme-tls/1" in shop("-sni", "x.shop.test").stdout
    assert "the client names no server, and the route wants bad.test" in shop("-alpn", "h2").stdout
    assert "domain else.test is not a.test" in shop("-sni", "else.test").stdout


def test_what_is_not_passed(shop, tmp_path):
    assert "decision   drop: the connection is closed before TLS\n" in shop("-sni", "bad.test").stdout
    served = shop("-sni", "a.test")
    assert served.returncode == 1
    assert "decision   serve: TLS is opened, and the request inside chooses a route\nroute      web:6 at" in served.stdout
    assert "answer     400 Bad Request: the service speaks no TLS\n" in served.stdout
    (tmp_path / "config.json5").write_text(SHOP.replace('8443",', '8443", tls: true, tls_cert: "a.pem", tls_key: "a.key",'))
    served = shop("-sni", "a.test")
    assert served.returncode == 0 and "answer" not in served.stdout
    nobody = shop("-sni", "else.test")
    assert nobody.returncode == 0
    assert "decision   serve: no route decides before TLS: it is opened, " in nobody.stdout
    plain = shop("-sni", "a.test", "-service", "plain")
    assert "decision   serve: the service has no pass route: TLS is opened without a look at routes\n" in plain.stdout
    assert "PASSED OVER" not in plain.stdout


def test_the_service_is_the_one_with_pass_routes_or_on_the_port_of_the_url(shop, tmp_path):
    assert "service    web on" in shop("-sni", "a.test").stdout
    assert "service    plain on" in shop("-sni", "a.test", "https://a.test:8080").stdout
    (tmp_path / "config.json5").write_text(SHOP.replace('{ action: { type: "static", status: 200 } }',
                                                        '{ match: { domain: "c.test" }, action: "acme" }'))
    assert shop("-sni", "a.test").stderr == ("prox: there are several services; choose one with -service: "
                                             "web (127.0.0.1:8443), plain (127.0.0.1:8080)\n")


@pytest.mark.parametrize("args, error", [
    (("-X", "POST"), "-sni and -alpn ask about a connection"), (("-H", "A: b"), "-sni and -alpn ask about a connection"),
    (("-x",), "-sni and -alpn ask about a connection"), (("-target", "*"), "-sni and -alpn ask about a connection"),
    (("-from", "x"), '"x" is not an IP address'), (("ftp://x",), "its scheme is not http or https"),
])
def test_questions_that_make_no_sense_exit_2(shop, args, error):
    done = shop("-sni", "a.test", *args)
    assert (done.returncode, done.stdout) == (2, "") and error in done.stderr


def test_a_name_that_no_client_can_send_is_refused(shop):
    assert shop("-sni", "a." * 127 + "b").returncode != 2
    assert shop("-sni", "a." * 127 + "bc").returncode == 2
