"""Files: what a path names, and what a file is sent with."""

import json
import os
import subprocess

import pytest

from lib.prox import logged, run
from lib.served import BIG, PAGE, files_config, root, site  # noqa: F401  # two are fixtures
from lib.waits import wait_for


@pytest.mark.parametrize("target, file, content_type", [
    ("/", "index.html", "text/html; charset=utf-8"),
    ("/css/app.css", "css/app.css", "text/css; charset=utf-8"),
    ("/css//app.css", "css/app.css", "text/css; charset=utf-8"),
    ("/css/app.css?v=2", "css/app.css", "text/css; charset=utf-8"),
    ("/%63ss/app%2Ecss", "css/app.css", "text/css; charset=utf-8"),
    ("/nothing.txt", "nothing.txt", "text/plain; charset=utf-8"),
    ("/.well-known/security.txt", ".well-known/security.txt", "text/plain; charset=utf-8"),
    ("/big.bin", "big.bin", "application/octet-stream"),
])
def test_file_is_sent_with_its_type_and_length(site, root, target, file, content_type):
    response = site.fetch(target)
    body = (root / file).read_bytes()
    assert (response.status, response.body) == (200, body)
    assert response.get("Content-Type") == content_type
    assert response.get("Content-Length") == str(len(body))
    assert response.get("Accept-Ranges") == "bytes"
    assert response.get("X-Content-Type-Options") == ("nosniff" if "octet" in content_type else None)


def test_head_has_the_fields_of_get_and_no_body(site):
    client = site.connect()
    get = client.exchange(target="/big.bin")
    head = client.exchange("HEAD", "/big.bin")
    ours = lambda response: [(name, value) for name, value in response.fields if name != "Date"]  # noqa: E731
    assert (head.status, head.body) == (200, b"")
    assert ours(head) == ours(get)
    assert client.exchange(target="/").body == PAGE


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_get_405_and_the_allowed_ones(site, method):
    client = site.connect()
    response = client.exchange(method, "/", body=b"x" * 1000)
    assert (response.status, response.get("Allow")) == (405, "GET, HEAD")
    assert client.exchange(target="/").status == 200


@pytest.mark.parametrize("target", ["/none", "/css/none.css", "/css/app.css/more", "/empty/", "/empty", "/.secret", "/css/../.secret",
                                    "/.git/config", "/..hidden"])
def test_what_is_not_there_or_hidden_is_404(site, target):
    response = site.fetch(target)
    assert (response.status, response.body) == (404, b"Not Found\n")


@pytest.mark.parametrize("pattern, target, file", [
    ("/static/*", "/static/css/app.css", "css/app.css"),
    ("/static/*", "/static/", "index.html"),
    ("/a/*, /b/*", "/b/css/app.css", "css/app.css"),
    ("/big.bin", "/big.bin", "big.bin"),
    ("/*, /css/*", "/css/app.css", "css/app.css"),
])
def test_prefix_of_the_matching_pattern_is_stripped(start_prox, root, pattern, target, file):
    prox = start_prox(files_config(root=str(root), match={"path": pattern}))
    assert prox.fetch(target).body == (root / file).read_bytes()


def test_route_without_a_path_strips_nothing(start_prox, root):
    assert start_prox(files_config(root=str(root))).fetch("/css/app.css").status == 200


@pytest.mark.parametrize("target, location", [
    ("/css/index.html", None),
    ("/index.html", "./"),
    ("/index.html?a=b", "./?a=b"),
    ("/css/app.css/", "/css/app.css"),
    ("/css/app.css/?q", "/css/app.css?q"),
    ("/docs", "/docs/"),
    ("/docs?x=1", "/docs/?x=1"),
    ("//docs", "/docs/"),
    ("/%64ocs", "/%64ocs/"),
    ("/css", None),
])
def test_directories_and_pages_have_one_address(site, root, target, location):
    (root / "docs").mkdir()
    (root / "docs" / "index.html").write_bytes(PAGE)
    response = site.fetch(target)
    assert response.get("Location") == location
    assert response.status == (301 if location else 404)


def test_location_never_begins_with_two_slashes(site, root):
    (root / "evil.test").mkdir()
    (root / "evil.test" / "index.html").write_bytes(PAGE)
    assert site.fetch("//evil.test").get("Location") == "/evil.test/"
    assert site.fetch("///evil.test").get("Location") == "/evil.test/"
    (root / "\\evil.test").mkdir()
    (root / "\\evil.test" / "index.html").write_bytes(PAGE)
    assert site.fetch("/\\evil.test").get("Location") == "/%5Cevil.test/"


def test_index_names_are_tried_in_order(start_prox, root):
    (root / "css" / "start.htm").write_bytes(b"start")
    prox = start_prox(files_config(root=str(root), index=["start.htm", "index.html"]))
    assert prox.fetch("/css/").body == b"start"
    assert prox.fetch("/").body == PAGE
    assert start_prox(files_config(root=str(root), index=["start.htm"])).fetch("/index.html").body == PAGE


def test_try_gives_a_single_page_application_its_page(start_prox, root):
    (root / "about.html").write_bytes(b"about")
    prox = start_prox(files_config(root=str(root), match={"path": "/app/*"}, **{"try": ["{path}", "{path}.html", "/index.html"]}))
    assert prox.fetch("/app/css/app.css").body == b"body{}\n"
    assert prox.fetch("/app/about").body == b"about"
    assert prox.fetch("/app/some/where").body == PAGE
    assert prox.fetch("/app/.secret").status == 404
    assert prox.fetch("/app/").body == PAGE


def test_try_without_a_match_is_404(start_prox, root):
    prox = start_prox(files_config(root=str(root), **{"try": ["{path}.html"]}))
    assert prox.fetch("/css/app.css").status == 404


def test_one_file_answers_every_path(start_prox, root):
    prox = start_prox(files_config(file=str(root / "index.html"), match={"path": "/app/*"}))
    assert [prox.fetch(target).body for target in ("/app/", "/app/x/y", "/app/.secret")] == [PAGE] * 3
    (root / "index.html").unlink()
    wait_for(lambda: prox.fetch("/app/x").status == 404, what="the file is seen to be gone")


def test_types_can_be_given(start_prox, root):
    (root / "model.Foo").write_bytes(b"x")
    prox = start_prox(files_config(root=str(root), mime={".foo": "model/foo", ".css": "text/x-css"}))
    assert prox.fetch("/model.Foo").get("Content-Type") == "model/foo"
    assert prox.fetch("/css/app.css").get("Content-Type") == "text/x-css"


def test_cache_control_goes_with_files_and_not_with_errors(start_prox, root):
    prox = start_prox(files_config(root=str(root), cache_control="public, max-age=3600"))
    found = prox.fetch("/css/app.css")
    assert found.get("Cache-Control") == "public, max-age=3600"
    fields = [("If-None-Match", found.get("ETag"))]
    assert prox.fetch("/css/app.css", fields=fields).get("Cache-Control") == "public, max-age=3600"
    assert prox.fetch("/none").get("Cache-Control") is None


def test_error_page_keeps_its_status(start_prox, root):
    (root / "404.html").write_bytes(b"nothing here")
    prox = start_prox(logged(files_config(root=str(root), error_page={"404": "404.html"})))
    response = prox.fetch("/none")
    assert (response.status, response.body) == (404, b"nothing here")
    assert response.get("Content-Type") == "text/html; charset=utf-8"
    assert response.get("ETag") is None
    assert prox.fetch("/none", "HEAD").get("Content-Length") == "12"
    assert {line["error"] for line in prox.wait_lines(2)} == {"not_found"}


def test_response_headers_reach_files_and_errors(start_prox, root):
    config = files_config(root=str(root), match={"path": "/*"}, response_headers={"X-Frame-Options": "DENY", "ETag": None})
    config["services"]["web"]["response_headers"] = {"X-Served": "{method} {path}", "X-Frame-Options": "SAMEORIGIN"}
    prox = start_prox(config)
    found = prox.fetch("/css/app.css")
    assert (found.get("X-Frame-Options"), found.get("X-Served"), found.get("ETag")) == ("DENY", "GET /css/app.css", None)
    missing = prox.fetch("/no%0d%0aX-Evil:%201")
    assert (missing.status, missing.get("X-Frame-Options"), missing.get("X-Evil")) == (404, "DENY", None)
    assert missing.get("X-Served") == "GET /noX-Evil: 1"


@pytest.mark.parametrize("action, fault", [
    ({"error_page": {"405": "x.html"}}, '"405" is no status that a file is refused with; known: 403, 404, 500'),
    ({"error_page": {"404": ""}}, "the name of the page is empty"),
    ({"mime": {"foo": "x/y"}}, '"foo" is not the ending of a name'),
    ({"mime": {".foo": "x"}}, '"x" is not a content type'),
    ({"mime": {".foo": "x/y\r\nX: y"}}, "is not a content type"),
    ({"index": ["../x"]}, '"../x" is not the name of a page'),
    ({"index": [""]}, '"" is not the name of a page'),
    ({"cache_control": "a\r\nX: y"}, '"cache_control" contains a control character'),
    *(({"root": None, "file": "x", key: value}, f'"{key}" goes with root, not with file')
      for key, value in (("browse", True), ("index", ["a"]), ("try", ["a"]), ("error_page", {"404": "a"}))),
])
def test_values_that_cannot_be_meant_are_errors(tmp_path, root, action, fault):
    action = {key: value for key, value in {"root": str(root), **action}.items() if value is not None}
    (tmp_path / "config.json5").write_text(json.dumps(files_config(**action)))
    done = run("validate", "-config", tmp_path / "config.json5")
    assert done.returncode != 0 and fault in done.stdout + done.stderr


# Conditions and ranges (RFC 9110 sections 13 and 14); their grammar has unit tests.

def test_conditions(site):
    client = site.connect()
    file = client.exchange(target="/css/app.css")
    etag, modified = file.get("ETag"), file.get("Last-Modified")
    past = "Thu, 01 Jan 1998 00:00:00 GMT"

    def status(*fields, method="GET"):
        response = client.exchange(method, "/css/app.css", fields=fields)
        if response.status == 304:
            assert (response.get("ETag"), response.body) == (etag, b"")
        return response.status

    assert status(("If-None-Match", etag)) == 304
    assert status(("If-None-Match", f'"other", W/{etag}')) == 304
    assert status(("If-None-Match", '"other"')) == 200
    assert status(("If-None-Match", etag), method="HEAD") == 304
    assert status(("If-Modified-Since", modified)) == 304
    assert status(("If-Modified-Since", past)) == 200
    assert status(("If-None-Match", '"other"'), ("If-Modified-Since", modified)) == 200
    assert status(("If-Match", etag)) == 200
    assert status(("If-Match", '"other"')) == 412
    assert status(("If-Unmodified-Since", past)) == 412
    assert status(("If-Match", etag), ("If-Unmodified-Since", past)) == 200


@pytest.mark.parametrize("file", ["small.txt", "large.txt"])
def test_one_range(site, root, file):
    text = b"0123456789" * (10 if file == "small.txt" else 10_000)
    (root / file).write_bytes(text)
    client = site.connect()
    for asked, first, last in [("0-3", 0, 3), ("5-", 5, len(text) - 1), ("-4", len(text) - 4, len(text) - 1),
                               ("90-99999999", 90, len(text) - 1)]:
        response = client.exchange(target=f"/{file}", fields=[("Range", f"bytes={asked}")])
        assert (response.status, response.body) == (206, text[first:last + 1])
        assert response.get("Content-Range") == f"bytes {first}-{last}/{len(text)}"
        assert response.get("Content-Type") == "text/plain; charset=utf-8"
        assert response.get("ETag") and response.get("Last-Modified")


def test_range_that_cannot_be_satisfied(site):
    response = site.fetch("/css/app.css", fields=[("Range", "bytes=999999-")])
    assert (response.status, response.get("Content-Range")) == (416, "bytes */7")


@pytest.mark.parametrize("fields", [[("Range", "lines=0-3")], [("Range", "bytes=3-1")],
                                    [("Range", "bytes=" + ",".join(f"{i}-{i}" for i in range(17)))],
                                    [("Range", "bytes=0-3"), ("If-Range", '"other"')]])
def test_range_that_is_ignored_gives_the_whole_file(site, fields):
    response = site.fetch("/css/app.css", fields=fields)
    assert (response.status, response.body) == (200, b"body{}\n")


def test_if_range_that_holds(site):
    etag = site.fetch("/css/app.css").get("ETag")
    response = site.fetch("/css/app.css", fields=[("Range", "bytes=0-3"), ("If-Range", etag)])
    assert (response.status, response.body) == (206, b"body")


def test_range_is_of_get_alone(site):
    response = site.fetch("/css/app.css", "HEAD", fields=[("Range", "bytes=0-3")])
    assert (response.status, response.get("Content-Length")) == (200, "7")


def test_several_ranges_come_as_multipart(site):
    response = site.fetch("/big.bin", fields=[("Range", "bytes=0-9, 300000-300004,-2")])
    assert response.status == 206
    kind, boundary = response.get("Content-Type").split("; boundary=")
    assert kind == "multipart/byteranges"
    expected = b""
    for first, last in [(0, 9), (300000, 300004), (len(BIG) - 2, len(BIG) - 1)]:
        expected += (f"\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n"
                     f"Content-Range: bytes {first}-{last}/{len(BIG)}\r\n\r\n").encode() + BIG[first:last + 1]
    expected += f"\r\n--{boundary}--\r\n".encode()
    assert b"\r\n" + response.body == expected


def test_curl_resumes_a_download(site, tmp_path):
    part = tmp_path / "download"
    part.write_bytes(BIG[:400_000])
    subprocess.run(["curl", "-sS", "-C", "-", "-o", part, f"http://127.0.0.1:{site.port}/big.bin"], check=True, timeout=20)
    assert part.read_bytes() == BIG


# Precompressed siblings

def test_sibling_in_the_wanted_coding_is_sent(start_prox, root):
    (root / "css" / "app.css.gz").write_bytes(b"as gzip")
    (root / "css" / "app.css.br").write_bytes(b"as br")
    prox = start_prox(files_config(root=str(root), precompressed=["br", "zstd", "gzip"]))

    def fetch(accept, target="/css/app.css"):
        response = prox.fetch(target, fields=[("Accept-Encoding", accept)] if accept else [])
        assert response.get("Vary") == "Accept-Encoding"
        return response.get("Content-Encoding"), response.body

    assert fetch("gzip, br") == ("br", b"as br")
    assert fetch("gzip") == ("gzip", b"as gzip")
    assert fetch("gzip, br;q=0.5") == ("gzip", b"as gzip")
    assert fetch("zstd") == (None, b"body{}\n")
    assert fetch("gzip;q=0") == (None, b"body{}\n")
    assert fetch("gzip;q=0.5, identity") == (None, b"body{}\n")
    assert fetch("gzip;q=0.5, identity;q=0.5") == ("gzip", b"as gzip")
    assert fetch("identity;q=0, br;q=0.001") == ("br", b"as br")
    assert fetch("identity;q=0") == (None, b"body{}\n")  # better than nothing
    assert fetch(None) == (None, b"body{}\n")
    assert fetch("gzip", "/") == (None, PAGE)
    assert prox.fetch("/css/app.css", fields=[("Accept-Encoding", "br")]).get("Content-Type") == "text/css; charset=utf-8"


def test_siblings_of_one_time_and_size_have_tags_of_their_own(start_prox, root):
    """Programs that compress a file give its time to what they write."""
    for ending in ("", ".gz", ".br"):
        file = root / ("same.css" + ending)
        file.write_bytes(b"0123456" + ending.rjust(3).encode())
        os.utime(file, (1e9, 1e9))
    client = start_prox(files_config(root=str(root), precompressed=["br", "gzip"])).connect()

    def fetch(coding, *fields):
        return client.exchange(target="/same.css", fields=[("Accept-Encoding", coding), *fields])

    tags = {coding: fetch(coding).get("ETag") for coding in ("br", "gzip", "identity")}
    assert len(set(tags.values())) == 3
    for asked in tags:
        for known, tag in tags.items():
            assert fetch(asked, ("If-None-Match", tag)).status == (304 if known == asked else 200)
            assert fetch(asked, ("If-Range", tag), ("Range", "bytes=7-")).status == (206 if known == asked else 200)


# Listings

def test_directories_are_listed_only_when_asked_for(start_prox, root):
    name = "a <b>&\"c' #1?.txt"
    (root / "empty" / name).write_bytes(b"odd")
    (root / "empty" / ".hidden").write_bytes(b"")
    (root / "empty" / "sub").mkdir()
    (root / "kept.txt").write_bytes(b"x" * 2048)
    (root / "empty" / "inside").symlink_to("../kept.txt")
    (root.parent / "secret.txt").write_bytes(b"x" * 4000)
    (root / "empty" / "outside").symlink_to("../../secret.txt")
    (root / "empty" / "outside-dir").symlink_to("/etc")
    (root / "empty" / "nowhere").symlink_to("none")
    prox = start_prox(files_config(root=str(root), browse=True))
    assert prox.fetch("/empty").get("Location") == "/empty/"
    response = prox.fetch("/empty/")
    page = response.body.decode()
    assert (response.status, response.get("Content-Type")) == (200, "text/html; charset=utf-8")
    assert "a &lt;b&gt;&amp;&quot;c&#39; #1?.txt" in page and "<b>" not in page
    assert 'href="./a%20%3Cb%3E&amp;%22c&#39;%20%231%3F.txt"' in page
    assert ".hidden" not in page
    assert page.index("sub/") < page.index("a &lt;b&gt;")
    assert "2.0 KiB" in page and "inside" in page
    assert "outside" not in page and "3.9 KiB" not in page and "nowhere" not in page
    assert prox.fetch("/empty/a%20%3Cb%3E&%22c'%20%231%3F.txt").body == b"odd"
    assert prox.fetch("/").body == PAGE
