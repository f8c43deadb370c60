"""One address for names that are passed to TLS servers, dropped, or served by prox itself over TLS."""

import ssl
import subprocess

import pytest

from lib.hello import client_hello
from lib.http1 import read_response
from lib.http2 import H2Client
from lib.nginx import Nginx
from lib.openssl import OpensslServer
from lib.prox import static
from lib.tls import MemoryClient, TlsClient, tls_service
from lib.waits import DEADLINE


@pytest.fixture(scope="module")
def own(ca):
    """The certificate of prox."""
    return ca.issue("b.test", base="own")


@pytest.fixture
def origins(ca, tmp_path, started):
    """Two real TLS servers, with certificates of their own."""
    s_server = OpensslServer(ca.issue("a.cdn.test", base="s_server"))
    nginx = Nginx(tmp_path / "tls-nginx", ca.issue("a.web.test", base="tls-nginx"))
    started.append(nginx)
    yield s_server, nginx
    s_server.stop()
    nginx.stop()


@pytest.fixture
def edge(start_prox, origins, own):
    """pass to each of the origins, drop, HTTPS, in this order."""
    s_server, nginx = origins
    routes = [
        {"match": {"domain": "*.cdn.test"}, "action": {"type": "pass", "upstream": s_server.address}},
        {"match": {"domain": "*.web.test"}, "action": {"type": "pass", "upstream": nginx.address}},
        {"match": {"domain": "bad.test"}, "action": {"type": "drop"}},
        {"match": {"domain": "*.test"}, "action": static("from prox")},
    ]
    return start_prox({"services": {"edge": tls_service(own, routes)}})


def test_each_name_finds_its_place(edge, ca, own):
    context = ca.client_context()
    passed = TlsClient(edge.port, context, "a.cdn.test")
    assert passed.certificate == der(ca, "s_server")
    passed.send(b"stressed\n")
    assert passed.stream.read_exactly(9) == b"desserts\n"
    passed.close()

    with TlsClient(edge.port, context, "a.web.test") as passed:
        assert passed.certificate == der(ca, "tls-nginx")
        assert passed.exchange(target="/small", host="a.web.test").body == b"hello from nginx\n"

    with TlsClient(edge.port, context, "b.test") as served:
        assert served.certificate == own.leaf_der
        assert served.exchange(host="b.test").body == b"from prox"

    dropped = edge.connect()
    dropped.send(client_hello("bad.test"))
    dropped.assert_closed()


def der(ca, base):
    return ssl.PEM_cert_to_DER_cert((ca.directory / f"{base}.crt").read_text())


@pytest.mark.parametrize("name", ["other.org", None])
def test_a_name_without_a_route_gets_the_default_certificate_and_404(edge, ca, own, name):
    context = ca.client_context(check_hostname=False)
    with TlsClient(edge.port, context, name) as client:
        assert client.certificate == own.leaf_der
        assert client.exchange(host=name or "other.org").status == 404


def test_a_request_for_a_passed_name_on_another_ones_connection_is_421(edge, ca):
    with TlsClient(edge.port, ca.client_context(), "b.test") as client:
        assert client.exchange(host="a.cdn.test").status == 421
        assert client.exchange(host="b.test").body == b"from prox"


def test_a_stream_for_a_passed_name_on_another_ones_connection_is_421(edge, ca):
    context = ca.client_context()
    context.set_alpn_protocols(["h2"])
    with TlsClient(edge.port, context, "b.test") as tls, H2Client(edge.port, sock=tls.socket) as client:
        assert client.fetch(host="a.cdn.test", scheme="https").status == 421
        assert client.fetch(host="b.test", scheme="https").body == b"from prox"


@pytest.mark.parametrize("chunk", [1, 150])
def test_a_handshake_byte_by_byte_or_in_segments(edge, ca, chunk):
    for name, question, answer in [("a.cdn.test", b"abc\n", b"cba\n"),
                                   ("b.test", b"GET / HTTP/1.1\r\nHost: b.test\r\n\r\n", b"from prox")]:
        client = MemoryClient(edge.connect(), ca.client_context(), name, chunk=chunk)
        client.send(question)
        assert client.read_until(answer).endswith(answer)


def test_an_h2_client_is_passed_with_its_own_protocol(edge, ca):
    context = ca.client_context()
    context.set_alpn_protocols(["h2"])
    with TlsClient(edge.port, context, "a.web.test") as client:
        assert client.socket.selected_alpn_protocol() == "h2"


def test_plain_http_on_the_port_is_told_so(edge):
    client = edge.connect()
    client.send(b"GET / HTTP/1.1\r\nHost: b.test\r\n\r\n")
    response = read_response(client.stream, "GET", DEADLINE)
    assert (response.status, response.body) == (400, b"Client sent an HTTP request to an HTTPS server.")


def test_what_curl_sees(edge, ca):
    done = subprocess.run(["curl", "-sS", "--cacert", str(ca.cert), "--connect-to", f"::127.0.0.1:{edge.port}",
                           "https://a.web.test/small", "https://b.test/"], capture_output=True, text=True, check=True)
    assert done.stdout == "hello from nginx\nfrom prox"


def test_an_untouched_connection_moves_to_the_next_generation(edge, ca):
    waiting = edge.connect()
    edge.wait_log("starting server")
    old = edge.workers()
    edge.reload_ok()
    edge.wait_workers(2, without=old)
    client = MemoryClient(waiting, ca.client_context(), "b.test")
    client.send(b"GET / HTTP/1.1\r\nHost: b.test\r\n\r\n")
    assert client.read_until(b"from prox").endswith(b"from prox")
