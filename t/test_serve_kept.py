"""Files that a worker keeps open: they are closed in time, and changes of them are seen."""

import os

import pytest

from lib.served import BIG, CHANGES, change, files_config, root, site  # noqa: F401  # two are fixtures
from lib.waits import wait_for


def test_a_deleted_file_that_nobody_asks_for_gives_back_its_space(start_prox, root):
    prox = start_prox({**files_config(root=str(root)), "process": {"workers": 1}})
    (root / "gone.txt").write_text("gone")
    assert prox.fetch("/gone.txt").body == b"gone"
    worker, = prox.workers()

    def holds_it():
        links = [os.readlink(entry.path) for entry in os.scandir(f"/proc/{worker}/fd")]
        return any("gone.txt" in link for link in links)

    assert holds_it()
    (root / "gone.txt").unlink()
    wait_for(lambda: not holds_it(), 30, "the file is closed")


def hold_descriptors(prox, count=64):
    """Connections in the middle of a request, more than prox has descriptors for: none of them can be closed for another."""
    held = [prox.connect() for _ in range(count)]
    for client in held:
        client.send(b"GET /css/app.css HTTP/1.1\r\nHost: prox.test\r\n")
    prox.wait_log("cannot accept: pausing")
    return held


@pytest.mark.parametrize("error_page", [None, "500.html"])
def test_out_of_descriptors_is_500_and_the_logs_tell_why(start_prox, root, error_page):
    (root / "500.html").write_bytes(b"sorry")
    # The next name must not be taken for the one that may be there.
    action = {"root": str(root), "try": ["{path}", "/other.css"]}
    (root / "other.css").write_bytes(b"other")
    if error_page:
        action["error_page"] = {"500": error_page}
    prox = start_prox({**files_config(**action), "process": {"workers": 1, "rlimit_nofile": 64}, "logging": {"access_log": "access.log"}})
    first = hold_descriptors(prox)[0]
    first.send(b"\r\n")
    assert first.read_response().status == 500
    prox.wait_log('looking for a file.* reason="Too many open files"')
    assert prox.wait_line(status=500)["error"] == "internal_error"


def test_files_that_are_kept_open_make_room_for_connections(start_prox, root):
    for number in range(20):
        (root / f"{number}.txt").write_bytes(b"x")
    prox = start_prox({**files_config(root=str(root)), "process": {"workers": 1, "rlimit_nofile": 64}})
    clients = [prox.connect()]
    for number in range(20):
        assert clients[0].exchange(target=f"/{number}.txt").status == 200
    while "cannot accept: pausing" not in prox.log():
        assert len(clients) < 64
        clients.append(prox.connect())
        assert clients[-1].exchange(target="/none").status == 404
    assert [client.exchange(target="/none").status for client in clients] == [404] * len(clients)


# Changes while prox runs

def test_current_release_behind_a_link_is_seen_when_it_is_switched(start_prox, root):
    for release in ("one", "two"):
        (root / release).mkdir()
        (root / release / "index.html").write_text(release)
    (root / "current").symlink_to("one")
    prox = start_prox(files_config(root=str(root / "current")))
    assert prox.fetch("/").body == b"one"
    (root / "next").symlink_to("two")
    (root / "next").rename(root / "current")
    wait_for(lambda: prox.fetch("/").body == b"two", what="the new release is served")


def test_edited_file_is_seen(site, root):
    assert site.fetch("/css/app.css").body == b"body{}\n"
    (root / "css" / "app.css").write_bytes(b"p{}")
    wait_for(lambda: site.fetch("/css/app.css").body == b"p{}", what="the edit is served")


@pytest.mark.parametrize("how", CHANGES)
def test_file_changed_while_it_is_sent_cuts_that_client_off(start_prox, root, how):
    big = root / "movie.mp4"
    big.write_bytes(BIG * 64)
    prox = start_prox(files_config(root=str(root)))
    workers = prox.workers()
    client = prox.connect(receive_buffer=65536)
    client.send_request(target="/movie.mp4", fields=[("Connection", "close")])
    head = client.read_head()
    assert (head.status, head.get("Content-Length")) == (200, str(len(BIG) * 64))
    change(big, how, len(BIG) * 64)
    # The next one to ask is served what is there then, or what was there a second ago: whole in any case.
    if how in ("replaced", "deleted"):
        assert len(prox.fetch("/movie.mp4").body) in (len(BIG) * 64, len(b"Not Found\n"))
    assert len(client.read_until_closed()) < len(BIG) * 64
    assert prox.fetch("/css/app.css").status == 200
    assert prox.workers() == workers


def test_file_that_gets_another_name_while_it_is_sent_arrives_whole(start_prox, root):
    big = root / "movie.mp4"
    big.write_bytes(BIG * 64)
    client = start_prox(files_config(root=str(root))).connect(receive_buffer=65536)
    client.send_request(target="/movie.mp4", fields=[("Connection", "close")])
    client.read_head()
    (root / "copy").hardlink_to(big)
    big.rename(root / "renamed")
    big.with_name("renamed").chmod(0o600)
    assert client.read_until_closed() == BIG * 64
