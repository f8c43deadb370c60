"""`http_redirect`: a plain listener that sends every request to the TLS service, and nowhere else."""

import subprocess

import pytest

from lib.ports import free_port, taken_port
from lib.prox import DidNotStart, run, service
from lib.tls import tls_site
from lib.waits import DEADLINE, wait_for


@pytest.fixture
def config(ca):
    """A TLS service of localhost on the first of its ports, with its redirect on the second; `keys` are the service's."""

    def make(port=None, redirect=None, **keys):
        address = f"127.0.0.1:{redirect or free_port()}"
        return tls_site(ca.issue("localhost"), port=port, http_redirect=address, **keys)

    return make


def start(start_prox, config):
    site = config["services"]["web"]
    ports = [int(site[key].rpartition(":")[2]) for key in ("listen", "http_redirect")]
    return start_prox(config, ports=ports)


@pytest.mark.parametrize("host, location", [
    ("a.test", "https://a.test:{port}"),
    ("a.test:8080", "https://a.test:{port}"),
    ("127.0.0.1", "https://127.0.0.1:{port}"),
    ("[::1]:80", "https://[::1]:{port}"),
])
@pytest.mark.parametrize("target", ["/", "/a%20b/../c?x=%2F&y", "//evil.test/", "/%0d%0aSet-Cookie:%20a=b"])
def test_every_request_is_sent_to_the_same_url_of_https(start_prox, config, host, location, target):
    prox = start(start_prox, config())
    client = prox.connect(prox.ports[1])
    for method, body in ("GET", None), ("HEAD", None), ("POST", b"data"):
        response = client.exchange(method, target, body=body, host=host)
        assert (response.status, response.get("Location")) == (308, location.format(port=prox.port) + target)
        assert response.get("Set-Cookie") is None


def test_of_a_whole_url_the_path_and_query_are_taken(start_prox, config):
    prox = start(start_prox, config())
    client = prox.connect(prox.ports[1])
    for url, rest in ("http://a.test/x?y", "/x?y"), ("http://a.test:80", "/"), ("http://a.test?q", "?q"):
        assert client.exchange(target=url, host="other.test").get("Location") == f"https://a.test:{prox.port}{rest}"


@pytest.mark.parametrize("head", [b"GET /x HTTP/1.0\r\n\r\n", b"GET /x HTTP/1.1\r\nHost:\r\n\r\n"])
def test_a_request_that_names_no_host_is_400(start_prox, config, head):
    prox = start(start_prox, config())
    client = prox.connect(prox.ports[1])
    client.send(head)
    response = client.read_response()
    assert (response.status, response.get("Location")) == (400, None)


def test_http2_by_prior_knowledge_is_redirected_too(start_prox, config):
    prox = start(start_prox, config())
    response = prox.connect_h2(prox.ports[1]).fetch("/x?y", host="a.test")
    assert (response.status, response.get("location")) == (308, f"https://a.test:{prox.port}/x?y")
    assert response.body == b"Permanent Redirect\n"


def test_curl_arrives(start_prox, config, ca):
    prox = start(start_prox, config())
    done = subprocess.run(["curl", "-sSL", "--cacert", str(ca.cert), f"http://localhost:{prox.ports[1]}/x"], capture_output=True,
                          text=True, check=True, timeout=DEADLINE)
    assert done.stdout == "hello"


def test_the_services_response_headers_are_for_https_alone(start_prox, config):
    prox = start(start_prox, config(response_headers={"Strict-Transport-Security": "max-age=1"}))
    assert prox.fetch(port=prox.ports[1]).get("Strict-Transport-Security") is None


def test_the_services_limits_hold(start_prox, config):
    prox = start(start_prox, config(config={"max_uri_bytes": 64}))
    assert prox.fetch("/" + "x" * 64, port=prox.ports[1]).status == 414


def test_a_reload_adds_and_removes_it(start_prox, config):
    with_redirect = config()
    site = with_redirect["services"]["web"]
    without = {"services": {"web": {key: value for key, value in site.items() if key != "http_redirect"}}}
    prox = start_prox(without)
    port = int(site["http_redirect"].rpartition(":")[2])
    prox.reload_ok(with_redirect)
    assert prox.fetch(port=port).status == 308
    prox.wait_log(rf"starting server service=web addr=127.0.0.1:{port} tls=false")
    prox.reload_ok(without)
    prox.wait_log(rf"stopped listening service=web addr=127.0.0.1:{port}")

    def is_refused():
        try:
            prox.connect(port).close()
        except ConnectionRefusedError:
            return True
        return False

    wait_for(is_refused, what="the redirect's port is closed")


def test_a_port_that_is_taken_is_told_with_its_place(new_prox, config):
    with taken_port() as port, pytest.raises(DidNotStart, match=rf'cannot listen on 127.0.0.1:{port}: .*\n.*"http_redirect"'):
        new_prox(config(redirect=port)).start()


@pytest.mark.parametrize("listen, error", [
    ("127.0.0.1:{port}", "listen-duplicate"),
    ("127.0.0.1:0", "redirect-port"),
])
def test_addresses_that_cannot_be_are_refused(new_prox, config, listen, error):
    wrong = config(redirect=free_port())
    site = wrong["services"]["web"]
    site["listen"] = listen.format(port=site["http_redirect"].rpartition(":")[2])
    prox = new_prox(wrong)
    done = run("validate", "-config", prox.config_path)
    assert done.returncode == 1
    assert {"listen-duplicate": "already uses", "redirect-port": "has to be a fixed one"}[error] in done.stderr + done.stdout


def test_without_tls_it_is_warned_of_and_does_nothing(start_prox, config):
    plain = service([{"action": {"type": "static", "status": 204}}], http_redirect=f"127.0.0.1:{free_port()}")
    prox = start_prox({"services": {"web": plain}})
    assert prox.fetch().status == 204
    assert "http_redirect has no effect while tls is off" in prox.log()


def test_explain_tells_where_its_port_leads(new_prox, config):
    prox = new_prox(config())
    port = int(prox.config_text.split('"http_redirect": "127.0.0.1:')[1].split('"')[0])
    done = run("explain", "-config", prox.config_path, f"http://localhost:{port}/x")
    assert f"port {port} answers 308 and leads to this service" in done.stdout
