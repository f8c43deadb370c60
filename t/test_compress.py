"""Responses that are compressed on the way: which, how, and never at the price of anything else."""

import os
import random
import subprocess
import threading
import zlib

import pytest

from lib import http1, procfs
from lib.prox import service, static
from lib.upstream import answer, response_bytes, serve
from lib.waits import SANITIZED, Stopwatch, wait_until_still

CODINGS = ["zstd", "br", "gzip"]
TEXT = "".join(random.Random(1).choices("abcdefgh \n", k=40_000)).encode()
GZIP = [("accept-encoding", "gzip")]
HTML = [("Content-Type", "text/html")]


def gunzip(body):
    """The decoded body, which must be whole."""
    decoder = zlib.decompressobj(31)
    text = decoder.decompress(body)
    assert decoder.eof and not decoder.unused_data
    return text


def site(action, compress=CODINGS, route=None, process=None, **keys):
    """A config whose one route compresses."""
    routes = [{"action": action, **(route or {})}]
    return {"services": {"web": service(routes, compress=compress, **keys)}, "process": {"workers": 1, **(process or {})}}


def proxy(origin, **keys):
    return site({"type": "proxy", "upstream": origin.address}, **keys)


@pytest.fixture
def root(public):
    """A directory of files of several kinds."""
    made = public / "root"
    made.mkdir()
    (made / "text.txt").write_bytes(TEXT)
    (made / "small.txt").write_bytes(TEXT[:100])
    (made / "picture.png").write_bytes(TEXT)
    (made / "big.txt").write_bytes(TEXT * 100)
    return made


# Each action, each protocol, each coding

@pytest.mark.parametrize("action", ["proxy", "serve", "static"])
@pytest.mark.parametrize("protocol", ["--http1.1", "--http2-prior-knowledge"])
def test_curl_decodes_every_coding(start_prox, upstream, root, action, protocol):
    actions = {"serve": lambda: {"type": "serve", "root": str(root)}, "static": lambda: static(TEXT.decode()),
               "proxy": lambda: {"type": "proxy", "upstream": upstream(answer(TEXT, fields=HTML)).address}}
    prox = start_prox(site(actions[action]()))
    for coding in CODINGS:
        command = ["curl", "-sS", protocol, "--compressed", "-H", f"Accept-Encoding: {coding}", "-w", "%{stderr}%{size_download}",
                   "-D", str(root / "head"), f"http://127.0.0.1:{prox.port}/text.txt"]
        done = subprocess.run(command, capture_output=True, check=True, timeout=20)
        assert done.stdout == TEXT
        assert int(done.stderr) < len(TEXT) / 2
        head = (root / "head").read_text().lower()
        assert f"content-encoding: {coding}\n" in head.replace("\r", "")
        assert "content-length" not in head


def test_a_big_file_is_read_and_compressed_in_parts(start_prox, root):
    prox = start_prox(site({"type": "serve", "root": str(root)}))
    for fetch in (prox.fetch, prox.connect_h2().fetch):
        assert gunzip(fetch("/big.txt", fields=GZIP).body) == TEXT * 100


def test_answers_of_prox_itself_are_compressed_too(start_prox):
    config = site({"type": "redirect", "to": "https://a.test{uri}"}, compress_min=1)
    config["services"]["web"]["routes"][0]["match"] = {"path": "/old/*"}
    prox = start_prox(config)
    moved = prox.fetch("/old/x", fields=GZIP)
    assert (moved.status, moved.get("Location"), gunzip(moved.body)) == (308, "https://a.test/old/x", b"Permanent Redirect\n")
    missing = prox.fetch("/x", fields=GZIP)
    assert (missing.status, gunzip(missing.body)) == (404, b"Not Found\n")


# What the client takes

def test_the_client_chooses_then_the_order_of_the_config(start_prox):
    prox = start_prox(site(static(TEXT.decode()), compress=["br", "gzip"]))

    def coding(accept):
        response = prox.fetch(fields=[("Accept-Encoding", accept)] if accept else [])
        assert response.get("Vary") == "Accept-Encoding"
        if response.get("Content-Encoding") is None:
            assert response.body == TEXT and response.get("Content-Length") == str(len(TEXT))
        return response.get("Content-Encoding")

    assert coding("gzip, br, zstd") == "br"
    assert coding("gzip, br;q=0.9") == "gzip"
    assert coding("br;q=0, gzip;q=0.1") == "gzip"
    assert coding("x-gzip") == "gzip"
    assert coding("*") == "br"
    assert coding("zstd, deflate") is None
    assert coding("gzip;q=0.5, identity") is None
    assert coding("identity;q=0") is None
    assert coding(None) is None


def test_vary_is_added_to_what_the_upstream_says(start_prox, upstream):
    fields = HTML + [("Vary", "Origin")]
    prox = start_prox(proxy(upstream(answer(TEXT, fields=fields))))
    assert prox.fetch(fields=GZIP).all("Vary") == ["Origin", "Accept-Encoding"]
    assert prox.fetch().all("Vary") == ["Origin", "Accept-Encoding"]


def test_http10_gets_the_body_as_it_is(start_prox):
    prox = start_prox(site(static(TEXT.decode())))
    response = prox.fetch(fields=GZIP, version="1.0")
    assert response.get("Content-Encoding") is None
    assert response.get("Vary") == "Accept-Encoding"
    assert response.body == TEXT


def test_head_has_the_head_of_get(start_prox, upstream, root):
    origin = upstream(answer(TEXT, fields=HTML + [("ETag", '"a"')]))
    for config in (proxy(origin), site(static(TEXT.decode())), site({"type": "serve", "file": str(root / "text.txt")})):
        prox = start_prox(config)
        client = prox.connect()
        for fields in (GZIP, []):
            got, head = client.exchange(fields=fields), client.exchange("HEAD", fields=fields)
            assert head.status == 200 and head.body == b""
            for name in ("Content-Encoding", "Vary", "ETag", "Content-Length", "Accept-Ranges"):
                assert head.get(name) == got.get(name), name


# What is never compressed

NEVER = {
    "another coding": (200, [("Content-Encoding", "deflate")]),
    "no-transform": (200, [("Cache-Control", "max-age=9, no-transform")]),
    "a part": (206, [("Content-Range", f"bytes 0-{len(TEXT) - 1}/99999")]),
    "a range that is not there": (416, [("Content-Range", "bytes */1")]),
    "a digest": (200, [("Repr-Digest", "sha-256=:AA==:")]),
    "a picture": (200, [("Content-Type", "image/png")]),
    "no type": (200, [("Content-Type", "")]),
    "gRPC": (200, [("Content-Type", "application/grpc+json")]),
}


@pytest.mark.parametrize("what", NEVER)
def test_left_alone(start_prox, upstream, what):
    status, fields = NEVER[what]
    if not any(name == "Content-Type" for name, _ in fields):
        fields = fields + HTML
    prox = start_prox(proxy(upstream(answer(TEXT, status, fields))))
    for fetch in (prox.fetch, prox.connect_h2().fetch):
        response = fetch(fields=GZIP)
        assert (response.status, response.body) == (status, TEXT)
        assert response.get("Content-Encoding") in (None, "deflate")
        assert response.get("Vary") is None
        assert response.get("Content-Length") == str(len(TEXT))


def test_responses_without_a_body_are_left_alone(start_prox, upstream):
    fields = HTML + [("ETag", '"a"')]
    prox = start_prox(proxy(upstream(serve(lambda request: response_bytes(b"", int(request.target[1:]), fields))), compress_min=0))
    for status in (200, 204, 304):
        response = prox.fetch(f"/{status}", fields=GZIP)
        assert (response.status, response.body) == (status, b"")
        assert response.get("Content-Encoding") is None
        assert response.get("ETag") == '"a"'


def test_a_range_of_a_file_is_left_alone(start_prox, root):
    prox = start_prox(site({"type": "serve", "root": str(root)}))
    part = prox.fetch("/text.txt", fields=GZIP + [("Range", "bytes=10-2009")])
    assert (part.status, part.body) == (206, TEXT[10:2010])
    assert part.get("Content-Encoding") is None
    assert part.get("ETag").startswith('"')
    for name in ("/picture.png", "/small.txt"):
        response = prox.fetch(name, fields=GZIP)
        assert response.get("Content-Encoding") is None and response.get("Accept-Ranges") == "bytes"


def test_a_compressed_sibling_is_not_compressed_again(start_prox, root):
    (root / "text.txt.br").write_bytes(b"as br" * 1000)
    prox = start_prox(site({"type": "serve", "root": str(root), "precompressed": ["br"]}))
    sibling = prox.fetch("/text.txt", fields=[("Accept-Encoding", "br, gzip")])
    assert (sibling.get("Content-Encoding"), sibling.body) == ("br", b"as br" * 1000)
    assert sibling.get("Vary") == "Accept-Encoding"
    other = prox.fetch("/text.txt", fields=GZIP)
    assert gunzip(other.body) == TEXT
    assert other.get("Vary") == "Accept-Encoding"


def test_compress_min_is_the_smallest_body(start_prox, upstream):
    origin = upstream(serve(lambda request: response_bytes(TEXT[:int(request.target[1:])], fields=HTML)))
    prox = start_prox(proxy(origin))
    assert prox.fetch("/1023", fields=GZIP).get("Content-Encoding") is None
    assert gunzip(prox.fetch("/1024", fields=GZIP).body) == TEXT[:1024]
    prox.reload_ok(proxy(origin, compress_min=5, port=prox.port))
    assert prox.fetch("/4", fields=GZIP).body == TEXT[:4]
    assert gunzip(prox.fetch("/5", fields=GZIP).body) == TEXT[:5]


def test_a_route_stands_over_its_service(start_prox):
    routes = [{"match": {"path": "/off"}, "compress": [], "action": "text"},
              {"match": {"path": "/gzip"}, "compress": ["gzip"], "action": "text"},
              {"match": {"path": "/large"}, "compress_min": 50_000, "action": "text"},
              {"action": "text"}]
    prox = start_prox({"services": {"web": service(routes, compress=["br"])}, "actions": {"text": static(TEXT.decode())}})

    def coding(target):
        return prox.fetch(target, fields=[("Accept-Encoding", "gzip, br")]).get("Content-Encoding")

    assert [coding(target) for target in ("/off", "/gzip", "/large", "/")] == [None, "gzip", None, "br"]
    assert prox.fetch("/off").get("Vary") is None


def test_a_reload_changes_it(start_prox):
    prox = start_prox(site(static(TEXT.decode())))
    assert prox.fetch(fields=GZIP).get("Content-Encoding") == "gzip"
    prox.reload_ok(site(static(TEXT.decode()), compress=["br"], port=prox.port))
    assert prox.fetch(fields=GZIP).get("Content-Encoding") is None
    prox.reload_ok(site(static(TEXT.decode()), compress=[], port=prox.port))
    assert prox.fetch().get("Vary") is None


# Conditions

def test_conditions_go_on_working_with_weak_tags(start_prox, root):
    prox = start_prox(site({"type": "serve", "root": str(root)}))
    plain, coded = prox.fetch("/text.txt"), prox.fetch("/text.txt", fields=GZIP)
    assert coded.get("ETag") == "W/" + plain.get("ETag")
    assert coded.get("Accept-Ranges") is None and plain.get("Accept-Ranges") == "bytes"
    for tag in (plain.get("ETag"), coded.get("ETag")):
        known = prox.fetch("/text.txt", fields=GZIP + [("If-None-Match", tag)])
        assert (known.status, known.body, known.get("ETag")) == (304, b"", tag)
        assert known.get("Vary") == "Accept-Encoding"
    assert prox.fetch("/text.txt", fields=GZIP + [("If-Match", coded.get("ETag"))]).status == 412
    # A weak tag asks for no part (RFC 9110 §13.1.5).
    whole = prox.fetch("/text.txt", fields=GZIP + [("Range", "bytes=0-9"), ("If-Range", coded.get("ETag"))])
    assert whole.status == 200 and gunzip(whole.body) == TEXT


def test_the_upstream_gets_the_weak_tag_back(start_prox, upstream):
    def respond(request):
        status = 304 if request.get("If-None-Match") else 200
        return response_bytes(TEXT if status == 200 else b"", status, HTML + [("ETag", '"a"')])

    origin = upstream(serve(respond))
    prox = start_prox(proxy(origin))
    assert prox.fetch(fields=GZIP).get("ETag") == 'W/"a"'
    known = prox.fetch(fields=GZIP + [("If-None-Match", 'W/"a"')])
    assert (known.status, known.get("ETag"), known.get("Vary")) == (304, 'W/"a"', "Accept-Encoding")
    plain = prox.fetch(fields=[("If-None-Match", '"a"')])
    assert (plain.status, plain.get("ETag"), plain.get("Vary")) == (304, '"a"', "Accept-Encoding")
    assert origin.requests[1].get("If-None-Match") == 'W/"a"'


# Streams

CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.mark.parametrize("kind", [b"text/event-stream", b"application/x-ndjson"])
def test_events_arrive_one_by_one(start_prox, upstream, kind):
    next_event = threading.Semaphore(0)

    def script(connection):
        connection.read_request()
        connection.send(CHUNKED % kind)
        for number in range(5):
            assert next_event.acquire(timeout=20)
            connection.send(chunk(b"data: %d\n\n" % number))
        connection.send(b"0\r\n\r\n")

    prox = start_prox(proxy(upstream(script)))
    client = prox.connect()
    client.send_request(fields=GZIP)
    head = client.read_head()
    assert head.get("Content-Encoding") == "gzip"
    decoder = zlib.decompressobj(31)
    for number in range(5):
        next_event.release()
        event = b""
        with Stopwatch() as watch:
            while b"\n\n" not in event:
                size = int(client.stream.read_until(b"\r\n"), 16)
                event += decoder.decompress(client.stream.read_exactly(size + 2)[:-2])
        assert event == b"data: %d\n\n" % number
        assert SANITIZED or watch.seconds < 2


def test_events_arrive_one_by_one_over_h2(start_prox, upstream):
    seen = threading.Semaphore(0)

    def script(connection):
        connection.read_request()
        connection.send(CHUNKED % b"text/event-stream")
        for number in range(3):
            connection.send(chunk(b"data: %d\n\n" % number))
            assert seen.acquire(timeout=20)
        connection.send(b"0\r\n\r\n")

    client = start_prox(proxy(upstream(script))).connect_h2()
    stream = client.begin(fields=GZIP, ends=True)
    for number in range(3):
        wanted = b"".join(b"data: %d\n\n" % event for event in range(number + 1))
        client.read_until(lambda: zlib.decompressobj(31).decompress(client.responses[stream].body) == wanted, what="the next event")
        seen.release()
    assert client.read_response(stream).ended


def test_trailers_stay(start_prox, upstream):
    def script(connection):
        while connection.read_request():
            connection.send(CHUNKED % b"text/plain" + chunk(TEXT) + b"0\r\nX-After: 1\r\n\r\n")

    prox = start_prox(proxy(upstream(script)))
    response = prox.fetch(fields=GZIP)
    assert gunzip(response.body) == TEXT
    assert response.trailers == [("X-After", "1")]
    over_h2 = prox.connect_h2().fetch(fields=GZIP)
    assert gunzip(over_h2.body) == TEXT
    assert over_h2.trailers == [("x-after", "1")]


@pytest.mark.parametrize("framing", ["chunked", "length"])
def test_an_upstream_that_breaks_off_is_a_cut_response(start_prox, upstream, framing):
    def script(connection):
        connection.read_request()
        if framing == "chunked":
            connection.send(CHUNKED % b"text/plain" + chunk(TEXT))
        else:
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 99999\r\n\r\n" + TEXT)
        connection.close()

    prox = start_prox(proxy(upstream(script)))
    with pytest.raises(http1.Truncated):
        prox.fetch(fields=GZIP)
    client = prox.connect_h2()
    response = client.read_end(client.begin(fields=GZIP, ends=True))
    assert response.reset is not None and not response.ended


def test_a_file_that_shrinks_is_a_cut_response(start_prox, public):
    path = public / "log.txt"
    path.write_bytes(os.urandom(8 << 20).hex().encode())
    prox = start_prox(site({"type": "serve", "file": str(path)}))
    client = prox.connect(receive_buffer=8192)
    client.send_request(fields=GZIP)
    assert client.read_head().get("Content-Encoding") == "gzip"
    os.truncate(path, 1000)
    assert not client.read_until_closed().endswith(b"0\r\n\r\n")


# Bounds

@pytest.mark.parametrize("coding", CODINGS)
def test_a_slow_reader_of_a_big_body_holds_little(start_prox, public, coding):
    path = public / "big.txt"
    path.write_bytes(os.urandom(12 << 20).hex().encode())
    prox = start_prox(site({"type": "serve", "file": str(path)}))
    worker, = prox.workers()
    assert prox.fetch("/", fields=[("Accept-Encoding", coding), ("Range", "bytes=0-9")]).status == 206
    before = procfs.resident_bytes(worker)
    clients = [prox.connect(receive_buffer=8192) for _ in range(4)]
    for client in clients:
        client.send_request(fields=[("Accept-Encoding", coding)])
        client.read_head()
    wait_until_still(lambda: procfs.cpu_seconds(worker), what="the worker")
    assert SANITIZED or procfs.resident_bytes(worker) - before < len(clients) * (4 << 20)
    for client in clients:
        client.close()


def test_a_slow_reader_gets_all_of_it(start_prox, public):
    path = public / "big.txt"
    path.write_bytes(os.urandom(1 << 20).hex().encode())
    prox = start_prox(site({"type": "serve", "file": str(path)}))
    client = prox.connect(receive_buffer=8192)
    client.send_request(fields=GZIP)
    assert gunzip(client.read_response().body) == path.read_bytes()


def test_so_many_bodies_at_a_time_are_compressed(start_prox, upstream):
    finish = threading.Event()

    def script(connection):
        while connection.read_request():
            connection.send(CHUNKED % b"text/plain" + chunk(TEXT))
            connection.wait(finish)
            connection.send(b"0\r\n\r\n")

    prox = start_prox(proxy(upstream(script), process={"max_compressing": 1}))
    first, second = prox.connect(), prox.connect()
    first.send_request(fields=GZIP)
    head = first.read_head()
    assert head.get("Content-Encoding") == "gzip"
    second.send_request(fields=GZIP)
    other = second.read_head()
    assert other.get("Content-Encoding") is None
    assert other.get("Vary") == "Accept-Encoding"
    finish.set()
    http1.read_body(first.stream, head)
    assert gunzip(head.body) == TEXT
    assert prox.fetch(fields=GZIP).get("Content-Encoding") == "gzip"


def test_max_compressing_0_compresses_nothing(start_prox):
    prox = start_prox(site(static(TEXT.decode()), process={"max_compressing": 0}))
    assert prox.fetch(fields=GZIP).body == TEXT


def test_pipelined_requests_are_each_compressed(start_prox):
    prox = start_prox(site(static(TEXT.decode())))
    client = prox.connect()
    for method in ("GET", "GET", "HEAD", "GET"):
        client.send_request(method, fields=GZIP)
    for method in ("GET", "GET", "HEAD", "GET"):
        response = client.read_response(method)
        assert response.body == b"" if method == "HEAD" else gunzip(response.body) == TEXT
