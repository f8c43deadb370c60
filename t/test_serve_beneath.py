"""Whatever the client sends, and whatever lies below the root, nothing outside is served, nor what the workers may not read."""

import os
import subprocess

import pytest

from lib.served import PAGE, files_config, root, site  # noqa: F401  # two are fixtures
from lib.waits import wait_for


TRAVERSALS = [
    "/../outside", "/..%2foutside", "/%2e%2e/outside", "/%2e%2e%2foutside", "/css/../../outside", "/css/..%2f..%2foutside",
    "/%252e%252e/outside", "/..%252foutside", "/..%5coutside", "/..\\outside", "/css/..\\..\\outside", "/..%00/outside", "/%00",
    "/css/%2e%2e/%2e%2e/outside", "//../outside", "/./../outside", "/..;/outside", "/%c0%ae%c0%ae/outside", "/....//outside",
    "/%uff0e%uff0e/outside", "/.%2e/outside", "//outside", "//etc/passwd", "/%2fetc/passwd", "/%2f%2fetc/passwd", "/css//../..//outside",
    "/file:///etc/passwd", "/proc/self/environ", "/absolute", "/absolute-dir/outside", "/up", "/up-dir/outside", "/chain", "/loop",
    "/inside-then-up/outside", "/self/../../outside",
]


@pytest.mark.parametrize("user", [None, pytest.param("root", marks=pytest.mark.needs_root)])
def test_nothing_outside_the_root_is_served(start_prox, root, user):
    outside = root.parent / "outside"
    outside.write_bytes(b"OUTSIDE")
    (root / "absolute").symlink_to(outside)
    (root / "absolute-dir").symlink_to(root.parent)
    (root / "up").symlink_to("../outside")
    (root / "up-dir").symlink_to("..")
    (root / "chain").symlink_to("up")
    (root / "loop").symlink_to("loop")
    (root / "inside-then-up").symlink_to("css/../..")
    (root / "self").symlink_to(".")
    config = files_config(root=str(root))
    if user:
        config["process"] = {"user": user}
    prox = start_prox(config)
    for target in TRAVERSALS:
        response = prox.fetch(target)
        assert response.status in (400, 404), target
        assert b"OUTSIDE" not in response.body and b"root:" not in response.body, target


def test_links_that_stay_inside_are_followed(site, root):
    (root / "style.css").symlink_to("css/app.css")
    (root / "styles").symlink_to("css")
    (root / "css" / "home").symlink_to("../index.html")
    assert site.fetch("/style.css").body == b"body{}\n"
    assert site.fetch("/styles/app.css").body == b"body{}\n"
    assert site.fetch("/css/home").body == PAGE


def test_link_that_is_switched_outside_and_back_never_leaks(site, root):
    """A race between the look at a path and its use would show within some thousands of tries."""
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "app.css").write_bytes(b"OUTSIDE")
    switch = ("import os,sys\nwhile True:\n"
              "  for to in ('css', '../outside'):\n"
              "    os.symlink(to, sys.argv[1] + '.new'); os.rename(sys.argv[1] + '.new', sys.argv[1])\n")
    (root / "now").symlink_to("css")
    switcher = subprocess.Popen(["python3", "-c", switch, root / "now"])
    try:
        client = site.connect()
        bodies = set()
        # Names that differ, so that each is looked up anew.
        for turn in range(900):
            bodies.add(client.exchange(target=f"/now/{'/' * turn}app.css").body)
    finally:
        switcher.kill()
        switcher.wait()
    assert b"body{}\n" in bodies and bodies <= {b"body{}\n", b"Not Found\n"}


def test_what_is_no_regular_file_is_404(site, root):
    os.mkfifo(root / "pipe")
    assert site.fetch("/pipe").status == 404


@pytest.mark.needs_root
def test_file_that_the_workers_may_not_read_is_403(site, root):
    (root / "private.txt").write_bytes(b"private")
    (root / "private.txt").chmod(0o600)
    assert site.fetch("/private.txt").status == 403


@pytest.mark.needs_root
def test_page_that_the_workers_may_not_read_is_403_and_its_directory_is_not_shown(start_prox, root):
    (root / "css" / "index.html").write_bytes(b"private")
    (root / "css" / "index.html").chmod(0o600)
    for browse in (False, True):
        prox = start_prox(files_config(root=str(root), browse=browse))
        assert prox.fetch("/css").get("Location") == "/css/"
        assert prox.fetch("/css/").status == 403
    (root / "css" / "index.html").unlink()
    (root / "css").chmod(0o711)
    response = start_prox(files_config(root=str(root), browse=True)).fetch("/css/")
    assert (response.status, response.body) == (403, b"Forbidden\n")


@pytest.mark.needs_root
def test_directory_that_may_be_passed_through_but_not_read_has_its_page(start_prox, root):
    (root / "css" / "index.html").write_bytes(b"a page")
    for directory in (root / "css", root):
        directory.chmod(0o711)
    prox = start_prox(files_config(root=str(root)))
    assert prox.fetch("/").body == PAGE
    assert prox.fetch("/css").get("Location") == "/css/"
    assert prox.fetch("/css/").body == b"a page"
    (root / "css").chmod(0o700)
    wait_for(lambda: [prox.fetch(target).status for target in ("/css/none", "/css/")] == [403, 403], what="it is seen to be closed")
