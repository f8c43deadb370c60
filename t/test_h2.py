"""HTTP/2 from clients by prior knowledge, to an HTTP/1.1 upstream: the matrix of methods, bodies and answers."""

import hashlib
import json
import shutil
import subprocess
import threading

import pytest

from lib import http1
from lib.http2 import Codes, H2Client
from lib.prox import proxy_to, service, static
from lib.upstream import Echoed, answer, response_bytes, serve
from lib.waits import DEADLINE

LARGE = bytes(range(256)) * 8192  # 2 MiB


def echoed(response):
    return Echoed(http1.Response("2", response.fields, response.body, status=response.status))


def test_get_reaches_the_upstream_as_http1(start_prox, echo):
    client = start_prox(proxy_to(echo)).connect_h2()
    response = client.fetch("/a/b?c=d", fields=[("user-agent", "t"), ("x-one", "1"), ("x-one", "2")], host="h.test:81")
    seen = echoed(response)
    assert (seen.method, seen.target, seen.version, seen.framing) == ("GET", "/a/b?c=d", "1.1", "none")
    assert seen.get("Host") == echo.address
    assert seen.get("X-Forwarded-Host") == "h.test:81"
    assert seen.get("X-Forwarded-Proto") == "http"
    assert seen.all("x-one") == ["1", "2"]
    assert response.get("content-type") == "application/json"
    assert response.get("date")
    assert not response.all("connection")


def test_many_requests_on_one_connection(start_prox, echo):
    client = start_prox(proxy_to(echo)).connect_h2()
    streams = {client.begin("GET", f"/{number}", ends=True): number for number in range(100)}
    for stream_id, number in streams.items():
        assert echoed(client.read_response(stream_id)).target == f"/{number}"


def test_head_has_the_length_and_no_body(start_prox, upstream):
    client = start_prox(proxy_to(upstream(answer(b"hello")))).connect_h2()
    response = client.fetch(method="HEAD")
    assert (response.status, response.get("content-length"), response.body) == (200, "5", b"")


@pytest.mark.parametrize("body", [b"", b"x", LARGE], ids=["empty", "one", "large"])
def test_post_with_a_length(start_prox, echo, body):
    client = start_prox(proxy_to(echo)).connect_h2()
    seen = echoed(client.fetch("/", "POST", [("content-length", str(len(body)))], body))
    assert (seen.framing, seen.body_length) == ("length", len(body))
    assert seen.body_sha256 == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize("body", [b"", b"x", LARGE], ids=["empty", "one", "large"])
def test_post_without_a_length_is_chunked(start_prox, echo, body):
    client = start_prox(proxy_to(echo)).connect_h2()
    seen = echoed(client.fetch("/", "POST", body=body))
    assert (seen.framing, seen.body_length) == ("chunked", len(body))
    assert seen.body_sha256 == hashlib.sha256(body).hexdigest()


def test_large_responses_side_by_side(start_prox, upstream):
    client = start_prox(proxy_to(upstream(answer(LARGE)))).connect_h2()
    for stream_id in [client.begin(ends=True) for _ in range(5)]:
        assert client.read_response(stream_id).body == LARGE


def test_chunked_response_has_no_length(start_prox, upstream):
    def script(connection):
        while connection.read_request():
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    response = start_prox(proxy_to(upstream(script))).connect_h2().fetch()
    assert (response.body, response.get("content-length"), response.all("transfer-encoding")) == (b"abcde", None, [])


def test_trailers_pass_both_ways(start_prox, upstream):
    def script(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\nX-End: y\r\n\r\n")

    origin = upstream(script)
    client = start_prox(proxy_to(origin)).connect_h2()
    stream_id = client.begin("POST", fields=[("te", "trailers")])
    client.send_data(stream_id, b"part")
    client.send_trailers(stream_id, [("x-check", "42")])
    response = client.read_response(stream_id)
    assert (response.body, response.trailers) == (b"abc", [("x-sum", "7"), ("x-end", "y")])
    request = origin.wait_request()
    assert (request.body, request.trailers) == (b"part", [("x-check", "42")])
    assert request.get("TE") == "trailers"


def test_interim_responses_are_relayed(start_prox, upstream):
    def script(connection):
        head = connection.read_head()
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        connection.read_rest(head)
        connection.send(response_bytes(b"done"))

    client = start_prox(proxy_to(upstream(script))).connect_h2()
    stream_id = client.begin("POST", fields=[("expect", "100-continue"), ("content-length", "4")])
    client.read_until(lambda: client.responses[stream_id].interim == [103, 100])
    client.send_data(stream_id, b"body", ends=True)
    assert client.read_response(stream_id).body == b"done"


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body(start_prox, upstream, status):
    client = start_prox(proxy_to(upstream(answer(b"", status, [("ETag", '"x"')])))).connect_h2()
    response = client.fetch()
    assert (response.status, response.body, response.get("etag")) == (status, b"", '"x"')


def test_answers_of_prox_itself(start_prox):
    config = {"services": {"web": service([{"match": {"path": "/known"}, "action": static("hi", 201)}])}}
    client = start_prox(config).connect_h2()
    response = client.fetch("/known")
    assert (response.status, response.body) == (201, b"hi")
    missing = client.fetch("/unknown")
    assert (missing.status, missing.body) == (404, b"Not Found\n")
    assert missing.get("x-content-type-options") == "nosniff"
    assert client.fetch("/../x").status == 400
    assert client.fetch("/%00").status == 400
    assert client.fetch("/known", fields=[("expect", "the-unexpected")]).status == 417


@pytest.mark.parametrize("head, status", [({"target": "/" + "u" * 100}, 414), ({"fields": [("x-pad", "p" * 2000)]}, 431),
                                          ({"fields": [("x-one", "1")] * 20}, 431)])
def test_heads_over_a_limit_are_answered(start_prox, upstream, head, status):
    origin = upstream(answer())
    limits = {"max_uri_bytes": 100, "max_header_bytes": 2048, "max_header_count": 10}
    client = start_prox(proxy_to(origin, limits)).connect_h2()
    assert client.fetch(**head).status == status
    assert client.fetch(target="/" + "u" * 99, fields=[("x-one", "1")] * 10).status == 200
    assert len(origin.requests) == 1


def test_an_upstream_that_is_cut_resets_the_stream_alone(start_prox, upstream):
    half_came = threading.Event()

    def script(connection):
        while request := connection.read_request():
            if request.target == "/cut":
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
                connection.wait(half_came)
                return connection.close()
            connection.send(response_bytes(b"whole"))

    client = start_prox(proxy_to(upstream(script))).connect_h2()
    stream_id = client.begin(target="/cut", ends=True)
    client.read_until(lambda: client.responses[stream_id].body == b"half")
    half_came.set()
    cut = client.read_end(stream_id)
    assert (cut.status, cut.body, cut.ended, cut.reset) == (200, b"half", False, Codes.INTERNAL_ERROR)
    assert client.fetch("/whole").body == b"whole"


def test_a_client_reset_frees_the_upstream(start_prox, upstream):
    def script(connection):
        connection.read_request()
        connection.wait_closed()

    origin = upstream(script)
    client = start_prox(proxy_to(origin)).connect_h2()
    stream_id = client.begin(ends=True)
    origin.wait_request()
    client.reset(stream_id)
    assert origin.connections[0].ended.wait(DEADLINE)


def test_an_early_answer_ends_the_upload_without_an_error(start_prox, upstream):
    def script(connection):
        connection.read_head()
        connection.send(response_bytes(b"enough", 403))
        connection.wait_closed()

    client = start_prox(proxy_to(upstream(script))).connect_h2()
    stream_id = client.begin("POST")
    client.send_data(stream_id, b"some")
    response = client.responses[stream_id]
    client.read_until(lambda: response.reset is not None)
    assert (response.status, response.body, response.ended, response.reset) == (403, b"enough", True, Codes.NO_ERROR)


def test_cookie_crumbs_are_one_field_upstream(start_prox, echo):
    client = start_prox(proxy_to(echo)).connect_h2()
    seen = echoed(client.fetch(fields=[("cookie", "a=1"), ("x-between", "y"), ("cookie", "b=2"), ("cookie", "c=3")]))
    assert seen.all("Cookie") == ["a=1; b=2; c=3"]


def test_a_preface_byte_by_byte(start_prox, echo):
    prox = start_prox(proxy_to(echo))
    client = prox.connect_h2(starts=False)
    for byte in client.h2.data_to_send():
        client.stream.send(bytes([byte]))
    assert client.fetch().status == 200


def test_http1_on_the_same_port_is_not_taken_for_a_preface(start_prox, echo):
    prox = start_prox(proxy_to(echo))
    client = prox.connect()
    client.send(b"P")
    client.send(b"ROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert Echoed(client.read_response()).method == "PROPFIND"
    assert prox.fetch("/", "POST", body=b"x").status == 200


def test_h2_false_leaves_http1_alone(start_prox, echo):
    config = proxy_to(echo)
    config["services"]["web"]["h2"] = False
    prox = start_prox(config)
    with H2Client(prox.port) as client:
        assert client.stream.fill()
        assert client.stream.unread().startswith(b"HTTP/1.1 505 ")
    assert prox.fetch().status == 200


def test_curl_by_prior_knowledge(start_prox, echo):
    prox = start_prox(proxy_to(echo))
    done = subprocess.run(["curl", "-sS", "--http2-prior-knowledge", "-d", "abc", f"http://127.0.0.1:{prox.port}/c"],
                          capture_output=True, check=True, timeout=DEADLINE)
    assert json.loads(done.stdout)["body_length"] == 3


def test_nghttp_gets_all_it_asks_for(start_prox, upstream):
    prox = start_prox(proxy_to(upstream(answer(b"x" * 1_000_000))))
    done = subprocess.run([shutil.which("nghttp"), "-m", "8", f"http://127.0.0.1:{prox.port}/"], capture_output=True,
                          check=True, timeout=DEADLINE)
    assert len(done.stdout) == 8_000_000  # side by side


def test_h2load_has_no_failures(start_prox, upstream):
    prox = start_prox(proxy_to(upstream(serve(lambda request: response_bytes(b"x" * 100)))))
    done = subprocess.run([shutil.which("h2load"), "-n", "2000", "-c", "10", "-m", "50",
                           f"http://127.0.0.1:{prox.port}/"], capture_output=True, check=True, timeout=2 * DEADLINE)
    assert b"2000 succeeded, 0 failed, 0 errored" in done.stdout
