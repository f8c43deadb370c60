"""Files over every way to a client: from memory and by sendfile(2), through TLS's buffer, in HTTP/2's frames."""

import os

import pytest

from lib import http1
from lib.http2 import H2Client
from lib.prox import service
from lib.served import CHANGES, change
from lib.tls import TlsClient, tls_service

WAYS = ["http1", "http1 over tls", "h2", "h2 over tls"]
SIZES = {"empty": 0, "small": 5_000, "large": 100_000}  # small files are kept in memory
MOVIE = 16 * 1024 * 1024


def text(size):
    return (b"0123456789abcdef" * (size // 16 + 1))[:size]


class Download:
    """One GET whose body is not read before it is asked for."""

    def __init__(self, client, target):
        self._client = client
        self._is_h2 = isinstance(client, H2Client)
        if self._is_h2:
            self._stream = client.begin(target=target, ends=True)
            self._response = client.responses[self._stream]
            client.read_until(lambda: self._response.status, what="the head")
            self.head = self._response
        else:
            client.send_request(target=target)
            self.head = client.read_head()

    def read_rest(self):
        """Returns the body as far as it comes, and whether it came to its end."""
        if self._is_h2:
            self._client.reads_all = True
            if self._response.body:
                self._client.acknowledge(self._stream, len(self._response.body))
            # One that is cut within a frame takes its connection with it.
            self._client.read_until(lambda: self._response.ended or self._response.reset is not None or self._client.closed)
            return bytes(self._response.body), self._response.ended
        length = int(self.head.get("Content-Length"))
        stream = self._client.stream
        try:
            return stream.read_exactly(length), True
        except (http1.Truncated, http1.ConnectionReset):
            return stream.unread(), False


class Site:
    """A prox that serves one directory with and without TLS."""

    def __init__(self, prox, ca, root):
        self.prox, self._ca, self.root = prox, ca, root
        self._open = []

    def connect(self, way, reads_all=True):
        """A client; without `reads_all` one that takes little before it is told to."""
        is_h2 = way.startswith("h2")
        options = {} if reads_all else {"receive_buffer": 65536}
        if not way.endswith("tls"):
            if is_h2:
                return self.prox.connect_h2(reads_all=reads_all, **options)
            return self.prox.connect(**options)
        context = self._ca.client_context()
        context.set_alpn_protocols(["h2" if is_h2 else "http/1.1"])
        tls = TlsClient(self.prox.ports[1], context, "localhost", **options)
        self._open.append(tls)
        return H2Client(self.prox.ports[1], sock=tls.socket, reads_all=reads_all) if is_h2 else tls

    def close(self):
        for client in self._open:
            client.close()


@pytest.fixture
def site(start_prox, ca, public):
    routes = [{"action": {"type": "serve", "root": str(public)}}]
    prox = start_prox({"services": {"plain": service(routes), "tls": tls_service(ca.issue("localhost"), routes)}})
    made = Site(prox, ca, public)
    yield made
    made.close()


def fetch(client, target, method="GET", fields=()):
    fields = [(name.lower(), value) for name, value in fields]
    return client.fetch(target, method, fields) if isinstance(client, H2Client) else client.exchange(method, target, fields)


# Conditions and ranges

def cases(size, tag, date):
    """(method, fields, status, body) by RFC 9110 §13.2.2 and §14 for a file of that size."""
    body = text(size)
    past, future = "Thu, 01 Jan 1998 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"
    weak, other = "W/" + tag, '"other"'
    conditions = [
        ([], 200),
        # If-Match: strong comparison, and stands over If-Unmodified-Since.
        ([("If-Match", tag)], 200), ([("If-Match", "*")], 200), ([("If-Match", f"{other}, {tag}")], 200),
        ([("If-Match", other)], 412), ([("If-Match", weak)], 412),
        ([("If-Match", tag), ("If-Unmodified-Since", past)], 200),
        ([("If-Unmodified-Since", past)], 412), ([("If-Unmodified-Since", date)], 200), ([("If-Unmodified-Since", "soon")], 200),
        # If-None-Match: weak comparison, and stands over If-Modified-Since.
        ([("If-None-Match", tag)], 304), ([("If-None-Match", weak)], 304), ([("If-None-Match", "*")], 304),
        ([("If-None-Match", other)], 200), ([("If-None-Match", other), ("If-Modified-Since", future)], 200),
        ([("If-None-Match", tag), ("If-Modified-Since", past)], 304),
        ([("If-Modified-Since", date)], 304), ([("If-Modified-Since", future)], 304), ([("If-Modified-Since", past)], 200),
        ([("If-Modified-Since", "soon")], 200), ([("If-Modified-Since", date), ("If-Modified-Since", date)], 200),
        # What must hold comes before what must not.
        ([("If-Match", other), ("If-None-Match", tag)], 412), ([("If-Match", tag), ("If-None-Match", tag)], 304),
        ([("If-Unmodified-Since", past), ("If-None-Match", tag)], 412),
    ]
    for fields, status in conditions:
        for method in ("GET", "HEAD"):
            yield method, fields, status, body if (method, status) == ("GET", 200) else None
            # A condition that fails stands over a range.
            if status != 200:
                yield method, fields + [("Range", "bytes=0-1")], status, None
    yield "HEAD", [("Range", "bytes=0-1")], 200, None
    yield "POST", [("Range", "bytes=0-1")], 405, None

    def ranges(*fields):
        return [("Range", "bytes=0-9"), *fields]

    for fields in (ranges(("If-Range", other)), ranges(("If-Range", weak)), ranges(("If-Range", past)), ranges(("If-Range", future)),
                   ranges(("Range", "bytes=0-9")), [("If-Range", tag)], [("Range", "lines=0-9")], [("Range", "bytes=9-0")],
                   [("Range", "bytes=0-9,x")], [("Range", "bytes")], [("Range", "bytes=")], [("Range", "0-9")],
                   [("Range", "bytes=" + ",".join(f"{i}-{i}" for i in range(17)))]):
        yield "GET", fields, 200, body
    for asked in (f"bytes={size}-", f"bytes={size}-{size + 5}", "bytes=-0", f"bytes={size + 9}-,{size + 99}-"):
        yield "GET", [("Range", asked)], 416, None
    if size == 0:
        yield "GET", [("Range", "bytes=-5")], 416, None
        yield "GET", [("Range", "bytes=0-")], 416, None
        return
    yield "GET", [("Range", "bytes=0-,0-")], 200, body
    for fields in (ranges(), ranges(("If-Range", tag)), ranges(("If-Range", date)), ranges(("If-Match", tag)),
                   ranges(("If-None-Match", other))):
        yield "GET", fields, 206, body[:10]
    for asked, part in (("0-0", body[:1]), (f"{size - 1}-", body[-1:]), ("-7", body[-7:]), (f"-{size + 9}", body), ("7-", body[7:]),
                        (f"7-{size + 9}", body[7:]), ("7-99999999999999999999999", body[7:]), (f"3-4,{size}-", body[3:5])):
        yield "GET", [("Range", "bytes=" + asked)], 206, part


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("file", SIZES)
def test_conditions_and_ranges(site, way, file):
    size = SIZES[file]
    (site.root / file).write_bytes(text(size))
    os.utime(site.root / file, (1_500_000_000, 1_500_000_000))
    client = site.connect(way)
    whole = fetch(client, "/" + file)
    for method, fields, status, body in cases(size, whole.get("ETag"), whole.get("Last-Modified")):
        response = fetch(client, "/" + file, method, fields)
        assert response.status == status, (method, fields)
        if body is not None:
            assert response.body == body, fields
        if status in (200, 206, 304):
            assert response.get("ETag") == whole.get("ETag")
        if status == 206:
            first, last = response.get("Content-Range").removeprefix("bytes ").removesuffix(f"/{size}").split("-")
            assert text(size)[int(first):int(last) + 1] == body
        elif status == 416:
            assert response.get("Content-Range") == f"bytes */{size}"
        elif status == 405:
            assert response.get("Allow") == "GET, HEAD"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("file", ["small", "large"])
def test_several_ranges(site, way, file):
    body = text(SIZES[file])
    (site.root / file).write_bytes(body)
    response = fetch(site.connect(way), "/" + file, fields=[("Range", "bytes=10-19,-5, 0-0")])
    assert response.status == 206 and response.get("Content-Range") is None
    boundary = response.get("Content-Type").removeprefix("multipart/byteranges; boundary=")
    parts = (b"\r\n" + response.body).split(f"\r\n--{boundary}".encode())
    assert (parts[0], parts[-1]) == (b"", b"--\r\n")
    seen = [part.split(b"\r\n\r\n", 1) for part in parts[1:-1]]
    assert [content for _, content in seen] == [body[10:20], body[-5:], body[:1]]
    size = len(body)
    for (head, _), told in zip(seen, (f"10-19/{size}", f"{size - 5}-{size - 1}/{size}", f"0-0/{size}")):
        assert f"Content-Range: bytes {told}".encode() in head.split(b"\r\n")


# Changes


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", CHANGES)
def test_a_file_changed_while_it_is_sent_is_a_cut_response(site, way, how):
    movie = site.root / "movie.mp4"
    movie.write_bytes(text(MOVIE))
    workers = site.prox.workers()
    download = Download(site.connect(way, reads_all=False), "/movie.mp4")
    assert (download.head.status, download.head.get("Content-Length")) == (200, str(MOVIE))
    change(movie, how, MOVIE)
    body, is_whole = download.read_rest()
    assert not is_whole and len(body) < MOVIE
    assert site.prox.workers() == workers
    (site.root / "next").write_bytes(b"next")
    assert fetch(site.connect(way), "/next").body == b"next"


@pytest.mark.parametrize("how", CHANGES)
def test_a_file_changed_within_its_last_part_is_a_cut_response(site, how):
    """HTTP/2's window tells how much of it has left: all has been read from the handler by then."""
    file = site.root / "page.pdf"
    file.write_bytes(text(200_000))
    download = Download(site.connect("h2", reads_all=False), "/page.pdf")
    change(file, how, MOVIE)
    _, is_whole = download.read_rest()
    assert not is_whole


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", CHANGES)
def test_a_file_changed_before_it_is_asked_for_again_comes_whole(site, way, how):
    """However lately prox has looked at it."""
    file = site.root / "data.bin"
    file.write_bytes(text(200_000))
    client = site.connect(way)
    assert fetch(client, "/data.bin").body == file.read_bytes()
    assert fetch(client, "/none").status == 404  # so the first answer is over for prox as well
    change(file, how, MOVIE)
    response = fetch(client, "/data.bin")
    assert (response.status, response.body) == ((404, b"Not Found\n") if how == "deleted" else (200, file.read_bytes()))
