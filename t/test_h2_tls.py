"""HTTP/2 over TLS: agreed on by ALPN, as other programs do it."""

import shutil
import subprocess

import pytest

from lib.http2 import H2Client
from lib.tls import TlsClient, tls_site
from lib.upstream import response_bytes, serve
from lib.waits import DEADLINE


@pytest.fixture
def site(start_prox, ca, echo):
    """Starts a prox that passes everything from TLS clients of localhost on to an echoing upstream; `keys` are its service's."""
    action = {"type": "proxy", "upstream": echo.address}
    return lambda **keys: start_prox(tls_site(ca.issue("localhost"), [{"action": action}], **keys))


def curl(ca, prox, *options):
    """Fetches with curl; returns the version of HTTP it has used."""
    command = ["curl", "-sS", *options, "--cacert", str(ca.cert), "-o", "/dev/null", "-w", "%{http_version} %{http_code}",
               "--connect-to", f"localhost:{prox.port}:127.0.0.1:{prox.port}", f"https://localhost:{prox.port}/"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=DEADLINE)
    version, status = done.stdout.split()
    assert status == "200"
    return version


def agreed(ca, prox, *protocols):
    """What the service picks out of the protocols that a client offers."""
    context = ca.client_context()
    context.set_alpn_protocols(protocols)
    with TlsClient(prox.port, context, "localhost") as client:
        return client.socket.selected_alpn_protocol()


def test_curl_uses_http2_unless_told_otherwise(site, ca):
    prox = site()
    assert curl(ca, prox, "--http2") == "2"
    assert curl(ca, prox, "--http1.1") == "1.1"


def test_alpn_picks_h2_where_the_client_offers_it(site, ca):
    prox = site()
    assert agreed(ca, prox, "http/1.1", "h2") == "h2"
    assert agreed(ca, prox, "h2") == "h2"
    assert agreed(ca, prox, "http/1.1") == "http/1.1"


def test_h2_false_offers_http1_alone(site, ca):
    prox = site(h2=False)
    assert curl(ca, prox, "--http2") == "1.1"
    assert agreed(ca, prox, "h2", "http/1.1") == "http/1.1"


def test_streams_over_tls_are_streams_of_https(site, ca):
    context = ca.client_context()
    context.set_alpn_protocols(["h2"])
    prox = site()
    with TlsClient(prox.port, context, "localhost") as tls, H2Client(prox.port, sock=tls.socket) as client:
        streams = [client.begin("POST", f"/{number}", scheme="https", host="localhost") for number in range(10)]
        for stream_id in streams:
            client.send_data(stream_id, b"x" * 50_000, ends=True)
        for number, stream_id in enumerate(streams):
            response = client.read_response(stream_id)
            assert b'"target": "/%d"' % number in response.body
            assert b'"body_length": 50000' in response.body
            assert b'["X-Forwarded-Proto", "https"]' in response.body


def test_h2load_over_tls_has_no_failures(start_prox, ca, upstream):
    action = {"type": "proxy", "upstream": upstream(serve(lambda request: response_bytes(b"x" * 100))).address}
    prox = start_prox(tls_site(ca.issue("localhost"), [{"action": action}]))
    done = subprocess.run([shutil.which("h2load"), "-n", "2000", "-c", "10", "-m", "50", f"https://localhost:{prox.port}/"],
                          capture_output=True, check=True, timeout=2 * DEADLINE)
    assert b"Application protocol: h2" in done.stdout
    assert b"2000 succeeded, 0 failed, 0 errored" in done.stdout
